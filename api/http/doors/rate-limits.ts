/** Counts that all APIs share, kept in MongoDB; while that is away each API counts for itself. */
import { RateLimiterMemory, RateLimiterMongo, RateLimiterRes } from 'rate-limiter-flexible';
import type { Store } from '../../../store/open.ts';
import { ApiError } from '../errors.ts';

/** Counts what is done under a key. */
export interface RateLimit {
  /** Counts once more, and answers for how many milliseconds the key has to wait; 0 when it need not. */
  count(key: string): Promise<number>;
  /** The same without counting. */
  look(key: string): Promise<number>;
}

/**
 * @param name Tells its counts from others.
 * @param points How often it may be done in `seconds`.
 */
export function rateLimit(
  store: Store,
  name: string,
  { points, seconds }: { points: number; seconds: number },
): RateLimit {
  const options = { keyPrefix: name, points, duration: seconds };
  const limiter = new RateLimiterMongo({
    ...options,
    storeClient: store.connection.db,
    tableName: store.rateLimits.collection.name,
    disableIndexesCreation: true,
    inMemoryBlockOnConsumed: points,
    insuranceLimiter: new RateLimiterMemory(options),
  });
  return {
    async count(key) {
      try {
        await limiter.consume(key);
        return 0;
      } catch (refused) {
        if (refused instanceof RateLimiterRes) return Math.max(1, refused.msBeforeNext);
        throw refused;
      }
    },
    async look(key) {
      const held = await limiter.get(key);
      return held && held.consumedPoints >= points ? Math.max(1, held.msBeforeNext) : 0;
    },
  };
}

/** The refusal of somebody who has to wait for so many milliseconds. */
export function tooManyRequests(message: string, waitMs: number): ApiError {
  return new ApiError('too_many_requests', message, { retryAfter: Math.ceil(waitMs / 1000) });
}
