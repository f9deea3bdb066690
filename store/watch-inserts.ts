/** Word of new rows, from whichever process wrote them. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Model } from 'mongoose';
import { collectionOf } from './collections/define.ts';

/** How long one look at the stream lasts while nothing happens; also the longest that closing it takes. */
const WATCH_TURN_MS = 500;

/**
 * Calls `wake` whenever any process commits a row. While the database cannot be watched it is tried again every second,
 * and nothing is called for what was committed meanwhile: whoever relies on it looks for itself from time to time.
 */
export function watchInserts<T extends { _id: unknown }>(
  model: Model<T>,
  wake: () => void,
): { close(): Promise<void> } {
  const closing = new AbortController();
  let stream: { close(): Promise<void> } | undefined;
  const watching = (async () => {
    while (!closing.signal.aborted) {
      try {
        const inserted = collectionOf(model).watch(
          [{ $match: { operationType: 'insert' } }, { $project: { _id: 1 } }],
          {
            maxAwaitTimeMS: WATCH_TURN_MS,
          },
        );
        stream = inserted;
        for await (const _ of inserted) wake();
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
