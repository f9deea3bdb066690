/** In which characters laboratories write, and that none is ever replaced: docs/hl7.md, "Character sets". */
import { decodeMessage, readableMessage } from '../../partners/labs/formats/hl7v2/hl7-charset.ts';
import { unescapeHl7 } from '../../partners/labs/formats/hl7v2/hl7-escape.ts';
import { Hl7Refused } from '../../partners/labs/formats/hl7v2/hl7-message.ts';

const header = (set: string, delimiters = '|^~\\&') =>
  `MSH${delimiters}|LAB|LAB|VENULE|1|20261120143000-0500||ORU^R01|C-1|P|2.5.1||||||${set}\r`.replaceAll(
    '|',
    delimiters.charAt(0),
  );
/** A message whose header names a set, with these bytes in its second segment. */
const message = (set: string, bytes: number[]) =>
  Buffer.concat([Buffer.from(`${header(set)}NTE|1||`, 'latin1'), Buffer.from(bytes)]);
const noteOf = (text: string) => text.split('\rNTE|1||')[1];
const UTF8 = [...Buffer.from('Muñoz')];
const LATIN_1 = [...Buffer.from('Muñoz', 'latin1')];

/** The refusal of a message. */
function refusalOf(bytes: Buffer, transport?: string): Hl7Refused {
  try {
    decodeMessage(bytes, transport);
  } catch (error) {
    if (error instanceof Hl7Refused) return error;
    throw error;
  }
  throw new Error('It was decoded');
}

describe('the character set of a message', () => {
  test.each([
    ['8859/1', LATIN_1, 'Muñoz'],
    ['ISO-8859-1', LATIN_1, 'Muñoz'],
    ['ISO_IR 100', LATIN_1, 'Muñoz'],
    ['8859/2', [0xa3, 0xf3, 0x64, 0xbc], 'Łódź'],
    ['8859/15', [0xa4], '€'],
    ['windows-1250', [0xa3, 0xf3, 0x64, 0x9f], 'Łódź'],
    ['GB 18030-2000', [0xcd, 0xf5], '王'],
    ['BIG-5', [0xa4, 0xfd], '王'],
    ['KS X 1001', [0xb1, 0xe8], '김'],
    ['UNICODE UTF-8', UTF8, 'Muñoz'],
    ['UNICODE', UTF8, 'Muñoz'],
    ['UTF-8', UTF8, 'Muñoz'],
    ['ASCII', UTF8, 'Muñoz'],
    ['', UTF8, 'Muñoz'],
    ['8859/1~8859/2', LATIN_1, 'Muñoz'],
  ])('MSH-18 %j is read as it was meant', (set, bytes, text) => {
    expect(noteOf(decodeMessage(message(set, bytes)))).toBe(text);
  });

  test('is found behind whatever delimiters the header declares, a byte order mark, and blank lines', () => {
    const text = `${header('8859/1', '#^~\\&')}NTE#1##`;
    expect(decodeMessage(Buffer.concat([Buffer.from(text), Buffer.from(LATIN_1)]))).toBe(`${text}Muñoz`);
    expect(noteOf(decodeMessage(Buffer.concat([Buffer.from('\r\n'), message('8859/1', LATIN_1)])))).toBe('Muñoz');
    const marked = Buffer.concat([Buffer.from('\ufeff'), message('UNICODE UTF-8', UTF8)]);
    expect(decodeMessage(marked)).toBe(`\ufeff${decodeMessage(message('UNICODE UTF-8', UTF8))}`);
  });

  test('is that of the transport where the message names none', () => {
    expect(noteOf(decodeMessage(message('', LATIN_1), 'iso-8859-1'))).toBe('Muñoz');
    expect(noteOf(decodeMessage(message('', UTF8), 'utf-8'))).toBe('Muñoz');
  });

  test('is UTF-8 for valid UTF-8 that one of them names, else that of the message', () => {
    expect(noteOf(decodeMessage(message('8859/1', UTF8), 'utf-8'))).toBe('Muñoz');
    expect(noteOf(decodeMessage(message('8859/1', LATIN_1), 'utf-8'))).toBe('Muñoz');
    expect(noteOf(decodeMessage(message('UNICODE UTF-8', UTF8), 'iso-8859-1'))).toBe('Muñoz');
  });

  test.each([
    ['ASCII', LATIN_1, '102'],
    ['', LATIN_1, '102'],
    ['UNICODE UTF-8', LATIN_1, '102'],
    ['8859/3', [0xa5], '102'],
    ['CNS 11643-1992', LATIN_1, '103'],
    ['UNICODE UTF-16', LATIN_1, '103'],
    ['Klingon', LATIN_1, '103'],
    ['ASCII~ISO IR87', [0x1b, 0x24, 0x42, 0x30, 0x21, 0x1b, 0x28, 0x42], '103'],
  ])('MSH-18 %j with other bytes than its own is refused', (set, bytes, code) => {
    expect(refusalOf(message(set, bytes))).toMatchObject({
      problem: { segment: 'MSH', sequence: 1, field: 18, code, text: expect.stringContaining('MSH-18') },
    });
  });

  test('a replacement character that the laboratory sent stays', () => {
    expect(noteOf(decodeMessage(message('', [0xef, 0xbf, 0xbd])))).toBe('\ufffd');
  });
});

test('hexadecimal that is no text stays as it was sent', () => {
  const delimiters = { field: '|', component: '^', repetition: '~', escape: '\\', subcomponent: '&' };
  expect(unescapeHl7('Mu\\XF1\\oz \\XC3B1\\', delimiters)).toBe('Mu\\XF1\\oz ñ');
});

test('what a person reads has every character, whatever it was written in', () => {
  expect(readableMessage(message('8859/2', [0xa3]))).toContain('NTE|1||Ł');
  expect(readableMessage(message('', LATIN_1))).toContain('NTE|1||Muñoz');
});
