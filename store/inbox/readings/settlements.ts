/** What a person has settled about a report, once its message was read anew: it stays, unless the report says something else. */
import { isDeepStrictEqual } from 'node:util';
import {
  type HeldTest,
  heldBecause,
  type SettledTest,
  settledReport,
  settlementIn,
  whatIsSettled,
} from '../../../domain/results/held-tests.ts';
import type { LabReport } from '../../../domain/results/lab-report.ts';
import { collectionOf } from '../../collections/define.ts';
import type { LabMessageDocument, LabReadingDocument } from '../../collections/inbox.ts';
import type { Store } from '../../open.ts';
import { readingOf } from './numbered.ts';
import type { HeldReport } from './plan-reading.ts';
import { replaceReading } from './replace-reading.ts';

/**
 * Goes through what was settled about a report that was read anew. A decision on what reads as before is taken over to the
 * new reading; one on what reads otherwise counts no longer. Doing it again changes nothing.
 * @param earlier The reading before, and who had the message read anew.
 * @param held The tests that are held by the new reading.
 * @param before The reports on its order that were taken in before it.
 * @returns the tests that a person has to look at: those of `held` that are not settled, and those that are read otherwise
 * than they were when they were settled
 */
export async function afterNewReading(
  store: Store,
  message: LabMessageDocument,
  earlier: LabReadingDocument,
  held: readonly HeldTest[],
  before: readonly LabReport[],
): Promise<HeldTest[]> {
  const { _id, order_id, report } = message;
  const made: HeldReport[] = await collectionOf(store.labMessages)
    .find({ order_id, settles: _id }, { projection: { raw: 0 } })
    .toArray();
  const settled = message.settled ?? (await settledBefore(store, _id, made));
  const stands = settled.filter(({ test, says }) => whatIsSettled(report, test) === says);
  for (const settlement of made) {
    const tests = stands
      .filter(({ report_id }) => report_id === settlement._id)
      .flatMap((one) => settledReport(report, [one], one.settlement, before)?.tests ?? []);
    await revise(store, settlement, tests, earlier);
  }
  const changed = settled.filter((one) => !stands.includes(one));
  const isHeld = new Set(held.map(({ test }) => test));
  const isThere = new Set(report.tests.map(({ provider_id }) => provider_id));
  return [
    ...held.flatMap((one): HeldTest[] => {
      if (stands.some(({ test, because }) => test === one.test && because === one.because)) return [];
      const was = settled.find(({ test }) => test === one.test);
      return [was ? { ...one, was_settled: was.settlement } : one];
    }),
    ...changed.flatMap(({ test, settlement }): HeldTest[] =>
      isHeld.has(test) || !isThere.has(test) ? [] : [{ test, because: 'read_otherwise', was_settled: settlement }],
    ),
  ];
}

/** Makes what a person has found say this instead; it may be given to its journey at this moment. */
async function revise(
  store: Store,
  settlement: HeldReport,
  tests: LabReport['tests'],
  { replaced_by, profile_version }: LabReadingDocument,
): Promise<void> {
  if (isDeepStrictEqual(plain(tests), plain(settlement.report.tests))) return;
  const report = { ...settlement.report, tests };
  const by = { by: replaced_by, profile_version };
  const isReplaced = await replaceReading(store, { what: 'replaced', held: settlement, report, match: null }, by);
  if (!isReplaced) throw new Error(`Report ${settlement._id} went on meanwhile`);
}

/** As the database gives it back. */
const plain = (tests: LabReport['tests']): unknown => JSON.parse(JSON.stringify(tests));

/** What was settled before that was noted with the report: what the reports say that were made of it, about its first reading. */
async function settledBefore(store: Store, reportId: string, made: readonly HeldReport[]): Promise<SettledTest[]> {
  const first = made.some((one) => readingOf(one) > 1)
    ? undefined
    : await collectionOf(store.labReadings).findOne({ _id: `${reportId}:1` });
  if (!first) return [];
  return made.flatMap(({ _id, report }) =>
    report.tests.map((test): SettledTest => {
      const settled = first.report.tests.find(({ provider_id }) => provider_id === test.provider_id);
      return {
        test: test.provider_id,
        because: (settled && heldBecause(settled)) ?? 'canceled_after_values',
        settlement: settlementIn(test),
        says: whatIsSettled(first.report, test.provider_id),
        report_id: _id,
      };
    }),
  );
}
