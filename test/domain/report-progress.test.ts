/** D4, D5: when the laboratory is done with an order, and whether it has reported anything. */
import type { LabReport, ReportedStatus } from '../../domain/results/lab-report.ts';
import {
  advance,
  anythingReported,
  digestReport,
  isFinal,
  missingResults,
  noProgress,
  type ResultStatement,
} from '../../domain/results/report-progress.ts';
import { expectedResults } from '../../domain/results/result-fold.ts';
import { labOrder } from '../partners/lab-order.ts';

const { order, markers } = labOrder('labcorp', ['lipid-panel']);
const [lipids] = order.markers as [(typeof order.markers)[number]];
const AT = '2026-11-20T12:00:00.000Z';

const result = (slug: string, status: ReportedStatus, test = 'another'): ResultStatement => ({
  slug,
  test,
  status,
  reported_at: AT,
  failure_type: status === 'cancelled' ? 'quantity_not_sufficient_failure' : null,
});
const said = (results: ResultStatement[], tests: ReportedStatus[] = []) =>
  advance(noProgress(), {
    tests: tests.map((status) => ({ code: lipids.provider_id, status, reported_at: AT, failure_type: null })),
    results,
  });
const all = (status: ReportedStatus) => lipids.result_slugs.map((slug) => result(slug, status));

test.each<[string, ReturnType<typeof said>, boolean, boolean]>([
  ['its test is final', said([], ['final']), true, true],
  ['every result is final under another code', said(all('final')), false, true],
  ['every result is settled, some without a value', said(all('cancelled')), false, true],
  ['every result is final and its own test preliminary', said(all('final'), ['preliminary']), false, true],
  ['every result is preliminary', said(all('preliminary')), false, false],
  ['one result has not come', said(all('final').slice(1)), false, false],
  ['nothing has come', said([]), false, false],
])('D4: %s: final by the first rules %s, by today’s %s', (_what, progress, first, todays) => {
  expect([isFinal(progress, order.markers, 1), isFinal(progress, order.markers, 2)]).toEqual([first, todays]);
});

test('D4: a result that is not required is not waited for', () => {
  const [optional, ...required_slugs] = lipids.result_slugs;
  const progress = said(all('final').filter(({ slug }) => slug !== optional));
  expect(isFinal(progress, [{ ...lipids, required_slugs }], 2)).toBe(true);
  expect(isFinal(progress, [{ ...lipids, required_slugs: [] }], 2)).toBe(false);
});

const observation = (loinc: string, collected_at: string | null, changes: object = {}) => ({
  provider_id: lipids.provider_id,
  name: 'Test',
  status: 'final',
  failure_type: null,
  notes: null,
  specimens: [{ number: 'S', collected_at, received_at: null }],
  observations: [{ loinc, provider_id: `L${loinc}`, name: loinc, status: 'final', failure_type: null, ...changes }],
});
const digest = (...tests: ReturnType<typeof observation>[]) => {
  const report = { reported_at: AT, tests } as unknown as LabReport;
  return digestReport('r', report, expectedResults(order, markers), order.markers, ({ loinc }) => loinc === 'reflex');
};
const [first] = markers[0]?.expected_results ?? [];
const ordered = first?.loinc.code ?? '';

test('D5: values under codes that nobody ordered count as reported, and those that nobody knows are named', () => {
  const report = digest(
    observation('reflex', AT),
    observation('99-9', AT),
    observation('98-8', AT, { failure_type: 'non_failure' }),
  );
  expect(report).toMatchObject({ values_besides: 2, unknown_codes: ['L99-9'], results: [] });
  const progress = advance(noProgress(), report);
  expect([anythingReported(progress, 1), anythingReported(progress, 2)]).toEqual([false, true]);
  expect(anythingReported(advance(progress, digest()), 2)).toBe(true);
  expect(missingResults(progress, order.markers)).toHaveLength(lipids.result_slugs.length);
});

test('G2: a report tells when the specimen of what was ordered was collected, of several the latest', () => {
  const [early, late] = ['2026-11-19T12:00:00.000Z', '2026-11-20T08:00:00.000Z'];
  expect(digest(observation(ordered, late), observation(ordered, early)).drawn).toEqual({ collected_at: late });
  expect(digest(observation(ordered, late), observation(ordered, null)).drawn).toEqual({ collected_at: null });
  expect(digest(observation('reflex', late)).drawn).toBeUndefined();
  expect(digest(observation(ordered, late, { failure_type: 'non_failure' })).drawn).toBeUndefined();
});

test('a digest says each thing once, and nothing of tests that were not ordered', () => {
  const again = digest(...Array.from({ length: 50 }, () => observation(ordered, AT)));
  expect([again.tests, again.results].map(({ length }) => length)).toEqual([1, 1]);
  expect(digest({ ...observation(ordered, AT), provider_id: 'elsewhere' }).tests).toEqual([]);
});
