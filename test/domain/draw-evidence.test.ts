/** G2: what shows that a visit took place, and from when on it counts. */
import { DEFAULT_DRAW_INFERRED_AFTER, drawInferredFrom, showsDraw } from '../../domain/results/draw-evidence.ts';
import type { ReportDigest } from '../../domain/results/report-progress.ts';

/** Half past six in the morning to half past seven, in Phoenix. */
const VISIT = {
  start_at: '2026-11-27T13:30:00.000Z',
  end_at: '2026-11-27T14:30:00.000Z',
  time_zone: 'America/Phoenix',
};
const digest = (drawn?: ReportDigest['drawn']): ReportDigest => ({
  report_id: 'r',
  tests: [],
  results: [],
  ...(drawn && { drawn }),
});

test.each([
  ['has no value for what was ordered', undefined, false],
  ['does not say when the specimen was collected', { collected_at: null }, true],
  ['says a time during the visit', { collected_at: '2026-11-27T13:45:00.000Z' }, true],
  ['says the first minute of its day', { collected_at: '2026-11-27T07:00:00.000Z' }, true],
  ['says the day only, on the laboratory’s clock', { collected_at: '2026-11-27T05:00:00.000Z' }, true],
  ['says the evening before', { collected_at: '2026-11-27T03:00:00.000Z' }, false],
  ['says a later day', { collected_at: '2026-11-30T13:45:00.000Z' }, true],
])('a report that %s', (_what, drawn, shows) => {
  expect(showsDraw(digest(drawn), VISIT)).toBe(shows);
});

test('of a visit without a time nothing shows that it took place', () => {
  const unknown = { start_at: null, end_at: null, time_zone: null };
  expect(showsDraw(digest({ collected_at: null }), unknown)).toBe(false);
  expect(drawInferredFrom(unknown, {})).toBe(Number.POSITIVE_INFINITY);
});

test('it counts from some hours after the end of the visit on, also where the journey’s policy is older than that', () => {
  const end = Date.parse(VISIT.end_at);
  expect(drawInferredFrom(VISIT, { draw_inferred_after: 5 })).toBe(end + 5);
  expect(drawInferredFrom(VISIT, {})).toBe(end + DEFAULT_DRAW_INFERRED_AFTER);
});
