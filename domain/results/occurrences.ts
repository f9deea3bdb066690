/**
 * Several results under one code: the organisms of a culture, the times of a tolerance test. The first stands under the
 * code, so that whoever looks it up finds it; each further one is an entry of its own.
 */
import type { FullStatement, ReportProgress } from './report-progress.ts';

/** Where the further occurrences of a result are kept, beside its slug. */
const MARK = '\n';

/** A further occurrence, which nobody finds by slug or LOINC. */
export const isFurther = (slug: string): boolean => slug.includes(MARK);

/** What one report states of results; `tests` are passed on. */
interface Statements<T, S> {
  tests: S;
  results: FullStatement<T>[];
}

/**
 * Gives each further occurrence a slug of its own, the same in all reports on an order, so that a correction of one finds
 * it. They are told apart by the sub-id (OBX-4), else the time, else the name, else the value; what says the same twice is
 * one.
 * @param reports in the order in which they came
 */
export function apart<T, S>(reports: readonly Statements<T, S>[]): Statements<T, S>[] {
  const known = new Map<string, Map<string, number>>();
  return reports.map(({ tests, results }) => {
    const groups = Map.groupBy(results, ({ slug, test, status }) => [slug, test, status].join(MARK));
    const numbers = new Map<FullStatement<T>, number>();
    for (const group of groups.values()) {
      const [{ slug, test }] = group as [FullStatement<T>];
      const place = [slug, test].join(MARK);
      const labels = known.get(place) ?? new Map<string, number>();
      known.set(place, labels);
      const names = labelsOf(group);
      group.forEach((statement, index) => {
        numbers.set(statement, numberOf(names[index] as string, labels, group.length === 1));
      });
    }
    return {
      tests,
      results: results.map((statement) => {
        const number = numbers.get(statement) ?? 0;
        if (number === 0) return statement;
        return { ...statement, slug: `${statement.slug}${MARK}${number}` };
      }),
    };
  });
}

/** A result that stands alone is the only one there is, however it is numbered this time. */
function numberOf(label: string, labels: Map<string, number>, isAlone: boolean): number {
  const number = labels.get(label);
  if (number !== undefined) return number;
  if (isAlone && labels.size === 1) return 0;
  labels.set(label, labels.size);
  return labels.size - 1;
}

function labelsOf<T>(group: readonly FullStatement<T>[]): string[] {
  const observations = group.map(({ source }) => source.observation);
  const ways = [
    observations.map(({ sub_id }) => sub_id ?? null),
    observations.map(({ observed_at }) => observed_at),
    observations.map(({ name }) => name),
  ];
  const telling = ways.find((way) => way.every((label) => label !== null) && new Set(way).size === way.length);
  if (telling) return telling.map(String);
  return observations.map(({ value, unit, notes }) => JSON.stringify([value, unit, notes]));
}

/** A result is missing only if no occurrence has a value: else the next that has one takes the place of the first. */
export function promote<T>(progress: ReportProgress<FullStatement<T>>, slugs: Iterable<string>): void {
  const further = Map.groupBy(Object.keys(progress.results).filter(isFurther), (slug) => slug.split(MARK)[0]);
  for (const slug of slugs) {
    const hasValue = (key: string) =>
      Object.values(progress.results[key] ?? {}).some(({ failure_type }) => failure_type === null);
    if (hasValue(slug)) continue;
    const next = further.get(slug)?.find(hasValue);
    if (next === undefined) continue;
    const statements = Object.entries(progress.results[next] ?? {});
    progress.results[slug] = Object.fromEntries(statements.map(([test, statement]) => [test, { ...statement, slug }]));
    delete progress.results[next];
  }
}
