/** How much one order's result can hold, and of how many reports: it is one document, and grows with every report that is taken in (F5). */
import mongoose, { type ClientSession } from 'mongoose';
import type { LabReport } from '../../domain/results/lab-report.ts';
import type { Doubt } from '../../domain/results/report-matching.ts';
import { collectionOf } from '../collections/define.ts';
import type { LabMessageDocument } from '../collections/inbox.ts';
import type { Store } from '../open.ts';

const { BSON } = mongoose.mongo;

/** What all reports of an order may add up to, in bytes: of the database's 16 MB, what the catalogue adds has the rest. */
const LONGEST_RESULT = 15 * 1024 * 1024;

/**
 * How many reports an order can have. Its journey remembers each (none is taken twice), and so does the order's history;
 * laboratories send one or a few for each test.
 */
const MOST_REPORTS = 500;

/** By how much a value with all its fields is longer in a result than in a report; the same for a specimen, alone. */
const MORE_OF_A_VALUE = 250;
const OF_A_SPECIMEN = 600;

/** How many bytes a report adds to a result at most; found in as many steps as the report has parts. */
export function bytesInResult(report: LabReport): number {
  const specimens = new Set(report.tests.flatMap((test) => test.specimens.map(({ number }) => number)));
  const ofEach = OF_A_SPECIMEN + bytes(report.clinical_information) + bytes(report.total_volume);
  let total = BSON.calculateObjectSize(report) + specimens.size * ofEach;
  for (const { observations, specimens: ofTest } of report.tests) {
    // A text value is told as value and as note.
    for (const { value } of observations) total += MORE_OF_A_VALUE + bytes(value);
    // Each specimen of a test names the places that did the test.
    const places = new Set(observations.map(({ performing_laboratory }) => performing_laboratory));
    const ofPlaces = [...places].map((place) => (place === null ? 0 : placeBytes(report, place)));
    total += ofTest.length * ofPlaces.reduce((sum, one) => sum + one, 0);
  }
  return total;
}

function placeBytes({ performing_laboratories: known }: LabReport, place: string): number {
  return Object.hasOwn(known, place)
    ? bytes(place) + BSON.calculateObjectSize(known[place] as (typeof known)[string])
    : 0;
}

/** A report that an earlier version stored may lack a field. */
const bytes = (text: string | null | undefined) => (text ? Buffer.byteLength(text) : 0);

type Counted = Pick<LabMessageDocument, '_id' | 'order_id' | 'received_at' | 'report' | 'bytes_in_result'>;

/**
 * What a report is too much of, with those that go before it on its order: those that were taken in or given to the
 * journey, and those that came earlier and wait. Null when the order's result has room for it.
 */
export async function excessOnOrder(
  store: Store,
  { _id, order_id, received_at, report, bytes_in_result }: Counted,
  session?: ClientSession,
): Promise<Doubt | null> {
  const wait = {
    state: 'stored' as const,
    $or: [{ received_at: { $lt: received_at } }, { received_at, _id: { $lt: _id } }],
  };
  const [before] = await collectionOf(store.labMessages)
    .aggregate<{ reports: number; bytes: number }>(
      [
        { $match: { order_id, _id: { $ne: _id }, $or: [{ state: { $in: ['delivered', 'applied'] } }, wait] } },
        // From before reports were measured: no text is told more than twice.
        {
          $group: {
            _id: null,
            reports: { $sum: 1 },
            bytes: { $sum: { $ifNull: ['$bytes_in_result', { $multiply: [2, { $bsonSize: '$report' }] }] } },
          },
        },
      ],
      { ...(session && { session }) },
    )
    .toArray();
  const { reports, bytes: longBefore } = before ?? { reports: 0, bytes: 0 };
  if (reports >= MOST_REPORTS) return 'too_many_for_its_order';
  const isTooLong = longBefore + (bytes_in_result ?? bytesInResult(report)) > LONGEST_RESULT;
  return isTooLong ? 'too_long_for_its_result' : null;
}
