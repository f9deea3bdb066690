/**
 * How far the lab has come with an order, as the journey needs to know it: which tests are settled and which results
 * are missing. Holds codes only, never a value.
 */

import type { OrderedMarker } from '../orders/order.ts';
import type { MissingResult } from '../orders/redraw.ts';
import { heldBecause } from './held-tests.ts';
import type { FailureType, LabReport, Observation, ReportedStatus, ReportedTest } from './lab-report.ts';

/** A statement of the lab, with what decides between two statements about the same thing. */
export interface Statement {
  status: ReportedStatus;
  /** ISO instant at which the lab reported. */
  reported_at: string;
  /** Of a result: why there will be none, null when there is a value. Of a test: why its results are missing, where the lab said so. */
  failure_type: FailureType | null;
}

/** What the lab says of an ordered test, by the lab's code. */
export interface TestStatement extends Statement {
  code: string;
}

/** What the lab says of a result, under one of its tests. */
export interface ResultStatement extends Statement {
  slug: string;
  /** Code of the test that it stands under. */
  test: string;
}

/** What one report says about the results that an order expects. Travels in the signal to the journey. */
export interface ReportDigest {
  /** Id of the stored lab message. */
  report_id: string;
  /** Which reading of the message it is, from 1; absent where it was read once. */
  reading?: number;
  tests: TestStatement[];
  results: ResultStatement[];
  /** How many values stand under no result that was expected; absent where there are none. */
  values_besides?: number;
  /** Codes of values that the catalogue does not know, the first few; absent where there are none. */
  unknown_codes?: string[];
  /**
   * Where there is a value for an expected result: when its specimen was collected, as an ISO instant, of several the
   * latest; null where the lab does not say. Absent where there is none, and in digests from before a report could show
   * that a draw took place (G2).
   */
  drawn?: { collected_at: string | null };
}

const RANK: Record<ReportedStatus, number> = { preliminary: 0, final: 1, cancelled: 1, withdrawn: 1, corrected: 2 };

/**
 * Whether a statement replaces an earlier one about the same test or result: a preliminary one never replaces a final
 * one, however late it comes in, and between equals the newer report wins. What is taken back is equal to a correction, and
 * so is what is reported after that. Messages may arrive in any order (F5).
 */
function supersedes(statement: Statement, earlier: Statement | undefined): boolean {
  if (!earlier) return true;
  const isTakenBack = statement.status === 'withdrawn' || earlier.status === 'withdrawn';
  const most = isTakenBack ? RANK.withdrawn : RANK.corrected;
  const rank = Math.min(RANK[statement.status], most) - Math.min(RANK[earlier.status], most);
  return rank > 0 || (rank === 0 && Date.parse(statement.reported_at) >= Date.parse(earlier.reported_at));
}

/** A test or result that a lab corrects is corrected even when the correction takes the value away. */
const effectiveStatus = (test: ReportedStatus, result: ReportedStatus): ReportedStatus =>
  test === 'corrected' && result !== 'preliminary' && result !== 'withdrawn' ? 'corrected' : result;

/** How results of a report are recognized as the ones an order expects. */
export interface ExpectedResultCodes {
  slug: string;
  loinc: string;
  provider_id: string;
}

/** The expected result that an observation is about: by LOINC, else by the lab's own code. */
function expectedResultOf<T extends ExpectedResultCodes>(
  observation: { loinc: string | null; provider_id: string | null },
  expected: readonly T[],
): T | undefined {
  return (
    expected.find((result) => observation.loinc !== null && result.loinc === observation.loinc) ??
    expected.find((result) => observation.provider_id !== null && result.provider_id === observation.provider_id)
  );
}

/** A statement about a result with all that the lab said; `expected` is undefined for a result nobody asked for. */
export interface FullStatement<T> extends ResultStatement {
  expected: T | undefined;
  source: { report: LabReport; test: ReportedTest; observation: Observation };
}

