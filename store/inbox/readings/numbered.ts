/** The readings of a report: which counts, which its order has taken in, and the earlier ones. */
import type { ClientSession } from 'mongoose';
import type { LabReport } from '../../../domain/results/lab-report.ts';
import { collectionOf } from '../../collections/define.ts';
import type { LabMessageDocument } from '../../collections/inbox.ts';
import type { Store } from '../../open.ts';

type Numbered = Pick<LabMessageDocument, 'reading' | 'taken_reading'>;

/** The number of the reading that counts, from 1. */
export const readingOf = ({ reading = 1 }: Numbered): number => reading;

/** Whether the message was read anew since its order took the report in. */
export const isReadAnew = ({ reading = 1, taken_reading = 1 }: Numbered): boolean => reading > taken_reading;

/** Reports as their orders have taken them in. @throws Error when an earlier reading is not kept */
export async function asTaken(
  store: Store,
  messages: readonly LabMessageDocument[],
  session?: ClientSession,
): Promise<LabMessageDocument[]> {
  const ids = messages.filter(isReadAnew).map(({ _id, taken_reading = 1 }) => `${_id}:${taken_reading}`);
  if (ids.length === 0) return [...messages];
  const earlier = await collectionOf(store.labReadings)
    .find({ _id: { $in: ids } }, { ...(session && { session }) })
    .toArray();
  const reports = new Map<string, LabReport>(earlier.map(({ report_id, report }) => [report_id, report]));
  return messages.map((message) => {
    if (!isReadAnew(message)) return message;
    const report = reports.get(message._id);
    if (!report) throw new Error(`Reading ${message.taken_reading ?? 1} of report ${message._id} is not kept`);
    return { ...message, report };
  });
}
