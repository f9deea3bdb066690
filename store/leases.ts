/** Work that is done by one process at a time, whichever comes first. */
import { randomUUID } from 'node:crypto';
import { collectionOf } from './collections/define.ts';
import { isDuplicateKey } from './duplicate-key.ts';
import type { Store } from './open.ts';

/** Some work that was taken, by whoever holds this. */
export interface Lease {
  name: string;
  owner: string;
}

/**
 * Takes some work for a while.
 * @param ms how long nobody else gets it, in milliseconds
 * @returns null while another has it
 */
export async function takeLease(store: Store, name: string, ms: number): Promise<Lease | null> {
  const now = Date.now();
  const owner = randomUUID();
  try {
    await collectionOf(store.leases).updateOne(
      { _id: name, until: { $lte: new Date(now) } },
      { $set: { until: new Date(now + ms), owner } },
      { upsert: true },
    );
    return { name, owner };
  } catch (error) {
    if (isDuplicateKey(error)) return null;
    throw error;
  }
}

/** Keeps work for so many milliseconds from now. @returns false where another has it by now */
export async function extendLease(store: Store, { name, owner }: Lease, ms: number): Promise<boolean> {
  const until = new Date(Date.now() + ms);
  return (await collectionOf(store.leases).updateOne({ _id: name, owner }, { $set: { until } })).matchedCount > 0;
}

/** Gives work back before its time, so that the next who looks gets it; of a lease that is over, nothing. */
export async function endLease(store: Store, { name, owner }: Lease): Promise<void> {
  await collectionOf(store.leases).updateOne({ _id: name, owner }, { $set: { until: new Date(0) } });
}