/** Every statement in a report; a result that nobody asked for has a key of its own as its slug. */
export function statementsIn<T extends ExpectedResultCodes>(
  report: LabReport,
  expected: readonly T[],
): { tests: TestStatement[]; results: FullStatement<T>[] } {
  const { reported_at } = report;
  return {
    tests: report.tests.map((test) => ({
      code: test.provider_id,
      status: heldBecause(test) ? 'preliminary' : test.status,
      reported_at,
      failure_type: test.failure_type,
    })),
    results: report.tests.flatMap((test) => {
      const isInDoubt = heldBecause(test) === 'canceled_with_values';
      return test.observations.map((observation) => {
        const result = expectedResultOf(observation, expected);
        const { loinc, provider_id, name, failure_type } = observation;
        return {
          slug: result?.slug ?? `unsolicited ${loinc ?? provider_id ?? name}`,
          test: test.provider_id,
          status: isInDoubt && failure_type === null ? 'preliminary' : effectiveStatus(test.status, observation.status),
          reported_at,
          failure_type,
          expected: result,
          source: { report, test, observation },
        };
      });
    }),
  };
}

/** How many codes that nobody knows are named. */
const NAMED_CODES = 10;

/**
 * Reduces a report to what its order's journey must know: of each test and result the statement that counts.
 * @param markers What was ordered; of other tests nothing is said.
 * @param isKnown Whether the catalogue knows an observation's code.
 */
export function digestReport(
  reportId: string,
  report: LabReport,
  expected: readonly ExpectedResultCodes[],
  markers: readonly Pick<OrderedMarker, 'provider_id'>[],
  isKnown: (observation: Pick<Observation, 'loinc' | 'provider_id'>) => boolean,
): ReportDigest {
  const { tests, results } = statementsIn(report, expected);
  const ordered = new Set(markers.map(({ provider_id }) => provider_id));
  const said = progressOf([
    {
      tests: tests.filter(({ code }) => ordered.has(code)),
      results: results.flatMap(({ expected: result, source: _, ...statement }) => (result ? [statement] : [])),
    },
  ]);
  const values = results.filter(
    ({ failure_type, source }) => failure_type === null && !source.observation.is_unexplained,
  );
  const besides = values.filter(({ expected: result }) => !result).map(({ source }) => source.observation);
  const unknown = besides.filter((observation) => !isKnown(observation));
  const unknownCodes = new Set(unknown.map(({ loinc, provider_id, name }) => provider_id ?? loinc ?? name));
  const drawn = collectionOf(values.filter(({ expected: result }) => result).map(({ source }) => source.test));
  return {
    report_id: reportId,
    tests: Object.values(said.tests),
    results: Object.values(said.results).flatMap((byTest) => Object.values(byTest)),
    ...(besides.length > 0 && { values_besides: besides.length }),
    ...(unknownCodes.size > 0 && { unknown_codes: [...unknownCodes].slice(0, NAMED_CODES) }),
    ...(drawn && { drawn }),
  };
}

/** When the specimens of these tests were collected; undefined without any test. */
function collectionOf(tests: readonly ReportedTest[]): ReportDigest['drawn'] {
  if (tests.length === 0) return undefined;
  let latest = '';
  for (const { specimens } of new Set(tests)) {
    for (const { collected_at } of specimens) {
      if (collected_at === null) return { collected_at: null };
      if (latest === '' || Date.parse(collected_at) > Date.parse(latest)) latest = collected_at;
    }
  }
  return { collected_at: latest || null };
}

/**
 * What all reports so far say: of tests by code; of results by slug and, since several tests may yield the same result,
 * by the test that it stands under.
 */
export interface ReportProgress<R extends ResultStatement = ResultStatement> {
  tests: Record<string, TestStatement>;
  results: Record<string, Record<string, R>>;
  /** There are values under no expected result; absent where there are none, and in memories from before that counted. */
  values_besides?: true;
}

export const noProgress = <R extends ResultStatement = ResultStatement>(): ReportProgress<R> => ({
  tests: {},
  results: {},
});

/** What a report states, as far as progress goes. */
type Statements<R extends ResultStatement> = Pick<ReportDigest, 'values_besides'> & {
  tests: readonly TestStatement[];
  results: readonly R[];
};

