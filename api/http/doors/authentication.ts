/** Who is asking: an API key, and the team that it belongs to. */
import type { Request } from 'express';
import type { Principal } from '../../../domain/principal.ts';
import { findTeamByKeyHash, hashOfKey } from '../../../store/access/teams.ts';
import type { TeamDocument } from '../../../store/collections/access.ts';
import type { Store } from '../../../store/open.ts';
import { remembered } from '../../../store/remembered.ts';
import { ApiError } from '../errors.ts';
import type { GuessLimit } from './guess-limit.ts';

/** Who asks, and for which team. */
export interface Caller {
  team: TeamDocument;
  by: Principal;
}

/**
 * Makes the function that tells a team by the key in `x-vital-api-key`. A team is looked up again after a second, so that a
 * revoked key, or a changed option, counts within a second at every API.
 * @returns a function that throws `unauthorized` when the key is missing, unknown or revoked, and `too_many_requests`
 * when that was guessed too often; a key that is valid cannot have been guessed and is always taken
 */
export function authenticator(store: Store, guesses: GuessLimit): (request: Request) => Promise<Caller> {
  const callers = remembered<Caller>((hash) => findTeamByKeyHash(store, hash));
  return async (request) => {
    const key = request.get('x-vital-api-key');
    if (!key) throw new ApiError('unauthorized', 'Send your API key in the header x-vital-api-key.');
    const caller = await callers.get(hashOfKey(key));
    if (caller) return caller;
    await guesses.failed(request);
    throw new ApiError('unauthorized', 'This API key is not valid.');
  };
}
