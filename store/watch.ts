/** Word of what was committed, from whichever process did it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Model } from 'mongoose';
import type { Store } from './open.ts';

/** How long one look at the stream lasts while nothing happens; also the longest that closing it takes. */
const WATCH_TURN_MS = 500;

/** The changes that insert into a collection. */
export const insertsInto = <T>(model: Model<T>): object => ({
  'ns.coll': model.collection.name,
  operationType: 'insert',
});

/**
 * Calls `wake` whenever any process commits one of some changes. While the database cannot be watched it is tried again
 * every second, and nothing is called for what was committed meanwhile: whoever relies on it looks for itself from time
 * to time.
 * @param changes what change events of MongoDB have to match, in any of these ways
 */
export function watchCommits(
  { connection }: Store,
  changes: readonly object[],
  wake: () => void,
): { close(): Promise<void> } {
  const closing = new AbortController();
  let stream: { close(): Promise<void> } | undefined;
  const watching = (async () => {
    while (!closing.signal.aborted) {
      try {
        const committed = connection
          .getClient()
          .db(connection.name)
          .watch([{ $match: { $or: changes } }, { $project: { _id: 1 } }], {
            maxAwaitTimeMS: WATCH_TURN_MS,
          });
        stream = committed;
        for await (const _ of committed) wake();
      } catch {
        await pause(1000, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  })();
  return {
    async close() {
      closing.abort();
      await stream?.close();
      await watching;
    },
  };
}
