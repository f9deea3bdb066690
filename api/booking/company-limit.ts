/** How often one link may have a phlebotomy company asked. */
import type { RequestHandler, Response } from 'express';
import { type AugmentedRequest, rateLimit } from 'express-rate-limit';

const WINDOW_MS = 5 * 60_000;
/** Far more than it takes to look through some weeks of times at some places, and to book one. */
const LIMIT = 40;

/**
 * Lets a link's first questions in any five minutes through, and answers the rest with 429, `Retry-After` and a sentence
 * for the patient. Each process counts for itself.
 * @param linkOf What tells links apart.
 */
export function companyLimit(linkOf: (response: Response) => string): RequestHandler {
  return rateLimit({
    windowMs: WINDOW_MS,
    limit: LIMIT,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator: (_request, response) => linkOf(response),
    handler(request, response) {
      const until = (request as AugmentedRequest).rateLimit?.resetTime?.getTime() ?? Date.now() + WINDOW_MS;
      const minutes = Math.max(1, Math.ceil((until - Date.now()) / 60_000));
      const when = minutes === 1 ? 'in a minute' : `in ${minutes} minutes`;
      response.status(429).json({
        message: `You have looked for times very often just now. Please try again ${when}. Nothing was changed.`,
      });
    },
  });
}
