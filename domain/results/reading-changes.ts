/** What one reading of a message says otherwise than another: for the person who decides whether it should count. */
import type { LabReport, Observation, ReportedTest } from './lab-report.ts';

/** One thing that is read otherwise; null on a side that does not have it. */
export interface ReadingChange {
  /** The test, as the later reading names it. */
  test: string;
  /** The result; null where the test itself is meant, or the report. */
  result: string | null;
  was: string | null;
  becomes: string | null;
}

/** What is said of something, by what it is known by in both readings. */
type Said = Map<string, { test: string; result: string | null; words: string }>;

/**
 * What differs between two readings of a report, in the order of the earlier one. Both may be long: each is gone through
 * once.
 * @param before Null where there was none, and `after` null where there is none any more.
 */
export function readingChanges(before: LabReport | null, after: LabReport | null): ReadingChange[] {
  const [one, other] = [saidIn(before), saidIn(after)];
  return [...new Set([...one.keys(), ...other.keys()])].flatMap((key) => {
    const [was, becomes] = [one.get(key), other.get(key)];
    if (was?.words === becomes?.words) return [];
    const { test, result } = (becomes ?? was) as { test: string; result: string | null };
    return [{ test, result, was: was?.words ?? null, becomes: becomes?.words ?? null }];
  });
}

function saidIn(report: LabReport | null): Said {
  const said: Said = new Map();
  if (!report) return said;
  said.set('report', { test: 'report', result: null, words: factsOf(report) });
  const seen = new Map<string, number>();
  for (const test of report.tests) {
    const { provider_id, name, status, failure_type, notes } = test;
    const place = numbered(seen, name || provider_id);
    const words = inWords([provider_id, status, failure_type, notes]);
    said.set(`test\n${place}`, { test: name || provider_id, result: null, words });
    for (const observation of test.observations) {
      const key = numbered(seen, [place, observation.name, observation.sub_id ?? ''].join('\n'));
      const result = { test: name || provider_id, result: observation.name, words: saidOf(observation, test) };
      said.set(`result\n${key}`, result);
    }
  }
  return said;
}

/** A name with how many of it came before, so that the third of one reading is compared with the third of the other. */
function numbered(seen: Map<string, number>, name: string): string {
  const count = (seen.get(name) ?? 0) + 1;
  seen.set(name, count);
  return count === 1 ? name : `${name}\n#${count}`;
}

function factsOf(report: LabReport): string {
  const { placer_order_number, patient, collected_at, received_at, reported_at } = report;
  const person = [patient.first_name, patient.last_name, patient.dob, patient.gender].filter(Boolean).join(' ');
  const times = [
    ['collected', collected_at],
    ['received', received_at],
    ['reported', reported_at],
  ].flatMap(([what, at]) => (at ? `${what} ${at}` : []));
  return inWords([placer_order_number ?? 'no order number', person, ...times]);
}

function saidOf(observation: Observation, test: ReportedTest): string {
  const { value, unit, failure_type, reference_range, interpretation, status, notes, loinc, provider_id } = observation;
  const shown = failure_type ? `missing: ${failure_type}` : [value, unit].filter(Boolean).join(' ');
  return inWords([
    shown,
    reference_range && `range ${reference_range}`,
    interpretation !== 'normal' && !failure_type && interpretation,
    status !== test.status && status,
    observation.type !== 'numeric' && !failure_type && observation.type,
    [loinc, provider_id].filter(Boolean).join('/'),
    observation.observed_at,
    notes,
  ]);
}

const inWords = (parts: readonly (string | null | false)[]): string => parts.filter(Boolean).join(', ');
