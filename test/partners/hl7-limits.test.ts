/** What a laboratory's message may hold, and that it costs no more than its length: docs/hl7.md, "Limits". */
import { BSON } from 'mongodb';
import type { Hl7Refused } from '../../partners/labs/formats/hl7v2/hl7-message.ts';
import { type Counting, startCounting } from '../support/operations.ts';

/** Loaded once counting has begun, so that all of it is counted. */
async function parts() {
  const [limits, { writeAcknowledgement }, { readingReports, readReports }, { reportingLab }, { inTurns }] =
    await Promise.all([
      import('../../partners/labs/formats/hl7v2/hl7-limits.ts'),
      import('../../partners/labs/formats/hl7v2/hl7-acknowledgement.ts'),
      import('../../partners/labs/formats/hl7v2/reports/hl7-report.ts'),
      import('../../partners/labs/registry.ts'),
      import('../../partners/labs/formats/hl7v2/steps.ts'),
    ]);
  return { ...limits, writeAcknowledgement, readingReports, readReports, inTurns, lab: reportingLab('labcorp', {}) };
}

let counting: Counting;
let part: Awaited<ReturnType<typeof parts>>;
beforeAll(async () => {
  counting = await startCounting(['partners/labs']);
  part = await parts();
});
afterAll(() => counting.stop());

const HEAD = [
  'MSH|^~\\&|LAB|LAB|VENULE|1|20261120143000-0500||ORU^R01^ORU_R01|BIG-1|P|2.5.1',
  'PID|1||p1^^^VENULE^PI||Bell^Ana||19850312|F',
  'ORC|RE|VN1|ACC-1',
];
const obr = (code: string) =>
  `OBR|1|VN1|ACC-1|${code}^Test^L|||202611200815-0500|||||||||||||||20261120142500-0500|||F`;
const numeric = (n: number) => `OBX|${n}|NM|${n}-1^Result^LN^R${n}^Result^L||5.4|mg/dL|1-9|N|||F|||202611200815-0500`;
const text = (n: number) => `OBX|${n}|TX|${n % 7}-1^Text^LN||line ${n}||||||F`;
const broken = (n: number) => `OBX|${n}|NM|||not a number||||||Q`;
const note = (n: number) => `NTE|${n}|L|Comment ${n}`;
const many = (count: number, segment: (n: number) => string) => Array.from({ length: count }, (_, n) => segment(n));
const message = (...segments: string[]) => [...HEAD, ...segments].join('\r');

const AT = '2026-11-20T19:30:00.000Z';

const isRefusal = (error: unknown): error is Hl7Refused => error instanceof Error && error.name === 'Hl7Refused';

/** Reads a message as the API does. @returns What it says, and how many pauses were made for others. */
function readInTurns(sent: string) {
  const work = part.readingReports(sent, part.lab);
  for (let turns = 0; ; turns += 1) {
    const step = work.next();
    if (step.done) return { ...step.value, turns };
  }
}

