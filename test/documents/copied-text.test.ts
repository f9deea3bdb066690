import { Sheet } from '../../documents/page/sheet.ts';
import { TEXT } from '../../documents/page/styles.ts';
import { faceFor } from '../../documents/page/typeface.ts';
import { renderRequisition } from '../../documents/requisition/requisition.ts';
import { renderResultReport } from '../../documents/result-report/result-report.ts';
import type { LabReport } from '../../domain/results/lab-report.ts';
import { foldReports } from '../../domain/results/result-fold.ts';
import type { OrderResult } from '../../domain/results/results.ts';
import { escapeHl7 } from '../../partners/labs/formats/hl7v2/hl7-escape.ts';
import { readReports } from '../../partners/labs/formats/hl7v2/reports/hl7-report.ts';
import { reportingLab } from '../../partners/labs/registry.ts';
import { laboratory, markersOf, orderOf, reportOf, requisitionOf, resultOf, wellness } from './examples.ts';
import { copiedFrom, pagesOf, placesOf } from './pdf-reader.ts';

const [metabolic] = markersOf(wellness);
const glucose = metabolic?.expected_results[0];
if (!metabolic || !glucose) throw new Error('The wellness panel begins with a metabolic panel.');

const oneLine = (text: string) => text.normalize('NFKC').replace(/\s+/g, ' ').trim();

async function paperOf(lines: string[]): Promise<Buffer> {
  const sheet = new Sheet({ title: 'Letters', author: 'Venule', issuedAt: new Date(0) });
  for (const line of lines) sheet.flow(line, sheet.left, sheet.width, TEXT.body);
  return sheet.finish(() => {});
}

/** Every letter of the basic plane that a paper can print, by the typeface that has it: lines of a few, set apart by blanks. */
function everyLetter(): Map<string, string[]> {
  const letters = new Map<string, string[]>();
  for (let code = 0x21; code < 0x1_0000; code += 1) {
    // Of the thousands of Chinese and Korean signs some are enough.
    const isMany = (code >= 0x3400 && code < 0xa000) || (code >= 0xac00 && code < 0xd7a4);
    if ((isMany && code % 41 !== 0) || (code >= 0xd800 && code < 0xf900)) continue;
    const letter = String.fromCodePoint(code);
    if (!/[\p{L}\p{Nd}\p{P}\p{Sc}\p{Sm}]/u.test(letter) || letter.normalize('NFKC') !== letter) continue;
    const face = faceFor(letter, 'regular')?.name;
    if (face) letters.set(face, [...(letters.get(face) ?? []), letter]);
  }
  return letters;
}

const rightToLeft = /arabic|hebrew/;

