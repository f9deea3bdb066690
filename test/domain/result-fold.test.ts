import type { Order } from '../../domain/orders/order.ts';
import type { LabReport } from '../../domain/results/lab-report.ts';
import { advance, digestReport, missingResults, noProgress } from '../../domain/results/report-progress.ts';
import { expectedResults, foldReports, type ReportedOrder } from '../../domain/results/result-fold.ts';
import { labOrder } from '../partners/lab-order.ts';
import { observation, reportOf, testOf } from '../support/partners/lab-report.ts';

const TSH = '3016-3';
/** Two tests that both owe a TSH. */
const [PANEL, ALONE] = ['thyroid-panel-with-tsh', 'tsh'];

/** An order that owes only a TSH, under every one of the tests that yield it. */
function thyroid(slugs: string[] = [PANEL, ALONE], changes: Partial<Order> = {}) {
  const { order, markers, laboratory } = labOrder('labcorp', slugs, changes);
  const only = { ...order, markers: order.markers.map((marker) => ({ ...marker, result_slugs: ['tsh'] })) };
  return { order: only, markers, laboratory, codes: order.markers.map(({ provider_id }) => provider_id) };
}

const { codes, ...ordered } = thyroid();
const [panel, alone] = codes as [string, string];
const reported = (reports: LabReport[], changes: Partial<ReportedOrder> = {}): ReportedOrder => ({
  ...ordered,
  reports,
  noMoreExpected: true,
  ...changes,
});

/** What the journey and what the result say of the TSH after these reports. */
function said(...reports: LabReport[]) {
  const expected = expectedResults(ordered.order, ordered.markers);
  const progress = reports.reduce(
    (before, report, index) =>
      advance(
        before,
        digestReport(String(index), report, expected, ordered.order.markers, () => true),
      ),
    noProgress(),
  );
  const result = foldReports([reported(reports)]);
  return {
    journey: missingResults(progress, ordered.order.markers).map(({ failure_type }) => failure_type),
    missing: result?.missing_results.map(({ inferred_failure_type }) => inferred_failure_type),
    values: result?.results.map(({ result: value }) => value),
  };
}

describe('A7: a result that several ordered tests yield', () => {
  const value = testOf(panel, [observation(TSH, '50')]);
  const none = testOf(alone, [observation(TSH, null, { failure_type: 'non_failure' })]);

  test.each([
    ['the value first', [reportOf([value, none])]],
    ['the value last', [reportOf([none, value])]],
    ['in two reports', [reportOf([value]), reportOf([none], { reported_at: '2026-11-21T10:00:00.000Z' })]],
  ])('has its value when one of them has it and another cannot: %s', (_how, reports) => {
    expect(said(...reports)).toEqual({ journey: [], missing: [], values: ['50'] });
  });

  test('is missing when none of them has a value', () => {
    const nowhere = testOf(panel, [observation(TSH, null, { failure_type: 'non_failure' })]);
    expect(said(reportOf([nowhere, none]))).toEqual({ journey: ['non_failure'], missing: ['non_failure'], values: [] });
  });

  test('loses its value only by a correction of the test that had it', () => {
    const corrected = testOf(panel, [observation(TSH, null, { failure_type: 'internal_lab_failure' })], {
      status: 'corrected',
    });
    expect(said(reportOf([value]), reportOf([corrected]))).toMatchObject({
      journey: ['internal_lab_failure'],
      missing: ['internal_lab_failure'],
      values: [],
    });
  });
});

test('D4: the journey and the result give the same reason for a result that a rejected specimen lacks', () => {
  const hemolyzed = testOf(alone, [], { failure_type: 'collection_process_failure' });
  const withdrawn = testOf(alone, [], { failure_type: null });
  const short = testOf(panel, [], { failure_type: 'quantity_not_sufficient_failure' });
  for (const reports of [
    [reportOf([short, hemolyzed])],
    [reportOf([hemolyzed]), reportOf([short])],
    [reportOf([hemolyzed]), reportOf([withdrawn], { reported_at: '2026-11-21T10:00:00.000Z' })],
  ]) {
    const { journey, missing } = said(...reports);
    expect(missing).toEqual(journey);
  }
});

