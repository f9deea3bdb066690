/** How often one link may have a phlebotomy provider asked. */
import type { RequestHandler, Response } from 'express';
import type { Store } from '../../../store/open.ts';
import { rateLimit, tooManyRequests } from '../../http/doors/rate-limits.ts';

/** Far more than it takes to look through some weeks of times at some places, and to book one. */
const LIMIT = { points: 40, seconds: 5 * 60 };

/**
 * Lets a link's first questions in any five minutes through, and refuses the rest with a sentence for the patient.
 * @param linkOf What tells links apart.
 */
export function providerLimit(store: Store, linkOf: (response: Response) => string): RequestHandler {
  const limit = rateLimit(store, 'questions_by_link', LIMIT);
  return async (_request, response, next) => {
    const wait = await limit.count(linkOf(response));
    if (wait === 0) return next();
    const minutes = Math.max(1, Math.ceil(wait / 60_000));
    const when = minutes === 1 ? 'in a minute' : `in ${minutes} minutes`;
    throw tooManyRequests(
      `You have searched for times very often just now. Please try again ${when}. Nothing was changed.`,
      wait,
    );
  };
}