/** The refusal of a message; undefined when it is taken. */
function refusalOf(sent: string): Hl7Refused | undefined {
  try {
    part.readReports(sent, part.lab);
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
  return undefined;
}

/** The answer to a message that is refused. */
const answerTo = (sent: string) => {
  const { problem } = refusalOf(sent) ?? {};
  return part.writeAcknowledgement(sent, problem ? { code: 'AR', text: '', problem } : { code: 'AA', text: '' }, AT);
};

describe('limits of a message', () => {
  test('10,000 OBX and 100,000 NTE are taken in, in turns with whatever else there is to do', () => {
    const notes = many(10, note);
    const sent = message(obr('A'), ...many(10_000, numeric).flatMap((observation) => [observation, ...notes]));
    const { reports, turns } = readInTurns(sent);
    expect(reports[0]?.tests[0]?.observations).toHaveLength(10_000);
    expect(reports[0]?.tests[0]?.observations[0]?.notes?.split('\n')).toHaveLength(10);
    expect(turns).toBeGreaterThan(100);
    expect(BSON.calculateObjectSize(reports[0] ?? {})).toBeLessThan(part.MESSAGE_LIMITS.report_bytes);
  });

  test.each<[string, string[]]>([
    ['twenty notes of 49,000 lines each', [numeric(1), ...many(20, (n) => `NTE|${n}|L|${'line~'.repeat(49_000)}`)]],
    [
      'twenty texts of 24,000 lines each',
      many(20, (n) => `OBX|${n}|FT|1-1^Text^LN||${'line\\.br\\'.repeat(24_000)}||||||F`),
    ],
  ])('%s: few segments of much text are read in turns, too', (_what, segments) => {
    const sent = message(obr('A'), ...segments);
    // Reading each segment for its own sake, and joining what belongs together.
    expect(readInTurns(sent).turns).toBeGreaterThan(sent.length / 20_000);
  });

  test.each([
    ['OBX', [obr('A'), ...many(10_001, broken)]],
    ['NTE', [obr('A'), ...many(100_001, note)]],
    ['OBR', many(10_001, (n) => obr(`T${n}`))],
    ['PID', many(10_001, () => 'PID|1||||Bell^Ana')],
    ['SPM', [obr('A'), ...many(10_001, (n) => `SPM|${n}|S${n}`)]],
    ['other', many(10_001, () => 'ZZZ|1')],
  ])('more %s segments than are allowed are refused in one line, before any is read', async (name, segments) => {
    const sent = message(...segments);
    let refusal: Hl7Refused | undefined;
    const { total, callsOf } = await counting.of(() => {
      refusal = refusalOf(sent);
    });
    expect(refusal?.problem.text).toContain(` ${name} segments`);
    expect(callsOf('readingObservation')).toBe(0);
    expect(callsOf('ReceivedSegment')).toBe(0);
    // Counting alone: a few blocks a character.
    expect(total).toBeLessThan(8 * sent.length);
  });

  test.each<[string, () => string]>([
    ['a header of any length', () => message().replace('BIG-1', 'C'.repeat(20_000))],
    ['separators without end', () => message(obr('A'), ...many(30, (n) => `NTE|${n}|L|${'~'.repeat(40_000)}`))],
    ['separators in one segment without end', () => message(obr('A'), `NTE|1|L|${'~'.repeat(50_000)}`)],
    ['escapes in one segment without end', () => message(obr('A'), `NTE|1|L|${'\\T\\'.repeat(25_000)}`)],
    [
      'separators in a document without end',
      () => message(obr('A'), `OBX|1|ED|PDF^Report^L||${'~'.repeat(50_000)}||||||F`),
    ],
    [
      'escapes in a document without end',
      () => message(obr('A'), `OBX|1|ED|PDF^Report^L||${'\\E\\'.repeat(1_500_001)}||||||F`),
    ],
    [
      'lines of a document without end',
      () => message(obr('A'), `OBX|1|ED|PDF^Report^L||${'A\r'.repeat(1_500_002)}||||||F`),
    ],
    [
      'specimens that each of a thousand tests would have',
      () => message(obr('A'), ...many(1_000, (n) => `SPM|${n}|S${n}`), ...many(1_000, (n) => obr(`T${n}`))),
    ],
  ])('%s: refused in one line, and the answer is short', (_what, sent) => {
    expect(refusalOf(sent())).toBeDefined();
    expect(answerTo(sent()).length).toBeLessThan(2_000);
  });

  test.each<[string, number, string]>([
    ['an escaped line break after every 76 letters', 76, '\\.br\\'],
    ['an escaped line break after every 27 letters', 27, '\\.br\\'],
    ['lines of 20 letters', 20, '\r'],
  ])('a PDF of 20 MB with %s is taken, in turns', (_what, length, end) => {
    const pdf = Buffer.concat([Buffer.from('%PDF-1.7 '), Buffer.alloc(20_000_000, 'a page ')]);
    const lines = pdf.toString('base64').replace(new RegExp(`.{${length}}`, 'g'), `$&${end}`);
    const sent = message(obr('A'), `OBX|1|ED|PDF^Report^L||LAB^application^pdf^Base64^${lines}||||||F`);
    expect(sent.length).toBeLessThan(part.MESSAGE_LIMITS.bytes);
    const { reports, contents, turns } = readInTurns(sent);
    expect(reports[0]?.documents).toMatchObject([{ media_type: 'application/pdf', bytes: pdf.length }]);
    expect(pdf.equals(contents.get(reports[0]?.documents?.[0]?.hash ?? '') as Buffer)).toBe(true);
    // Reading its lines, and decoding them.
    expect(turns).toBeGreaterThan(sent.length / 50_000);
  });

  test('a note of more lines than a function has arguments is read', () => {
    const sent = message(obr('A'), numeric(1), ...many(5, (n) => `NTE|${n}|L|${'line~'.repeat(40_000)}`));
    const { reports } = part.readReports(sent, part.lab);
    expect(reports[0]?.tests[0]?.observations[0]?.notes?.split('\n')).toHaveLength(200_004);
  });

  test('of twenty thousand remarks the first are named', () => {
    const { reports } = part.readReports(message(obr('A'), ...many(10_000, broken)), part.lab);
    expect(reports[0]?.remarks).toHaveLength(part.NAMED_REMARKS + 1);
    expect(reports[0]?.remarks?.at(-1)).toBe(`and ${20_000 - part.NAMED_REMARKS} more`);
  });
});

describe('the work of reading grows with the message, not with its square', () => {
  const shapes: Record<string, (n: number) => string[]> = {
    'results of one test': (n) => [obr('A'), ...many(n, numeric)],
    'lines of text': (n) => [obr('A'), ...many(n, text)],
    'lines of text, each of another code': (n) => [
      obr('A'),
      ...many(n, (i) => text(i).replace(/\|\d+-1\^/, `|${i}-1^`)),
    ],
    'notes under one result': (n) => [obr('A'), numeric(1), ...many(n, note)],
    tests: (n) => many(n, (i) => `${obr(`T${i}`)}\r${numeric(i)}`),
    orders: (n) => many(n, (i) => `${obr(`T${i}`).replace('|VN1|', `|VN${i}|`)}\r${numeric(i)}`),
    patients: (n) => many(n, (i) => `PID|1||p${i}||Bell^Ana||19850312|F\r${obr('A')}\r${numeric(i)}`),
    specimens: (n) => [obr('A'), numeric(1), ...many(n, (i) => `SPM|${i}|S${i}`)],
    laboratories: (n) => [obr('A'), ...many(n, (i) => `${numeric(i)}|||||||||Laboratory ${i}`)],
    problems: (n) => [obr('A'), ...many(n, broken)],
    'flags of one result': (n) => [obr('A'), numeric(1).replace('|N|', `|${'H~'.repeat(n)}N|`)],
    'coded values of one result': (n) => [
      obr('A'),
      `OBX|1|CWE|1-1^Result^LN||${many(n, (i) => `C${i}^Organism^L`).join('~')}||||||F`,
    ],
    'lines of one note': (n) => [obr('A'), numeric(1), `NTE|1|L|${many(n, (i) => `line ${i}`).join('~')}`],
    'lines of one text': (n) => [obr('A'), `OBX|1|FT|1-1^Text^LN||${'line\\.br\\'.repeat(n)}||||||F`],
  };

  test.each(Object.keys(shapes))('%s', async (shape) => {
    const work = async (n: number) => {
      const sent = message(...(shapes[shape]?.(n) ?? []));
      return (await counting.of(() => refusalOf(sent))).total;
    };
    const [some, more] = [await work(250), await work(2_000)];
    expect(some).toBeGreaterThan(250);
    expect(more).toBeGreaterThan(2_000);
    // Eight times as much; the square would be sixty-four times.
    expect(more / some).toBeLessThan(12);
  });
});
