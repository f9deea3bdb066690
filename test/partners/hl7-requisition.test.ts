/** The laboratory's own requisition (eReq) in an acknowledgment: found wherever laboratories put it, and never in the way of the decision. */
import { createHash } from 'node:crypto';
import { readAcknowledgement } from '../../partners/labs/formats/hl7v2/hl7-acknowledgement.ts';
import { MESSAGE_LIMITS } from '../../partners/labs/formats/hl7v2/hl7-limits.ts';
import { readingCarried } from '../../partners/labs/formats/hl7v2/hl7-requisition.ts';
import { atOnce } from '../../partners/labs/formats/hl7v2/steps.ts';

const DECISION = 'MSH|^~\\&|LAB|LAB|VENULE|1|20261121||ORR^O02|A-1|P|2.5.1\rMSA|AA|0123|Taken';
const answerWith = (...segments: string[]) => [DECISION, ...segments].join('\r');
const carriedBy = (...segments: string[]) => atOnce(readingCarried(answerWith(...segments)));

const pdf = Buffer.from('%PDF-1.7 requisition V123\n%%EOF\n');
const hash = createHash('sha256').update(pdf).digest('hex');
const base64 = pdf.toString('base64');
const ed = (data: string, declared = '^application^pdf^Base64') =>
  `OBX|1|ED|REQ^Requisition^L||${declared}^${data}||||||F`;

test.each([
  ['an OBX of type ED', ed(base64), 'Requisition'],
  [
    'an OBX of type ED without a result status',
    `OBX|1|ED|REQ^Order Form||^application^pdf^Base64^${base64}`,
    'Order Form',
  ],
  ['an OBX of another type', `OBX|1|ST|REQ^Order Form||${base64}||||||F`, 'Order Form'],
  ['a note', `NTE|1|L|^application^pdf^Base64^${base64}`, 'Requisition'],
  ['a segment of its own', `ZEF|1|${base64}`, 'Requisition'],
  ['a segment of its own, in lines', `ZEF|1|${base64.slice(0, 20)}\n${base64.slice(20)}`, 'Requisition'],
])('%s holds a requisition', (_where, segment, name) => {
  const { documents, contents, problems } = carriedBy('ORC|OK|V123|F1', segment);
  expect(problems).toEqual([]);
  expect(documents).toMatchObject([{ name, hash, media_type: 'application/pdf', bytes: pdf.length }]);
  expect(contents.get(hash)?.equals(pdf)).toBe(true);
});

test('a segment of its own can be as long as a PDF is', () => {
  const long = Buffer.concat([pdf, Buffer.alloc(1024 * 1024, '%')]);
  expect(carriedBy(`ZEF|1|${long.toString('base64')}`).documents).toMatchObject([{ bytes: long.length }]);
});

test.each([
  ['is not base64', ed(`${'*'.repeat(80)}`), /^OBX\^1\^5: .*base64/],
  ['is empty', ed(''), /^OBX\^1\^5: .*empty/],
  ['is text', ed('see the portal', '^TEXT^plain^A'), /^OBX\^1\^5: .*text/],
  ['is cut off in a note', `NTE|1|L|${base64.slice(0, 9)}*`, /^NTE\^1\^3: .*base64/],
])('a document that %s is none, and why is said', (_what, segment, why) => {
  const { documents, contents, problems } = carriedBy(segment);
  expect(documents).toEqual([]);
  expect(contents.size).toBe(0);
  expect(problems).toEqual([expect.stringMatching(why)]);
});

test('what is no PDF is a document all the same', () => {
  const page = Buffer.from('<html>requisition</html>'.repeat(8));
  expect(carriedBy(ed(page.toString('base64'))).documents).toMatchObject([
    { media_type: 'application/octet-stream', bytes: page.length },
  ]);
});

test('an acknowledgment without a document carries nothing', () => {
  const plain = carriedBy('ORC|OK|V123|F1', 'OBX|1|ST|FAST^Fasting||Y||||||F', 'NTE|1|L|Bring the form');
  expect(plain).toEqual({ documents: [], contents: new Map(), problems: [] });
});

test('the decision is read whatever else the message carries', () => {
  const broken = `OBX|1|ED|REQ||^application^pdf^Base64^${'\nnot base64 *'.repeat(1_000)}`;
  const many = Array.from({ length: MESSAGE_LIMITS.segments.OBX as number }, () => 'OBX|1|ST|A||1').join('\r');
  const text = answerWith(broken, many, `ZEF|1|${'A'.repeat(100_000)}`, 'ORC|OK|V123|F1');
  expect(readAcknowledgement(text)).toMatchObject({ code: 'AA', control_id: '0123', filler_order_number: 'F1' });
  expect(atOnce(readingCarried(text))).toMatchObject({ documents: [], problems: [expect.stringContaining('OBX')] });
});
