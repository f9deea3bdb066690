/**
 * Reports that say what an earlier one on the same order has said, under another control id or time (MSH-10, MSH-7): they
 * are kept, and nothing comes of them, neither an event nor a version nor a webhook (F5).
 */
import { createHash } from 'node:crypto';
import type { LabReport } from '../../domain/results/lab-report.ts';
import { collectionOf } from '../collections/define.ts';
import type { LabMessageDocument } from '../collections/inbox.ts';
import type { Store } from '../open.ts';

/** What a report says, whatever message carried it and whenever that was written: SHA-256, hex. */
export function whatIsSaid({ control_id: _control, reported_at: _at, remarks: _remarks, ...said }: LabReport): string {
  return createHash('sha256').update(JSON.stringify(said)).digest('hex');
}

type Held = Pick<LabMessageDocument, '_id' | 'says' | 'order_id' | 'lab_slug' | 'unmatched_reason'>;

/** Of reports that are to be held for a person, those that a person has been shown already, with what they repeat. */
export async function alreadyHeld(store: Store, reports: readonly Held[]): Promise<Map<string, string>> {
  if (reports.length === 0) return new Map();
  const known = await collectionOf(store.labMessages)
    .find({ says: { $in: reports.flatMap(({ says }) => says ?? []) }, state: { $in: ['unmatched', 'closed'] } })
    .project<Held>({ says: 1, order_id: 1, lab_slug: 1, unmatched_reason: 1 })
    .sort({ says: 1, received_at: 1 })
    .toArray();
  const placeOf = ({ says, order_id, lab_slug, unmatched_reason }: Held) =>
    JSON.stringify([says, order_id, lab_slug, unmatched_reason]);
  const first = new Map<string, Held>();
  for (const one of known) if (!first.has(placeOf(one))) first.set(placeOf(one), one);
  return new Map(
    reports.flatMap((report): [string, string][] => {
      const earlier = first.get(placeOf(report));
      return earlier && earlier._id !== report._id ? [[report._id, earlier._id]] : [];
    }),
  );
}
