/** What operators have been told of, so that each matter is told once when it begins and once when it is over (G9). */
import { type Matter, matterKey } from '../../domain/alerts.ts';
import type { MatterDocument } from '../collections/alerts.ts';
import { collectionOf } from '../collections/define.ts';
import { insertOnce } from '../collections/write.ts';
import type { Store } from '../open.ts';

/** What has changed with a round. */
export interface Changes {
  begun: MatterDocument[];
  over: MatterDocument[];
}

/**
 * Compares what is found now with what was known.
 * @param overAfter for how long it has not been found when it is over, in milliseconds
 * @returns what has begun, and what is over
 */
export async function noteMatters(store: Store, found: readonly Matter[], overAfter: number): Promise<Changes> {
  const matters = collectionOf(store.matters);
  const known = new Map((await matters.find().toArray()).map((matter) => [matter._id, matter]));
  const now = new Date();
  const changes: Changes = { begun: [], over: [] };
  for (const matter of found) {
    const _id = matterKey(matter);
    if (known.has(_id)) {
      const { count, since, ids } = matter;
      await matters.updateOne({ _id }, { $set: { count, since, ids, gone_since: null } });
    } else {
      const begun = { ...matter, _id, began_at: now, told_at: null, gone_since: null };
      if (await insertOnce(store.matters, begun)) changes.begun.push(begun);
    }
    known.delete(_id);
  }
  for (const gone of known.values()) {
    if (gone.gone_since === null) await matters.updateOne({ _id: gone._id }, { $set: { gone_since: now } });
    if (now.getTime() - (gone.gone_since ?? now).getTime() >= overAfter) changes.over.push(gone);
  }
  return changes;
}

/** Those of which no mail has said yet that they have begun. */
export function untoldMatters(store: Store): Promise<MatterDocument[]> {
  return collectionOf(store.matters).find({ told_at: null, gone_since: null }).sort({ began_at: 1 }).toArray();
}

/** Notes what has been told. */
export async function markTold(store: Store, told: readonly MatterDocument[], over: readonly MatterDocument[]) {
  const matters = collectionOf(store.matters);
  await matters.updateMany({ _id: { $in: told.map(({ _id }) => _id) } }, { $set: { told_at: new Date() } });
  await matters.deleteMany({ _id: { $in: over.map(({ _id }) => _id) }, gone_since: { $ne: null } });
}
