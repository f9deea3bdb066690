/** Texts of many megabytes wherever a laboratory may put them, in a process that has been running for long (G1). */
import '../support/unoptimized-expressions.ts';
import { readAcknowledgement } from '../../partners/labs/formats/hl7v2/hl7-acknowledgement.ts';
import { Hl7Refused } from '../../partners/labs/formats/hl7v2/hl7-message.ts';
import { readingCarried } from '../../partners/labs/formats/hl7v2/hl7-requisition.ts';
import { readReports } from '../../partners/labs/formats/hl7v2/reports/hl7-report.ts';
import { atOnce } from '../../partners/labs/formats/hl7v2/steps.ts';
import { reportingLab } from '../../partners/labs/registry.ts';

const LONG = 12_000_000;
const lab = reportingLab('labcorp', {});

const HEAD = [
  'MSH|^~\\&|LAB|LAB|VENULE|1|20261120143000-0500||ORU^R01^ORU_R01|LONG-1|P|2.5.1',
  'PID|1||p1^^^VENULE^PI||Bell^Ana||19850312|F',
  'ORC|RE|VN1|ACC-1',
  'OBR|1|VN1|ACC-1|1^Test^L|||202611200815-0500|||||||||||||||20261120142500-0500|||F',
];
const ofType = (type: string) => (long: string) => `OBX|1|${type}|1-1^Result^LN||${long}|mg/dL|1-9|N|||F`;

/** A segment with a long text in one of its places. */
const PLACES: Record<string, (long: string) => string> = {
  ...Object.fromEntries(
    ['NM', 'SN', 'ST', 'TX', 'CE', 'DT', 'TS', 'RP', ''].map((type) => [`OBX-5 (${type})`, ofType(type)]),
  ),
  'OBX-5 (ED, base64)': (long) => ofType('ED')(`^application^pdf^Base64^${long}`),
  'OBX-5 (ED, hex)': (long) => ofType('ED')(`^application^pdf^Hex^${long}`),
  'OBX-5 (an escape)': (long) => ofType('TX')(`\\X${long}\\ \\.sp${long}\\`),
  'OBX-3': (long) => `OBX|1|ST|${long}^Result^LN||5|mg/dL|1-9|N|||F`,
  'OBX-4': (long) => `OBX|1|ST|1-1^Result^LN|^${long}|5|mg/dL|1-9|N|||F`,
  'OBX-6': (long) => `OBX|1|NM|1-1^Result^LN||5|${long}|1-9|N|||F`,
  'OBX-7': (long) => `OBX|1|NM|1-1^Result^LN||5|mg/dL|${long}|N|||F`,
  'OBX-8': (long) => `OBX|1|NM|1-1^Result^LN||5|mg/dL|1-9|${long}|||F`,
  'OBX-14': (long) => `OBX|1|NM|1-1^Result^LN||5|mg/dL|1-9|N|||F|||${long}`,
  NTE: (long) => `OBX|1|NM|1-1^Result^LN||5|mg/dL|1-9|N|||F\rNTE|1|L|${long}`,
  'a Z segment': (long) => `ZZZ|1|${long}`,
  'no segment': (long) => long,
};

/** Read, or refused for a reason: not a fault of ours. */
function isReadOrRefused(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof Hl7Refused) return true;
    throw error;
  }
}

describe.each(Object.keys(PLACES))('%s', (place) => {
  test.each(['A', '1', ' ', '.', '=', '\t', 'é'])('of %j is read or refused', (letter) => {
    const segment = (PLACES[place] as (typeof PLACES)[string])(letter.repeat(LONG));
    expect(isReadOrRefused(() => readReports([...HEAD, segment].join('\r'), lab))).toBe(true);
  });
});

test.each(['A', ' '])('an acknowledgment with a long text of %j is read, and so is what it carries', (letter) => {
  const header = 'MSH|^~\\&|LAB|LAB|VENULE|1|20261121090000||ORR^O02|A-1|P|2.5.1';
  const text = `${header}\rMSA|AA|C-1\rOBX|1|ED|REQ^Form^L||^application^pdf^Base64^${letter.repeat(LONG)}\r`;
  expect(readAcknowledgement(text)).toMatchObject({ code: 'AA' });
  expect(atOnce(readingCarried(text))).toBeTruthy();
});

test('a header without an end is refused', () => {
  expect(isReadOrRefused(() => readReports(`MSH|^~\\&|${'A'.repeat(LONG)}`, lab))).toBe(true);
});
