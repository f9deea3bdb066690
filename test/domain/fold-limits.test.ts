/** What folding many reports costs: docs/hl7.md, "Limits". */
import { labOrder } from '../partners/lab-order.ts';
import { type Counting, startCounting } from '../support/operations.ts';
import { observation, reportOf, testOf } from '../support/partners/lab-report.ts';

let counting: Counting;
let fold: typeof import('../../domain/results/result-fold.ts');
beforeAll(async () => {
  counting = await startCounting(['domain/results']);
  fold = await import('../../domain/results/result-fold.ts');
});
afterAll(() => counting.stop());

const { order, markers, laboratory } = labOrder('labcorp', ['tsh']);

/** A report with a value that nobody asked for. */
const reportWith = (number: number) => reportOf([testOf('A', [observation(`${number}-1`, '5.4')])]);

test('2.1: the work of folding reports into a result grows with their number, not with its square', async () => {
  const work = async (count: number) => {
    const reports = Array.from({ length: count }, (_, number) => reportWith(number));
    let values = 0;
    const { total } = await counting.of(() => {
      const result = fold.foldReports([{ order, markers, laboratory, reports, noMoreExpected: true }]);
      values = result?.results.length ?? 0;
    });
    expect(values).toBe(count);
    return total;
  };
  const [some, more] = [await work(250), await work(2_000)];
  expect(some).toBeGreaterThan(250);
  // Eight times as much; the square would be sixty-four times.
  expect(more / some).toBeLessThan(12);
});
