/** F5: what a report adds to a result is measured, so that no result outgrows the database. */
import mongoose from 'mongoose';
import type { LabReport, Observation } from '../../domain/results/lab-report.ts';
import { foldReports } from '../../domain/results/result-fold.ts';
import type { Catalogue } from '../../store/catalogue/catalogue.ts';
import { bytesInResult } from '../../store/results/result-limit.ts';
import { observation, reportOf, testOf } from '../support/partners/lab-report.ts';
import { freshCatalogue } from '../support/running/fresh-store.ts';
import { anOrder } from '../support/running/in-process-venule.ts';

let discard: () => Promise<void>;
let catalogue: Catalogue;
beforeAll(async () => {
  ({ catalogue, discard } = await freshCatalogue());
});
afterAll(() => discard());

const place = (name: string) => ({
  name,
  phone_number: '+16025550143',
  medical_director: 'Dr. Grace Hopper',
  clia_number: '05D0642827',
  address: { first_line: '1 Oak Street', second_line: null, city: 'Phoenix', state: 'AZ', zip: '85004', country: 'US' },
});

const observationOf = (number: number, changes: Partial<Observation>): Observation =>
  observation(`${number}-9`, '50', { provider_id: `P${number}`, name: 'A result', ...changes });

function report(values: number, changes: (number: number) => Partial<Observation>, specimens: number): LabReport {
  const places = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`lab ${n}`, place(`lab ${n}`)]));
  const test = testOf(
    'T',
    Array.from({ length: values }, (_, number) => observationOf(number, changes(number))),
    {
      specimens: Array.from({ length: specimens }, (_, n) => ({
        number: `S${n}`,
        collected_at: '2026-11-27T08:00:00.000Z',
        received_at: '2026-11-27T08:00:00.000Z',
      })),
    },
  );
  const clinical_information = 'Ünder treatment. '.repeat(20);
  return reportOf([test], { clinical_information, performing_laboratories: places });
}

test.each<[what: string, LabReport]>([
  ['many short values', report(5_000, () => ({}), 1)],
  ['long texts', report(20, () => ({ type: 'comment', value: 'ü'.repeat(50_000), notes: 'x'.repeat(30_000) }), 1)],
  ['many specimens', report(10, () => ({}), 3_000)],
  ['many specimens, each done at many places', report(40, (n) => ({ performing_laboratory: `lab ${n}` }), 500)],
])('F5: a report of %s is measured as no shorter than its result, and not much longer', (_what, one) => {
  const order = anOrder(catalogue, '7f1c2f64-0000-4000-8000-000000000000');
  const laboratory = catalogue.laboratories.get(order.lab_id);
  if (!laboratory) throw new Error('The catalogue has no such laboratory');
  const markers = order.markers.flatMap(({ marker_id }) => catalogue.markers.get(marker_id) ?? []);
  const result = foldReports([{ order, markers, laboratory, reports: [one], noMoreExpected: true }]);
  const actual = mongoose.mongo.BSON.calculateObjectSize({ result });
  const nothing = foldReports([
    { order, markers, laboratory, reports: [report(0, () => ({}), 0)], noMoreExpected: true },
  ]);
  const ofCatalogue = mongoose.mongo.BSON.calculateObjectSize({ nothing });
  expect(actual - ofCatalogue).toBeLessThanOrEqual(bytesInResult(one));
  expect(bytesInResult(one)).toBeLessThan(2.5 * actual);
});
