/** What every answer tells browsers and caches. */
import type { RequestHandler, Response } from 'express';

const A_YEAR_IN_SECONDS = 31_536_000;

/**
 * Headers of every answer: nobody keeps it and nobody guesses its type; where the public address is https, browsers come
 * back over https only. What may be kept says so itself.
 */
export function answerHeaders(publicUrl: string): RequestHandler {
  const headers = {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(publicUrl.startsWith('https:') && { 'strict-transport-security': `max-age=${A_YEAR_IN_SECONDS}` }),
  };
  return (_request, response, next) => {
    response.set(headers);
    next();
  };
}

/** For scripts and style sheets, which hold nobody's data: kept, and asked about before they are used again. */
export function mayBeKept(response: Response): void {
  response.set('cache-control', 'no-cache');
}
