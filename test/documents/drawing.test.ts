/** 2.1: who asks for a long report keeps nobody else waiting. */
import type { ResultReportContent } from '../../documents/result-report/result-report.ts';
import { type Counting, startCounting } from '../support/operations.ts';
import { pngOf } from '../support/png.ts';
import { markersOf, orderOf, reportOf, requisitionOf, resultsOf, wellness } from './examples.ts';

let counting: Counting;
beforeAll(async () => {
  counting = await startCounting(['documents']);
});
afterAll(() => counting.stop());

const panel = markersOf(wellness);
const results = resultsOf(panel);
/** A report of so many times the panel's results. */
function reportTimes(times: number): ResultReportContent {
  const content = reportOf(panel, results);
  const copies = Array.from({ length: times }, (_, n) => results.map((one) => ({ ...one, slug: `${one.slug} ${n}` })));
  return { ...content, result: { ...content.result, results: copies.flat() } };
}

test('a report is drawn elsewhere, to the same bytes; this thread has no more to do for a long one', async () => {
  const { drawDocument } = await import('../../documents/drawing.ts');
  const drawResultReport = (content: ResultReportContent) => drawDocument({ kind: 'result', content });
  const contents = [reportTimes(1), reportTimes(10)];
  const works = [];
  for (const content of contents) works.push((await counting.of(() => drawResultReport(content))).total);
  const [short = 0, long] = works;
  expect(short).toBeGreaterThan(0);
  expect(long).toBeLessThanOrEqual(short);
  const { renderResultReport } = await import('../../documents/result-report/result-report.ts');
  const content = reportTimes(2);
  expect((await drawResultReport(content)).equals(await renderResultReport(content))).toBe(true);
});

test('of several at once each gets its own, and one that cannot be drawn fails alone', async () => {
  const { drawDocument } = await import('../../documents/drawing.ts');
  const drawResultReport = (content: ResultReportContent) => drawDocument({ kind: 'result', content });
  const broken = { ...reportTimes(1), result: null } as unknown as ResultReportContent;
  const [one, failed, other] = await Promise.allSettled(
    [1, 0, 3].map((n) => drawResultReport(n ? reportTimes(n) : broken)),
  );
  expect(failed?.status).toBe('rejected');
  const lengths = [one, other].map((drawn) => (drawn?.status === 'fulfilled' ? drawn.value.length : 0));
  expect(lengths[0]).toBeGreaterThan(0);
  expect(lengths[1]).toBeGreaterThan(lengths[0] ?? 0);
});

test('a requisition with its pictures, to the same bytes', async () => {
  const { drawDocument } = await import('../../documents/drawing.ts');
  const { renderRequisition } = await import('../../documents/requisition/requisition.ts');
  const plain = requisitionOf(orderOf(panel));
  const [logo, signature] = [pngOf(60, 20), pngOf(90, 30)];
  const content = { ...plain, team: { ...plain.team, logo }, signature };
  const drawn = await drawDocument({ kind: 'requisition', content });
  expect(drawn.equals(await renderRequisition(content))).toBe(true);
  expect(drawn.equals(await renderRequisition(plain))).toBe(false);
});