test('G6: FASTING in OBR-13 is no statement of the patient where we sent it ourselves', () => {
  const fastingOf = (fasting: boolean, clinical_information: string) => {
    const of = reported([reportOf([testOf(alone, [])], { fasting: true, clinical_information })]);
    const result = foldReports([{ ...of, markers: of.markers.map((marker) => ({ ...marker, fasting })) }]);
    return Object.values(result?.sample_information ?? {}).map((sample) => sample.clinical_information?.fasting);
  };
  expect(fastingOf(true, 'FASTING')).toEqual([false]);
  expect(fastingOf(false, 'FASTING')).toEqual([true]);
  expect(fastingOf(true, 'Patient is fasting')).toEqual([true]);
});

test('a reflex test stands with what was ordered of the result that brought it about', () => {
  const reflex = testOf('9999', [observation('10000-0', '3')], { reflex_of: TSH });
  const { results } = foldReports([reported([reportOf([testOf(alone, [observation(TSH, '9')]), reflex])])]) ?? {};
  const [parent, child] = ['9', '3'].map((value) => results?.find(({ result }) => result === value));
  expect(child?.source_markers).toEqual(parent?.source_markers);
  expect(child).toMatchObject({ slug: '', source_markers: expect.arrayContaining([expect.anything()]) });
});

test.each([
  ['result', TSH],
  ['test', alone],
])('a reflex result that says so itself stands with the %s that brought it about', (_what, reflex_of) => {
  const reflex = testOf('9999', [observation('10000-0', '3', { reflex_of })]);
  const { results } = foldReports([reported([reportOf([testOf(alone, [observation(TSH, '9')]), reflex])])]) ?? {};
  const child = results?.find(({ result }) => result === '3');
  expect(child?.source_markers?.map(({ provider_id }) => provider_id)).toContain(alone);
});

describe('D10: the combined result', () => {
  const initialReport = reportOf([testOf(panel, []), testOf(alone, [], { failure_type: 'insufficient_volume' })]);
  const redraw = thyroid([ALONE], { origin: 'redraw', placer_order_number: 'VN0000099999' });

  test('shows what the lab left out of the ended order while the redraw is open', () => {
    const combined = foldReports([reported([initialReport]), { ...redraw, reports: [], noMoreExpected: false }]);
    expect(combined).toMatchObject({
      metadata: { status: 'partial' },
      missing_results: [{ slug: 'tsh', inferred_failure_type: 'insufficient_volume' }],
    });
  });

  test('keeps the reason of the initial order when its redraw ended with no report', () => {
    const combined = foldReports([reported([initialReport]), { ...redraw, reports: [], noMoreExpected: true }]);
    expect(combined).toMatchObject({
      metadata: { status: 'final' },
      missing_results: [{ slug: 'tsh', inferred_failure_type: 'insufficient_volume' }],
    });
  });
});

describe('F1: an order that was completed without a report', () => {
  const completed_at = '2026-11-20T10:00:00.000Z';

  test('has a result that lists everything as missing', () => {
    const { order, markers, laboratory } = labOrder('labcorp', ['tsh', 'lipid-panel']);
    const result = foldReports([{ order, markers, laboratory, reports: [], noMoreExpected: true, completed_at }]);
    expect(result?.missing_results.map(({ slug }) => slug)).toEqual(order.markers.flatMap((one) => one.result_slugs));
    expect(new Set(result?.missing_results.map((one) => one.inferred_failure_type))).toEqual(
      new Set(['unknown_failure']),
    );
    expect(result).toMatchObject({
      metadata: {
        status: 'final',
        interpretation: 'unknown',
        date_reported: completed_at,
        date_collected: null,
        specimen_number: order.placer_order_number,
        account_id: null,
      },
      results: [],
      sample_information: {},
    });
  });

  test('has none while it is open, and where it ended in another way', () => {
    expect(foldReports([reported([], { noMoreExpected: false })])).toBeNull();
    expect(foldReports([reported([], { completed_at: null })])).toBeNull();
  });

  test('says nothing of when the other order of its transaction was reported on, and has no say in a value', () => {
    const report = reportOf([testOf(alone, [observation(TSH, '2.1')])]);
    const redraw = thyroid([ALONE], { origin: 'redraw', placer_order_number: 'VN0000099999' });
    const combined = foldReports([reported([report]), { ...redraw, reports: [], noMoreExpected: true, completed_at }]);
    expect(combined).toMatchObject({
      metadata: { status: 'final', interpretation: 'normal', date_reported: report.reported_at },
      results: [{ slug: 'tsh', result: '2.1' }],
      missing_results: [],
    });
  });
});

