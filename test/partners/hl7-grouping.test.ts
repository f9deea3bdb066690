/** Which test, order, and patient a result belongs to in a message that is not in the usual order: no OBX is lost (G1). */
import { readReports } from '../../partners/labs/formats/hl7v2/reports/hl7-report.ts';
import { reportingLab } from '../../partners/labs/registry.ts';

const header = (type: string) =>
  `MSH|^~\\&|LAKELAB|LAKE LABORATORY|VENULE|4410|20261118093000-0600||${type}|LL-3|P|2.5.1`;
const pid = (name: string) => `PID|1||${name}||${name}^Kim||19790922|F`;
const orc = (number: string) => `ORC|RE|${number}|F-1`;
const obr = (code: string, number = '') =>
  `OBR|1|${number}|F-1|${code}^${code}^L|||202611171010-0600${'|'.repeat(18)}F`;
const spm = (number: string) => `SPM|1|^${number}||SER`;
const obx = (value: string) => `OBX|1|NM|${value}-1^Result ${value}^LN||${value}|ng/mL|||||F`;

/** Each report of the message: whose, of which order, and by test its values. */
function grouped(type: string, ...segments: string[]) {
  const lab = reportingLab('lakelab', {}, 'production', '2026-11-18T16:00:00.000Z');
  return readReports([header(type), ...segments].join('\r'), lab).reports.map((report) => [
    report.patient.last_name,
    report.placer_order_number,
    Object.fromEntries(report.tests.map((test) => [test.provider_id, test.observations.map(({ value }) => value)])),
  ]);
}

const ORU = 'ORU^R01^ORU_R01';
const OUL = 'OUL^R22^OUL_R22';

test('results that come before any test of their specimen count to the next one', () => {
  expect(grouped(OUL, pid('Ruiz'), obx('1'), spm('S1'), obx('2'), obr('A', 'N1'), obx('3'))).toEqual([
    ['Ruiz', 'N1', { A: ['1', '2', '3'] }],
  ]);
});

test('OUL^R22: an ORC below its OBR is that of this OBR, and ends no test', () => {
  expect(
    grouped(
      OUL,
      ...[pid('Ruiz'), spm('S1'), obr('A'), orc('N1'), obx('1')],
      ...[spm('S2'), obr('B'), orc('N2'), obx('2'), obr('C'), orc('N2'), obx('3')],
    ),
  ).toEqual([
    ['Ruiz', 'N1', { A: ['1'] }],
    ['Ruiz', 'N2', { B: ['2'], C: ['3'] }],
  ]);
});

test('OUL^R22: an ORC above its OBR is that of this OBR, too', () => {
  expect(grouped(OUL, pid('Ruiz'), spm('S1'), orc('N1'), obr('A'), obx('1'), orc('N2'), obr('B'), obx('2'))).toEqual([
    ['Ruiz', 'N1', { A: ['1'] }],
    ['Ruiz', 'N2', { B: ['2'] }],
  ]);
});

test('results without a test never count to another patient', () => {
  expect(grouped(ORU, pid('Ruiz'), obx('1'), pid('Sato'), orc('N2'), obr('B'), obx('2'))).toEqual([
    ['Ruiz', null, { '': ['1'] }],
    ['Sato', 'N2', { B: ['2'] }],
  ]);
  expect(grouped(ORU, pid('Ruiz'), orc('N1'), obr('A'), obx('1'), pid('Sato'), orc('N2'), obx('2'))).toEqual([
    ['Ruiz', 'N1', { A: ['1'] }],
    ['Sato', 'N2', { '': ['2'] }],
  ]);
});

test('results below an ORC that no OBR follows count to the test before', () => {
  expect(grouped(ORU, pid('Ruiz'), orc('N1'), obr('A'), obx('1'), orc('N1'), obx('2'))).toEqual([
    ['Ruiz', 'N1', { A: ['1', '2'] }],
  ]);
});