/** Takes a report's statements in; the given progress stays as it was. */
export function advance<R extends ResultStatement>(
  progress: ReportProgress<R>,
  statements: Statements<R>,
): ReportProgress<R> {
  const copies = Object.entries(progress.results).map(([slug, byTest]) => [slug, { ...byTest }]);
  const next: ReportProgress<R> = {
    ...progress,
    tests: { ...progress.tests },
    results: Object.fromEntries(copies),
  };
  takeIn(next, statements);
  return next;
}

/** What all these reports state together, in the order in which they came; as much work as they are long. */
export function progressOf<R extends ResultStatement>(reports: readonly Statements<R>[]): ReportProgress<R> {
  const progress = noProgress<R>();
  for (const report of reports) takeIn(progress, report);
  return progress;
}

function takeIn<R extends ResultStatement>(progress: ReportProgress<R>, said: Statements<R>): void {
  if (said.values_besides) progress.values_besides = true;
  for (const statement of said.tests) {
    if (supersedes(statement, progress.tests[statement.code])) progress.tests[statement.code] = statement;
  }
  for (const statement of said.results) {
    const { slug, test } = statement;
    progress.results[slug] ??= {};
    const byTest = progress.results[slug];
    if (supersedes(statement, byTest[test])) byTest[test] = statement;
  }
}

/** The lab's word on a result over all the tests that it stands under: a value under one beats its absence under another. */
export function wordOn<R extends ResultStatement>({ results }: ReportProgress<R>, slug: string): R | undefined {
  let word: R | undefined;
  for (const statement of Object.values(results[slug] ?? {})) {
    if (!word || outweighs(statement, word)) word = statement;
  }
  return word;
}

function outweighs(statement: Statement, other: Statement): boolean {
  const isValue = statement.failure_type === null;
  return isValue === (other.failure_type === null) ? supersedes(statement, other) : isValue;
}

/**
 * Whether the report on the order is final: of every ordered marker the test, or all that it must yield, under whatever
 * test that stands, is final, corrected or cancelled (D4).
 * @param rules The number of the journey's rules (domain/rules.ts); under the first ones only tests count.
 */
export function isFinal(progress: ReportProgress, markers: readonly OrderedMarker[], rules: number): boolean {
  const isSettled = (statement: Statement | undefined) => statement !== undefined && statement.status !== 'preliminary';
  return markers.every(({ provider_id, result_slugs, required_slugs = result_slugs }) => {
    if (isSettled(progress.tests[provider_id])) return true;
    return rules >= 2 && required_slugs.length > 0 && required_slugs.every((slug) => isSettled(wordOn(progress, slug)));
  });
}

/** Every expected result for which there is no value under any test, with the reason as far as the lab gave one. */
export function missingResults(progress: ReportProgress, markers: readonly OrderedMarker[]): MissingResult[] {
  const slugs = new Set(markers.flatMap((marker) => marker.result_slugs));
  return [...slugs].flatMap((slug) => {
    const word = wordOn(progress, slug);
    if (word?.failure_type === null) return [];
    return [{ slug, failure_type: word?.failure_type ?? reasonOfTests(progress, markers, slug) }];
  });
}

/** What the lab said of the tests that owe a result of which it said nothing. */
function reasonOfTests({ tests }: ReportProgress, markers: readonly OrderedMarker[], slug: string): FailureType {
  const owing = markers.filter((marker) => marker.result_slugs.includes(slug));
  const reasons = owing.map((marker) => tests[marker.provider_id]?.failure_type ?? null);
  return reasons.find((reason) => reason !== null) ?? 'unknown_failure';
}

/**
 * Whether the lab has reported a value.
 * @param rules The number of the journey's rules (domain/rules.ts); under the first ones only what was expected counts.
 */
export function anythingReported(progress: ReportProgress, rules: number): boolean {
  if (rules >= 2 && progress.values_besides) return true;
  return Object.keys(progress.results).some((slug) => wordOn(progress, slug)?.failure_type === null);
}