describe('A7: what is copied out of a paper is what it shows', () => {
  const letters = everyLetter();

  it('has typefaces for the scripts of the world', () => {
    const names = [...letters.keys()].join(' ');
    for (const script of 'arabic hebrew armenian georgian devanagari bengali gujarati gurmukhi tamil telugu kannada malayalam sinhala thai lao khmer myanmar ethiopic korean chinese japanese'.split(
      ' ',
    )) {
      expect(names).toContain(script);
    }
  });

  it.each([...letters.keys()])('each letter of %s', async (face) => {
    const own = letters.get(face) ?? [];
    const lines = Array.from({ length: Math.ceil(own.length / 24) }, (_, row) =>
      own.slice(row * 24, row * 24 + 24).join(' '),
    );
    const copied = oneLine((await copiedFrom(await paperOf(lines))).join(' '));
    if (rightToLeft.test(face)) {
      // Which line a sign without direction belongs to is the reader's own guess.
      expect([...copied.replaceAll(' ', '')].sort().join('')).toBe([...oneLine(own.join(''))].sort().join(''));
    } else {
      // Where a line ends, some scripts have no blank.
      expect(copied.replaceAll(' ', '')).toBe(oneLine(own.join('')));
    }
  });

  it.each([
    ['Polish', 'Zażółć gęślą jaźń: 12.5 · Łódź'],
    ['Vietnamese', 'Nguyễn Đặng Ướt'],
    ['Greek', 'Γειά σου Κόσμε, 5 μg'],
    ['Ukrainian', 'Привіт, ґанку її'],
    ['Hebrew', 'שלום עולם בדיקה'],
    ['Arabic in a sentence', 'Patient says مرحبا and then 12.5 (ok)'],
    ['Hindi', 'नमस्ते दुनिया क्षत्रिय हिन्दी'],
    ['Bengali', 'নমস্কার পৃথিবী ক্ষ'],
    ['Tamil', 'வணக்கம் உலகம் கொ'],
    ['Telugu', 'నమస్కారం ప్రపంచం'],
    ['Gurmukhi', 'ਸਤ ਸ੍ਰੀ ਅਕਾਲ'],
    ['Malayalam', 'നമസ്കാരം ലോകം'],
    ['Sinhala', 'ආයුබෝවන් ලෝකය'],
    ['Thai', 'สวัสดีชาวโลก น้ำ'],
    ['Khmer', 'សួស្តីពិភពលោក'],
    ['Burmese', 'မင်္ဂလာပါကမ္ဘာ'],
    ['Korean', '안녕하세요 세계'],
    ['Chinese', '你好世界 繁體中文'],
    ['Japanese', 'こんにちは世界 カタカナ'],
  ])('words of %s', async (_, words) => {
    expect(oneLine((await copiedFrom(await paperOf([words]))).join(' '))).toBe(oneLine(words));
  });

  it('of papers made one after another, whatever the ones before have printed', async () => {
    // Letters that are put together of others, whose parts must keep their own letters for the next patients.
    await paperOf(['· : ; ź ż Ź Ž é ñ ü ï ǆ ½ ¾ … “ ”', 'Łukasz Żółkowski: 98.6 · 12:30']);
    for (let round = 0; round < 5; round += 1) {
      const patient = { ...orderOf([metabolic]).patient, first_name: 'Zoe', last_name: 'Zapata' };
      const requisition = await renderRequisition(requisitionOf(orderOf([metabolic], { patient })));
      const results = [resultOf(metabolic, glucose, 'inside', { result: '12.5', value: 12.5 })];
      const report = await renderResultReport(reportOf([metabolic], results, [], { patient }));
      for (const paper of [requisition, report]) {
        for (const read of [copiedFrom, pagesOf]) expect((await read(paper)).join(' ')).toContain('Zapata, Zoe');
      }
      for (const read of [copiedFrom, pagesOf]) expect(oneLine((await read(report)).join(' '))).toContain('12.5 mg/dL');
    }
  });

  const table = [
    'Organism: Escherichia coli',
    '                    Reads  MIC',
    'Ampicillin          R     >=32',
    'Cefazolin           S      <=4',
    'Gentamicin          S      <=1',
    'Nitrofurantoin      I       64',
  ];
  const oneByOne = (write: (line: string, n: number) => string) =>
    table.map((line, n) => write(escapeHl7(line), n + 1));
  const { loinc, provider_id } = glucose;
  const observation = (value: string, type = 'TX') =>
    `OBX|1|${type}|${loinc.code}^${glucose.name}^LN^${provider_id}^${glucose.name}^L||${value}||||||F`;

  it.each<[string, string[]]>([
    ['an OBX for each line', oneByOne((line) => observation(line))],
    ['an OBX of a line for each line', oneByOne((line) => observation(line, 'ST'))],
    ['one OBX with line breaks', [observation(escapeHl7(table.join('\n')), 'FT')]],
    ['one OBX with repetitions', [observation(table.map(escapeHl7).join('~'))]],
    [
      'one OBX that skips to its columns',
      [observation(table.map((line) => line.replace(/ {4,}/g, (gap) => `\\.sk${gap.length}\\`)).join('\\.br\\'), 'FT')],
    ],
    ['notes', [observation('See notes'), ...oneByOne((line, n) => `NTE|${n}|L|${line}`)]],
    ['notes in place of a value', [observation(''), ...oneByOne((line, n) => `NTE|${n}|L|${line}`)]],
  ])(
    '3.4: columns that a laboratory made of blanks stay columns, from its message to the paper: %s',
    async (_how, obx) => {
      const order = orderOf([metabolic]);
      const message = [
        'MSH|^~\\&|LABCORP|LABCORP|VENULE|1|20261122071500-0500||ORU^R01^ORU_R01|1|P|2.5.1',
        'PID|1||p1||Nguyen^Mai||19850304|F',
        `OBR|1|${order.placer_order_number}|A1|${metabolic.provider_id}^Panel^L|||202611210815-0500|||||||||||||||202611220715-0500|||F`,
        ...obx,
      ].join('\r');
      const reports = JSON.parse(
        JSON.stringify(readReports(message, reportingLab('labcorp', {})).reports),
      ) as LabReport[];
      const result = foldReports([{ order, markers: [metabolic], laboratory, reports, noMoreExpected: true }]);
      const { result: value, notes } = result?.results[0] ?? {};
      expect(value === 'See notes' ? notes : value).toBe(
        value === 'See notes' ? `See notes\n${table.join('\n')}` : table.join('\n'),
      );

      const report = await renderResultReport(reportOf([metabolic], [], [], { result: result as OrderResult }));
      const starts = await placesOf(report, [
        'Reads',
        'R',
        'S',
        'I',
        '>=32',
        '<=4',
        '<=1',
        '64',
        'Ampicillin',
        'Cefazolin',
      ]);
      for (const column of [
        ['Reads', 'R', 'S', 'I'],
        ['Ampicillin', 'Cefazolin'],
        ['<=4', '<=1'],
      ]) {
        const [first, ...others] = column.map((word) => starts.get(word));
        for (const other of others) expect(other).toBeCloseTo(first as number, 1);
      }
      const letter = ((starts.get('R') as number) - (starts.get('Ampicillin') as number)) / 20;
      expect(starts.get('>=32')).toBeCloseTo((starts.get('R') as number) + 6 * letter, 0);
      expect(starts.get('<=4')).toBeCloseTo((starts.get('R') as number) + 7 * letter, 0);
      expect(oneLine((await copiedFrom(report)).join(' '))).toContain('Ampicillin R >=32 Cefazolin S <=4');
    },
  );

  it('two blanks between sentences make no columns', async () => {
    const prose = 'Two sentences.  Set apart by two blanks.\nAnother line.  And another sentence.';
    const plain = await renderResultReport(
      reportOf([metabolic], [resultOf(metabolic, glucose, 'inside', { notes: prose })]),
    );
    expect((await pagesOf(plain))[0]).toContain('Two sentences. Set apart by two blanks.');
  });

  it('says plainly what it cannot print, on every page, and prints the rest', async () => {
    const order = orderOf([metabolic], { clinical_notes: 'Smiles 🙂 and 𓀀; \u202edehsup\u202c \ud800 end' });
    const pages = (await pagesOf(await renderRequisition(requisitionOf(order)))).map(oneLine);
    expect(pages[0]).toContain('Smiles □ and □; dehsup □ end');
    for (const page of pages) {
      expect(page).toContain('□ stands for what cannot be printed here: U+1F642, U+13000, U+FFFD');
    }
    const fine = await renderRequisition(requisitionOf(orderOf([metabolic])));
    expect((await pagesOf(fine)).join(' ')).not.toContain('□');
  });
});
