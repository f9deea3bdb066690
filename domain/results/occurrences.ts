/**
 * Several results under one code: the organisms of a culture, the times of a tolerance test. The first stands under the
 * code, so that whoever looks it up finds it; each further one is an entry of its own.
 */
import { type Occurrence, pairing } from './occurrence-pairing.ts';
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
 * it (occurrence-pairing.ts).
 * @param reports in the order in which they came
 */
export function apart<T, S>(reports: readonly Statements<T, S>[]): Statements<T, S>[] {
  const known = new Map<string, Occurrence[]>();
  return reports.map(({ tests, results }) => {
    const numbers = new Map<FullStatement<T>, number>();
    for (const [place, said] of Map.groupBy(results, ({ slug, test }) => [slug, test].join(MARK))) {
      const occurrences = known.get(place) ?? [];
      known.set(place, occurrences);
      const paired = pairing(
        said.map(({ status, source }) => ({ status, observation: source.observation })),
        occurrences,
      );
      paired.forEach((number, index) => {
        numbers.set(said[index] as FullStatement<T>, number);
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
