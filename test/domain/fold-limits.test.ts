/** What folding many reports costs: docs/hl7.md, "Limits". */
import type { LabReport, Observation } from '../../domain/results/lab-report.ts';
import { labOrder } from '../partners/lab-order.ts';
import { type Counting, startCounting } from '../support/operations.ts';

let counting: Counting;
let fold: typeof import('../../domain/results/result-fold.ts');
beforeAll(async () => {
  counting = await startCounting(['domain/results']);
  fold = await import('../../domain/results/result-fold.ts');
});
afterAll(() => counting.stop());

const { order, markers, laboratory } = labOrder('labcorp', ['tsh']);

/** A report with a value that nobody asked for. */
const reportOf = (number: number): LabReport => ({
  lab_slug: 'labcorp',
  placer_order_number: null,
  filler_order_number: null,
  control_id: String(number),
  patient: { first_name: 'Ana', last_name: 'Bell', dob: null, gender: null },
  specimen_number: null,
  collected_at: null,
  received_at: null,
  reported_at: '2026-11-20T10:00:00.000Z',
  fasting: null,
  clinical_information: null,
  total_volume: null,
  account_number: null,
  ordering_provider: null,
  performing_laboratories: {},
  tests: [
    {
      provider_id: 'A',
      name: 'A',
      status: 'final',
      failure_type: null,
      notes: null,
      observations: [
        {
          loinc: `${number}-1`,
          provider_id: null,
          name: `Value ${number}`,
          status: 'final',
          failure_type: null,
          type: 'numeric',
          value: '5.4',
          unit: null,
          reference_range: null,
          interpretation: 'normal',
          source_interpretation: '',
          notes: null,
          observed_at: null,
          performing_laboratory: null,
        } satisfies Observation,
      ],
      specimens: [],
    },
  ],
});

test('2.1: the work of folding reports into a result grows with their number, not with its square', async () => {
  const work = async (count: number) => {
    const reports = Array.from({ length: count }, (_, number) => reportOf(number));
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
