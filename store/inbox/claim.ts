/** How dispatchers take what waits in an inbox: one of them at a time, for a while, oldest first. */
import type { Model, mongo } from 'mongoose';
import { collectionOf } from '../collections/define.ts';

/** What waits in an inbox. */
interface Waiting {
  _id: string;
  state: string;
  /** A dispatcher works on it until then. */
  lease_until: Date;
  attempts: number;
  last_error: string | null;
}

/**
 * Takes the oldest that waits; nobody else gets it until the lease ends.
 * @param queue In which state they wait, since when, and the fields that the taker does without.
 * @param leaseMs How long the taker has, in milliseconds.
 */
export async function claimOldest<T extends Waiting>(
  model: Model<T>,
  { state, since, without = [] }: { state: T['state']; since: keyof T & string; without?: (keyof T & string)[] },
  leaseMs: number,
): Promise<T | null> {
  const now = Date.now();
  const taken = await collectionOf(model).findOneAndUpdate(
    { state, lease_until: { $lte: new Date(now) } } as mongo.Filter<T>,
    { $set: { lease_until: new Date(now + leaseMs) }, $inc: { attempts: 1 } } as unknown as mongo.UpdateFilter<T>,
    {
      sort: { lease_until: 1, [since]: 1 },
      projection: Object.fromEntries(without.map((field) => [field, 0])),
      returnDocument: 'after',
    },
  );
  return taken as T | null;
}

/** Notes that it could not be delivered; one that still waits is tried again after `retryInMs` milliseconds. */
export async function postpone<T extends Waiting>(
  model: Model<T>,
  { _id, state }: { _id: string; state: T['state'] },
  error: string,
  retryInMs: number,
): Promise<void> {
  const retry = { last_error: error, lease_until: new Date(Date.now() + retryInMs) };
  await collectionOf(model).updateOne(
    { _id, state } as mongo.Filter<T>,
    { $set: retry } as unknown as mongo.UpdateFilter<T>,
  );
}
