/** New readings of which journeys have not heard yet. */
import { collectionOf } from '../../collections/define.ts';
import type { LabMessageDocument, LabReadingDocument } from '../../collections/inbox.ts';
import type { Store } from '../../open.ts';
import { claimOldest, postpone } from '../claim.ts';

/**
 * Takes the oldest that waits; nobody else gets it until the lease ends.
 * @param leaseMs How long the taker has, in milliseconds.
 */
export function claimReading(store: Store, leaseMs: number): Promise<LabReadingDocument | null> {
  return claimOldest(store.labReadings, { state: 'owed', since: 'replaced_at' }, leaseMs);
}

/** The report as it is read now. */
export async function reportReadAnew(store: Store, { report_id }: LabReadingDocument): Promise<LabMessageDocument> {
  const report = await collectionOf(store.labMessages).findOne({ _id: report_id }, { projection: { raw: 0 } });
  if (!report) throw new Error(`There is no report ${report_id}`);
  return report;
}

/** Notes that its order has it. */
export async function markReadingTold(store: Store, _id: string): Promise<void> {
  await collectionOf(store.labReadings).updateOne({ _id }, { $set: { state: 'told', last_error: null } });
}

/** Notes that it could not be told; it is tried again after `retryInMs` milliseconds. */
export async function markReadingUntold(store: Store, _id: string, error: string, retryInMs: number): Promise<void> {
  await postpone(store.labReadings, { _id, state: 'owed' }, error, retryInMs);
}
