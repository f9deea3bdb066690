/**
 * What a laboratory says that contradicts itself, or leaves out why: it is shown, and nothing is decided on it until a
 * person has settled it or the laboratory has said more (docs/hl7.md, "Held for a person").
 */
import type { FailureType, LabReport, Observation, ReportedTest } from './lab-report.ts';

/** Why a person has to look at a test, in words. */
export const HELD_BECAUSE = {
  canceled_with_values: 'the laboratory canceled the test (OBR-25 is X) and reported values of it all the same',
  canceled_after_values: 'the laboratory canceled the test (OBR-25 is X) after it had reported values of it',
  not_performed: 'a result was not performed (TNP, CANCELLED), and nothing says why',
  read_otherwise: 'the message was read anew, and says something else than what had been settled',
} as const;
export type HeldBecause = keyof typeof HELD_BECAUSE;

/** A test of a report that waits for a person. */
export interface HeldTest {
  /** The lab's code of the test. */
  test: string;
  because: HeldBecause;
  /** What a person had settled before the message was read anew, and so is asked again. Absent in all others. */
  was_settled?: Settlement;
}

/** A test of a report that a person has settled. */
export interface SettledTest extends Omit<HeldTest, 'was_settled'> {
  settlement: Settlement;
  /** What was settled (`whatIsSettled`). */
  says: string;
  /** The report that says what the person has found; null where there is none, since the values stand as they are. */
  report_id: string | null;
}

/** What a person has found: that the values are right, or why there are none. */
export type Settlement = 'values_stand' | FailureType;

const hasValue = ({ value, failure_type }: Observation) => value !== null && failure_type === null;
const isSettledValue = (observation: Observation) => hasValue(observation) && observation.status !== 'preliminary';

/** Why a test is held by what stands in its own report; undefined where it is not. */
export function heldBecause({ status, observations }: ReportedTest): HeldBecause | undefined {
  if (status === 'cancelled' && observations.some(isSettledValue)) return 'canceled_with_values';
  return observations.some(({ is_unexplained }) => is_unexplained) ? 'not_performed' : undefined;
}

/** The tests of a report that are held. @param before The reports on its order that were taken in before it. */
export function heldTests(report: LabReport, before: readonly LabReport[]): HeldTest[] {
  return report.tests.flatMap((test): HeldTest[] => {
    const because = heldBecause(test);
    if (because) return [{ test: test.provider_id, because }];
    const isTakenBack = test.status === 'cancelled' && valuesOf(test.provider_id, before).length > 0;
    return isTakenBack ? [{ test: test.provider_id, because: 'canceled_after_values' }] : [];
  });
}

/** What the reports state as values of a test, the newest of each result last. */
function valuesOf(test: string, reports: readonly LabReport[]): Observation[] {
  const tests = reports.flatMap((report) => report.tests).filter(({ provider_id }) => provider_id === test);
  return tests.flatMap(({ observations }) => observations.filter(isSettledValue));
}

/**
 * The report that says what a person has found, instead of the lab; null where there is nothing to be said, since the
 * values stand as they are. What the laboratory reports later is newer than it.
 * @param before As `heldTests` has it.
 */
export function settledReport(
  report: LabReport,
  held: readonly HeldTest[],
  settlement: Settlement,
  before: readonly LabReport[],
): LabReport | null {
  const tests = held.flatMap(({ test: code, because }): ReportedTest[] => {
    const test = report.tests.find(({ provider_id }) => provider_id === code);
    if (!test) return [];
    if (settlement === 'values_stand') {
      return because === 'canceled_with_values' ? [{ ...test, status: 'final' }] : [];
    }
    const without = (observation: Observation, status: 'withdrawn' | 'cancelled') =>
      withoutValue(observation, status, settlement);
    if (because === 'not_performed') {
      const unexplained = test.observations.filter(({ is_unexplained }) => is_unexplained);
      return [{ ...test, observations: unexplained.map((observation) => without(observation, 'cancelled')) }];
    }
    const values = because === 'canceled_after_values' ? valuesOf(code, before) : test.observations;
    return [{ ...test, observations: values.map((observation) => without(observation, 'withdrawn')) }];
  });
  if (tests.length === 0) return null;
  const { documents: _documents, remarks: _remarks, ...rest } = report;
  return { ...rest, tests };
}

function withoutValue(
  { is_unexplained: _, ...observation }: Observation,
  status: 'withdrawn' | 'cancelled',
  failure_type: FailureType,
): Observation {
  return { ...observation, status, failure_type, type: 'comment', value: null, interpretation: 'unknown' };
}

/** What a person settles about a test: of all that its report says, what decides. The same text for the same. */
export function whatIsSettled(report: LabReport, test: string): string {
  const found = report.tests.filter(({ provider_id }) => provider_id === test);
  return JSON.stringify(
    found.map(({ status, notes, observations }) => [
      status,
      notes,
      observations.map((one) => [
        [one.loinc, one.provider_id, one.sub_id, one.name],
        [one.status, one.type, one.value, one.unit, one.failure_type, one.is_unexplained, one.notes],
      ]),
    ]),
  );
}

/** What a person has found, by a test of the report that says so. */
export const settlementIn = ({ observations }: ReportedTest): Settlement =>
  observations.find(({ failure_type }) => failure_type !== null)?.failure_type ?? 'values_stand';
