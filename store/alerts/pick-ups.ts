/** SFTP servers of laboratories from which something cannot be picked up, for operators to look at (G9). */
import type { LabConnection } from '../../domain/catalogue/lab-connection.ts';
import type { PickUpTroubleDocument } from '../collections/alerts.ts';
import { collectionOf } from '../collections/define.ts';
import type { Store } from '../open.ts';

type Place = Pick<LabConnection, 'lab_slug' | 'environment'>;

const idOf = ({ lab_slug, environment }: Place) => `${lab_slug}:${environment}`;

/**
 * Notes how a round ended.
 * @param files how many files could not be taken, 0 where the server could not be used; null where nothing is wrong
 */
export async function notePickUp(store: Store, place: Place, files: number | null): Promise<void> {
  const troubles = collectionOf(store.pickUpTroubles);
  const _id = idOf(place);
  if (files === null) await troubles.deleteOne({ _id });
  else {
    const { lab_slug } = place;
    await troubles.updateOne(
      { _id },
      { $set: { files }, $setOnInsert: { lab_slug, since: new Date() } },
      { upsert: true },
    );
  }
}

/** Forgets those of places where nothing is picked up any more. */
export async function forgetPickUpsBut(store: Store, places: readonly Place[]): Promise<void> {
  await collectionOf(store.pickUpTroubles).deleteMany({ _id: { $nin: places.map(idOf) } });
}

/** Those with trouble in every round since before `limit`. */
export function pickUpTroubles(store: Store, limit: Date): Promise<PickUpTroubleDocument[]> {
  return collectionOf(store.pickUpTroubles)
    .find({ since: { $lt: limit } })
    .sort({ since: 1 })
    .toArray();
}
