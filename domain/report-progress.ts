/**
 * How far the lab has come with an order, as the journey needs to know it: which tests are settled and which results
 * are missing. Holds codes only, never a value.
 */
import type { FailureType, LabReport, ReportedStatus } from './lab-report.ts';
import type { OrderedMarker } from './order.ts';
import type { MissingResult } from './redraw.ts';

/** What one report says about the results that an order expects. Travels in the signal to the journey. */
export interface ReportDigest {
  /** Id of the stored lab message. */
  report_id: string;
  /** ISO instant at which the lab reported. */
  reported_at: string;
  /** Ordered tests by the lab's test code; `failure_type` is why results of the test are missing, where the lab said so. */
  tests: { code: string; status: ReportedStatus; failure_type: FailureType | null }[];
  /** Expected results by slug; `failure_type` is set when the lab says that there will be none. */
  results: { slug: string; status: ReportedStatus; failure_type: FailureType | null }[];
}

/** A statement of the lab, with what decides between two statements about the same thing. */
export interface Statement {
  status: ReportedStatus;
  /** ISO instant. */
  reported_at: string;
}

const RANK: Record<ReportedStatus, number> = { preliminary: 0, final: 1, cancelled: 1, corrected: 2 };

/**
 * Whether a statement replaces an earlier one about the same test or result: a preliminary one never replaces a final
 * one, however late it comes in, and between equals the newer report wins. Messages may arrive in any order (F5).
 */
export function supersedes(statement: Statement, earlier: Statement | undefined): boolean {
  if (!earlier) return true;
  const rank = RANK[statement.status] - RANK[earlier.status];
  return rank > 0 || (rank === 0 && Date.parse(statement.reported_at) >= Date.parse(earlier.reported_at));
}

/** A test or result that a lab corrects is corrected even when the correction takes the value away. */
export const effectiveStatus = (test: ReportedStatus, result: ReportedStatus): ReportedStatus =>
  test === 'corrected' && result !== 'preliminary' ? 'corrected' : result;

/** How results of a report are recognised as the ones an order expects. */
export interface ExpectedResultCodes {
  slug: string;
  loinc: string;
  provider_id: string;
}

/** The expected result that an observation is about: by LOINC, else by the lab's own code. */
export function expectedResultOf<T extends ExpectedResultCodes>(
  observation: { loinc: string | null; provider_id: string | null },
  expected: readonly T[],
): T | undefined {
  return (
    expected.find((result) => observation.loinc !== null && result.loinc === observation.loinc) ??
    expected.find((result) => observation.provider_id !== null && result.provider_id === observation.provider_id)
  );
}

/** Reduces a report to what its order's journey must know. */
export function digestReport(
  reportId: string,
  report: LabReport,
  expected: readonly ExpectedResultCodes[],
): ReportDigest {
  return {
    report_id: reportId,
    reported_at: report.reported_at,
    tests: report.tests.map((test) => ({
      code: test.provider_id,
      status: test.status,
      failure_type: test.failure_type,
    })),
    results: report.tests.flatMap((test) =>
      test.observations.flatMap((observation) => {
        const result = expectedResultOf(observation, expected);
        const status = effectiveStatus(test.status, observation.status);
        return result ? [{ slug: result.slug, status, failure_type: observation.failure_type }] : [];
      }),
    ),
  };
}

type StatementWithReason = Statement & { failure_type: FailureType | null };

/** What all reports so far say, by test code and by result slug. */
export interface ReportProgress {
  tests: Record<string, StatementWithReason>;
  results: Record<string, StatementWithReason>;
}

export const noProgress = (): ReportProgress => ({ tests: {}, results: {} });

/** Takes a report in; the given progress stays as it was. */
export function advance(progress: ReportProgress, digest: ReportDigest): ReportProgress {
  const next: ReportProgress = { tests: { ...progress.tests }, results: { ...progress.results } };
  for (const test of digest.tests) {
    const statement = { status: test.status, reported_at: digest.reported_at, failure_type: test.failure_type };
    if (supersedes(statement, next.tests[test.code])) next.tests[test.code] = statement;
  }
  for (const result of digest.results) {
    const statement = { status: result.status, reported_at: digest.reported_at, failure_type: result.failure_type };
    if (supersedes(statement, next.results[result.slug])) next.results[result.slug] = statement;
  }
  return next;
}

/** Whether the report on the order is final: every ordered test final, corrected or cancelled (D4). */
export function isFinal(progress: ReportProgress, markers: readonly OrderedMarker[]): boolean {
  return markers.every((marker) => {
    const statement = progress.tests[marker.provider_id];
    return statement !== undefined && statement.status !== 'preliminary';
  });
}

/** Every expected result for which there is no value, with the reason as far as the lab gave one. */
export function missingResults(progress: ReportProgress, markers: readonly OrderedMarker[]): MissingResult[] {
  const reasons = new Map<string, FailureType>();
  for (const marker of markers) {
    const ofTheTest = progress.tests[marker.provider_id]?.failure_type ?? null;
    for (const slug of marker.result_slugs) {
      const statement = progress.results[slug];
      const reason = statement ? statement.failure_type : (ofTheTest ?? reasons.get(slug) ?? 'unknown_failure');
      if (reason) reasons.set(slug, reason);
    }
  }
  return [...reasons].map(([slug, failure_type]) => ({ slug, failure_type }));
}

/** Whether the lab has reported a value for anything that was ordered. */
export function anythingReported(progress: ReportProgress): boolean {
  return Object.values(progress.results).some((statement) => statement.failure_type === null);
}
