/** Nobody guesses keys, passwords or links for long: failures are counted by address, and by whom they claim to be. */
import type { Request } from 'express';
import { isProvenAddress, proveAddress } from '../../../store/access/proven-addresses.ts';
import type { Store } from '../../../store/open.ts';
import { clientAddress } from './client-address.ts';
import { rateLimit, tooManyRequests } from './rate-limits.ts';

const WINDOW_SECONDS = 15 * 60;
/** From one address; an office full of callers may share one. */
const PER_ADDRESS = { points: 100, seconds: WINDOW_SECONDS };
/** From one address as one claimed identity, which is a laboratory’s user. */
const PER_IDENTITY = { points: 10, seconds: WINDOW_SECONDS };

const WAIT = 'Too many invalid keys or passwords came from your address: wait before you try again.';

/** Counts wrong keys, passwords and links. */
export interface GuessLimit {
  /**
   * Notes something wrong.
   * @param claimed Whom it was said to come from, where anybody is named.
   * @throws ApiError `too_many_requests` when it was one too many; else the caller says what was wrong
   */
  failed(request: Request, claimed?: string): Promise<void>;
  /**
   * Whether a password that is right may be taken. One may be guessed, so from an address that has guessed too often it
   * is not, unless the same identity has shown the right one from there before: others' failures lock nobody out.
   * Where nobody is named, nothing is remembered of who was right. Keys and links that nobody can guess need not ask.
   * @throws ApiError `too_many_requests`
   */
  passed(request: Request, claimed?: string): Promise<void>;
}

export function createGuessLimit(store: Store): GuessLimit {
  const byAddress = rateLimit(store, 'guesses_by_address', PER_ADDRESS);
  const byIdentity = rateLimit(store, 'guesses_by_identity', PER_IDENTITY);
  const proven = new Set<string>();

  return {
    async failed(request, claimed) {
      const address = clientAddress(request);
      const waits = await Promise.all([
        byAddress.count(address),
        claimed === undefined ? 0 : byIdentity.count(`${address} ${claimed}`),
      ]);
      const wait = Math.max(...waits);
      if (wait > 0) throw tooManyRequests(WAIT, wait);
    },

    async passed(request, claimed) {
      const address = clientAddress(request);
      const who = claimed === undefined ? null : `${address} ${claimed}`;
      if (who && (proven.has(who) || (await isProvenAddress(store, who)))) return void proven.add(who);
      const waits = await Promise.all([byAddress.look(address), who ? byIdentity.look(who) : 0]);
      const wait = Math.max(...waits);
      if (wait > 0) throw tooManyRequests(WAIT, wait);
      if (!who) return;
      await proveAddress(store, who);
      proven.add(who);
    },
  };
}
