/** Who is asking: an API key, and the team that it belongs to. */
import type { Request } from 'express';
import type { Principal } from '../../../domain/principal.ts';
import { findTeamByApiKey, hashOfKey } from '../../../store/access/teams.ts';
import type { TeamDocument } from '../../../store/collections/access.ts';
import type { Store } from '../../../store/open.ts';
import { ApiError } from '../errors.ts';
import type { GuessLimit } from './guess-limit.ts';

/** A team is looked up again after this long, so a revoked key or a changed option counts within seconds. */
const REMEMBERED_FOR_MS = 5_000;
const REMEMBERED_AT_MOST = 10_000;

/** Who asks, and for which team. */
export interface Caller {
  team: TeamDocument;
  by: Principal;
}

/**
 * Makes the function that tells a team by the key in `x-vital-api-key`.
 * @returns a function that throws `unauthorized` when the key is missing, unknown or revoked, and `too_many_requests`
 * when that was guessed too often; a key that is valid cannot have been guessed and is always taken
 */
export function authenticator(store: Store, guesses: GuessLimit): (request: Request) => Promise<Caller> {
  const remembered = new Map<string, { caller: Caller; until: number }>();
  return async (request) => {
    const key = request.get('x-vital-api-key');
    if (!key) throw new ApiError('unauthorized', 'Send your API key in the header x-vital-api-key.');
    const hash = hashOfKey(key);
    const known = remembered.get(hash);
    if (known && known.until > Date.now()) return known.caller;
    const caller = await findTeamByApiKey(store, key);
    if (!caller) {
      await guesses.failed(request);
      throw new ApiError('unauthorized', 'This API key is not valid.');
    }
    if (remembered.size >= REMEMBERED_AT_MOST) remembered.clear();
    remembered.set(hash, { caller, until: Date.now() + REMEMBERED_FOR_MS });
    return caller;
  };
}
