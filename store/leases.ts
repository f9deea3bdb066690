/** Work that is done by one process at a time, whichever comes first. */
import { collectionOf } from './collections/define.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import type { Store } from './open.ts';

/**
 * Takes some work for a while.
 * @param ms how long nobody else gets it, in milliseconds
 * @returns false while another process has it
 */
export async function takeLease(store: Store, name: string, ms: number): Promise<boolean> {
  const now = Date.now();
  try {
    await collectionOf(store.leases).updateOne(
      { _id: name, until: { $lte: new Date(now) } },
      { $set: { until: new Date(now + ms) } },
      { upsert: true },
    );
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    throw error;
  }
}

/** Gives work back before its time, so that the next who looks gets it. */
export async function endLease(store: Store, name: string): Promise<void> {
  await collectionOf(store.leases).updateOne({ _id: name }, { $set: { until: new Date(0) } });
}
