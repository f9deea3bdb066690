/** Documents inside messages: found wherever they stand, decoded, told apart from results, and called what they are. */
import { createHash } from 'node:crypto';
import type { LabReport } from '../../domain/results/lab-report.ts';
import { readReports } from '../../partners/labs/formats/hl7v2/reports/hl7-report.ts';
import { reportingLab } from '../../partners/labs/registry.ts';

const HEAD = [
  'MSH|^~\\&|HILLLAB|HILL LABORATORY|VENULE|8831|20261118093000-0600||ORU^R01^ORU_R01|HL-9|P|2.5.1',
  'PID|1||p3^^^VENULE^PI||Aalto^Mika||19880110|M',
  'ORC|RE|VN0000077701|H-77',
];
const obr = (code: string) => `OBR|1|VN0000077701|H-77|${code}|||202611171010-0600|||||||||||||||202611180900-0600|||F`;
const FERRITIN = 'OBX|1|NM|2276-4^Ferritin^LN||48|ng/mL|15-150||||F';
const REPORT_OBR = obr('PDFRPT^Clinical PDF Report^L');
const ed = (value: string, status = 'F') => `OBX|1|ED|PDFRPT1^Clinical PDF Report^L||${value}||||||${status}`;
const message = (...segments: string[]) => [...HEAD, ...segments].join('\r');

const PDF = Buffer.from(`%PDF-1.7\n${'A page of results. '.repeat(40)}\n%%EOF\n`);
const encoded = PDF.toString('base64');
const hashOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');

function read(...segments: string[]) {
  const { reports, contents } = readReports(message(...segments), {
    ...reportingLab('hilllab', {}),
    received_at: '2026-11-18T16:00:00.000Z',
  });
  expect(reports).toHaveLength(1);
  return { report: reports[0] as LabReport, contents };
}

test.each([
  ['in the fifth component', `^application^pdf^Base64^${encoded}`],
  ['after one component', `PDF^Base64^${encoded}`],
  ['first of all', `${encoded}^application^PDF^Base64`],
  ['with the media type as one', `HILLLAB^application/pdf^^BASE64^${encoded}`],
])('a PDF that stands %s is found', (_where, value) => {
  const { report, contents } = read(obr('2200^Ferritin^L'), FERRITIN, REPORT_OBR, ed(value));
  expect(report.documents).toEqual([
    {
      code: 'PDFRPT1',
      name: 'Clinical PDF Report',
      status: 'final',
      hash: hashOf(PDF),
      media_type: 'application/pdf',
      bytes: PDF.length,
    },
  ]);
  expect(contents.get(hashOf(PDF))?.equals(PDF)).toBe(true);
  expect(report.remarks).toBeUndefined();
});

test.each([
  ['escaped', (encoded.match(/.{1,76}/g) ?? []).join('\\.br\\')],
  ['written as they are', (encoded.match(/.{1,76}/g) ?? []).join('\r\n')],
])('line breaks in it, %s, make no difference', (_how, value) => {
  const { report, contents } = read(
    obr('2200^Ferritin^L'),
    FERRITIN,
    REPORT_OBR,
    ed(`^application^pdf^Base64^${value}`),
  );
  expect(contents.get(report.documents?.[0]?.hash ?? '')?.equals(PDF)).toBe(true);
});

test('an OBR with nothing but documents is no test; one with results beside them is', () => {
  const value = `^application^pdf^Base64^${encoded}`;
  expect(read(obr('2200^Ferritin^L'), FERRITIN, REPORT_OBR, ed(value)).report.tests.map((test) => test.name)).toEqual([
    'Ferritin',
  ]);
  const { report } = read(obr('2200^Ferritin^L'), FERRITIN, ed(value));
  expect(report.tests).toMatchObject([{ name: 'Ferritin', observations: [{ value: '48' }] }]);
  expect(report.documents).toHaveLength(1);
});

test('an OBR for documents may lack its code and its status without a remark', () => {
  const bare = 'OBR|2|VN0000077701|H-77|^Report';
  const { report } = read(obr('2200^Ferritin^L'), FERRITIN, bare, ed(`^^pdf^Base64^${encoded}`));
  expect([report.tests.length, report.documents?.length, report.remarks]).toEqual([1, 1, undefined]);
});

const TIFF = Buffer.concat([Buffer.from('II*\0'), Buffer.alloc(80, 7)]);
test.each([
  ['a PDF that nobody calls one', `^^^Base64^${encoded}`, 'application/octet-stream'],
  [
    'HTML that is called a PDF',
    `^application^pdf^Base64^${Buffer.from('<html><script>x()</script>'.repeat(4)).toString('base64')}`,
    'application/octet-stream',
  ],
  ['HTML', `^text^html^Base64^${Buffer.from('<html></html>').toString('base64')}`, 'application/octet-stream'],
  ['a TIFF', `^image^tiff^Base64^${TIFF.toString('base64')}`, 'image/tiff'],
  ['a PDF in hexadecimal', `^application^pdf^Hex^${PDF.toString('hex')}`, 'application/pdf'],
])('%s is called what it is', (_what, value, media_type) => {
  expect(read(obr('2200^Ferritin^L'), FERRITIN, ed(value)).report.documents).toMatchObject([{ media_type }]);
});

test('what is not base64 is a remark, and shown as text as far as that helps', () => {
  const { report, contents } = read(REPORT_OBR, ed(`^application^pdf^Base64^${'not base64! '.repeat(1_000)}`));
  expect(contents.size).toBe(0);
  expect(report.documents).toBeUndefined();
  const [shown] = report.tests[0]?.observations ?? [];
  expect(shown).toMatchObject({ type: 'comment', value: expect.stringContaining('not base64!') });
  expect(shown?.value?.length).toBeLessThan(5_000);
  expect(report.remarks?.map((remark) => remark.split(':', 1)[0])).toEqual(['OBX^1^5']);
});

test('plain text in a document (encoding A) is a result in words', () => {
  const { report } = read(obr('2200^Ferritin^L'), ed('^text^plain^A^Seen by Dr. Ito'));
  expect(report.tests[0]?.observations).toMatchObject([{ type: 'comment', value: 'Seen by Dr. Ito' }]);
  expect(report.remarks).toBeUndefined();
});

test.each(['W', 'D'])('one that is taken back (%s) has no content', (status) => {
  const { report, contents } = read(
    obr('2200^Ferritin^L'),
    FERRITIN,
    REPORT_OBR,
    ed(`^application^pdf^Base64^${encoded}`, status),
  );
  expect(report.documents).toMatchObject([{ code: 'PDFRPT1', status: 'withdrawn', hash: null }]);
  expect(contents.size).toBe(0);
});

test.each(['X', 'N'])('one that is not there (%s) is nothing', (status) => {
  const { report } = read(obr('2200^Ferritin^L'), FERRITIN, REPORT_OBR, ed('', status));
  expect([report.documents, report.tests.length]).toEqual([undefined, 1]);
});

test('of a large one the report holds a description, and its bytes are those that were sent', () => {
  const large = Buffer.concat([PDF, Buffer.from(Array.from({ length: 3_000_001 }, (_, n) => (n * 31) % 251))]);
  const { report, contents } = read(REPORT_OBR, ed(`^application^pdf^Base64^${large.toString('base64')}`));
  expect(JSON.stringify(report).length).toBeLessThan(2_000);
  expect(contents.get(hashOf(large))?.equals(large)).toBe(true);
});