describe('A7: the specimens', () => {
  const on = (number: string, collected_at: string) => ({ specimens: [{ number, collected_at, received_at: null }] });
  const morning = '2026-11-19T08:00:00.000Z';
  const noon = '2026-11-19T12:00:00.000Z';

  test('of a report are all kept, and each result names its own', () => {
    const result = foldReports([
      reported([
        reportOf([
          testOf(panel, [observation(TSH, '2.1')], on('SERUM', morning)),
          testOf(alone, [observation('9-9', '7')], on('URINE', noon)),
        ]),
      ]),
    ]);
    expect(result?.results.map((one) => [one.result, one.source_sample_id, one.timestamp])).toEqual([
      ['2.1', 'SERUM', morning],
      ['7', 'URINE', noon],
    ]);
    expect(result?.sample_information).toMatchObject({
      SERUM: { sample_id: 'SERUM', date_collected: { timestamp: morning } },
      URINE: { sample_id: 'URINE', date_collected: { timestamp: noon } },
    });
  });

  test('of two orders are told apart when the lab numbers them alike', () => {
    const { codes: _, ...redraw } = thyroid([ALONE], { origin: 'redraw', placer_order_number: 'VN0000099999' });
    const later = reportOf([testOf(alone, [observation(TSH, '2.1')], on('1', noon))]);
    const first = reportOf([testOf(panel, [observation('9-9', '7')], on('1', morning))]);
    const result = foldReports([reported([first]), { ...redraw, reports: [later], noMoreExpected: true }]);
    expect(result?.results.map((one) => [one.result, one.source_sample_id])).toEqual([
      ['2.1', 'VN0000099999 1'],
      ['7', '1'],
    ]);
    expect(result?.sample_information).toMatchObject({
      '1': { sample_id: '1', date_collected: { timestamp: morning } },
      'VN0000099999 1': { sample_id: '1', date_collected: { timestamp: noon } },
    });
  });
});

describe('A7: notes about a test as a whole stand with its specimen', () => {
  const notesIn = (...reports: LabReport[]) =>
    Object.values(foldReports([reported(reports)])?.sample_information ?? {}).map(
      ({ clinical_information }) => clinical_information.notes,
    );
  const later = { reported_at: '2026-11-21T10:00:00.000Z' };
  const noted = (notes: string | null, rest = {}) => testOf(panel, [observation(TSH, '50')], { notes, ...rest });

  test('under the name of the test, each once', () => {
    const other = testOf(alone, [], { name: 'Thyroid', notes: 'Repeated.' });
    expect(notesIn(reportOf([noted('Seen by Dr. Ito.'), other, other]))).toEqual([
      `${panel}\nSeen by Dr. Ito.\n\nThyroid\nRepeated.`,
    ]);
  });

  test('the newest report that has any says them, in whatever order reports come', () => {
    const [first, second] = [reportOf([noted('No growth yet.')]), reportOf([noted('No growth.')], later)];
    for (const reports of [
      [first, second],
      [second, first],
    ]) {
      expect(notesIn(...reports)).toEqual([`${panel}\nNo growth.`]);
    }
    expect(notesIn(first, reportOf([noted(null)], later))).toEqual([`${panel}\nNo growth yet.`]);
  });

  test('with the specimen that the test was done on', () => {
    const urine = [{ number: 'S2', collected_at: null, received_at: null }];
    expect(notesIn(reportOf([noted(null), testOf(alone, [], { notes: 'Cloudy.', specimens: urine })]))).toEqual([
      null,
      `${alone}\nCloudy.`,
    ]);
  });

  test('so does that there is none of a result that nobody ordered, until there is one', () => {
    const absent = observation('13969-1', null, { name: 'CK-MB', notes: 'QNS' });
    const canceled = reportOf([testOf(alone, [observation(TSH, '50'), absent])]);
    expect(notesIn(canceled)).toEqual(['CK-MB: no result\nQNS']);
    const value = observation('13969-1', '3.1', { name: 'CK-MB', status: 'corrected' });
    expect(notesIn(canceled, reportOf([testOf(alone, [value])], later))).toEqual([null]);
  });
});
