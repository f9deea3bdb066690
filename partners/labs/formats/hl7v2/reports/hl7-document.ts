/**
 * Documents inside a message (OBX-2 `ED`), such as the laboratory's own PDF of a report: docs/hl7.md, "Documents". They are
 * decoded in one copy and handed on beside the report, which holds no more than their description.
 */
import { createHash } from 'node:crypto';
import type { ReportedDocument } from '../../../../../domain/results/lab-report.ts';
import type { Hl7Problem, ReceivedSegment } from '../hl7-message.ts';
import { atOnce, Pace, type Steps } from '../steps.ts';

/** The contents of a message's documents, by their hash. */
export type DocumentContents = Map<string, Buffer>;

/** The type of value that a document is. */
const DOCUMENT_TYPE = 'ED';

/** What is made of an OBX for a document: its description, or nothing, or it is read as text. */
export type ReadDocument = ReportedDocument | 'nothing' | 'text';

/** Whether an OBX is there for a document. */
export const isDocument = (obx: ReceivedSegment): boolean => obx.text(2).toUpperCase() === DOCUMENT_TYPE;

/** Whether it is, and says in the usual places that it is encoded: then hardly any of OBX-5 becomes text, however long it is. */
export function isEncodedDocument(obx: ReceivedSegment): boolean {
  const [application = '', type = '', subtype = '', encoding = '', , more = '', ...rest] = obx.asSent(5);
  const others = [application, type, subtype, more];
  return isDocument(obx) && ENCODED.test(encoding) && others.every((other) => WORD.test(other)) && rest.length === 0;
}

const ENCODED = /^(?:base64|hex)$/i;
/** A word that is not the encoding of plain text. */
const WORD = /^(?!\s*a\s*$)[\w ./-]{0,60}$/i;

/** OBX-11 of documents that are not to be had yet, or were never meant to be. */
const NOT_THERE = ['I', 'N', 'O', 'X'];
/** OBX-11 by which a laboratory takes a document back. */
const TAKEN_BACK = ['D', 'W'];

/** By how much text of a document that cannot be decoded is shown, in characters; all of it is kept with the message. */
const SHOWN_OF_BROKEN = 4_000;
/** Text that does not say that it is base64 is taken for it from so many characters on. */
const SURELY_ENCODED = 64;

/** Where a document stands in its field, whichever of its components that is. */
interface EncodedDocument {
  data: string;
  /** What the other components say, in small letters: type, subtype, encoding. */
  declared: Set<string>;
  isPlainText: boolean;
}

/** Table 0299, encodings: none, hexadecimal, base64. */
const ENCODINGS = /^(?:A|Hex|Base64)$/i;

/**
 * The data are the longest of the components, of those behind the encoding where any is there. What stands before it is data
 * only where it is long: else it says what the document would be, and there is none.
 */
function* readingEncoded(obx: ReceivedSegment, pace: Pace): Steps<EncodedDocument> {
  const components = yield* obx.readingComponents(5, pace);
  const encoding = components.findIndex((component) => ENCODINGS.test(component));
  const isBehind = components.slice(encoding + 1).some((component) => component !== '');
  const first = isBehind ? encoding + 1 : 0;
  let longest = first;
  for (let index = first; index < components.length; index += 1) {
    if ((components[index] as string).length > (components[longest] as string).length) longest = index;
  }
  const isThere = isBehind || encoding < 0 || (components[longest] ?? '').length >= SURELY_ENCODED;
  const others = components
    .filter((_, index) => index !== longest || !isThere)
    .map((component) => component.slice(0, 200));
  return {
    data: isThere ? (components[longest] ?? '') : '',
    declared: new Set(others.flatMap((other) => other.toLowerCase().split(/[\s/&]+/)).filter(Boolean)),
    isPlainText: others.some((other) => other.toUpperCase() === 'A'),
  };
}

/**
 * Reads the document of an OBX, in steps.
 * @param contents Where what was decoded is put.
 */
export function* readingDocument(
  obx: ReceivedSegment,
  contents: DocumentContents,
  remarks: Hl7Problem[],
  pace: Pace,
): Steps<ReadDocument> {
  const status = obx.text(11).toUpperCase();
  const { codes = [], texts = [] } = obx.coded(3)[0] ?? {};
  const code = codes[0] ?? null;
  const name = texts[0] ?? code ?? 'Document';
  if (TAKEN_BACK.includes(status)) return { code, name, status: 'withdrawn', hash: null, media_type: null, bytes: 0 };
  if (NOT_THERE.includes(status)) return 'nothing';
  const { data, declared, isPlainText } = yield* readingEncoded(obx, pace);
  if (data === '') {
    if (declared.size === 0) return 'nothing';
    remarks.push(obx.problem('101', 'OBX-5 holds an empty document: what it says of it is shown as text', 5));
    return 'text';
  }
  const isHex = declared.has('hex');
  const isSaidToBeEncoded = isHex || declared.has('base64');
  if (isPlainText || (!isSaidToBeEncoded && data.length < SURELY_ENCODED)) return 'text';
  const content = isHex ? hexadecimal(data) : yield* decodingBase64(data, pace);
  if (!content) {
    remarks.push(obx.problem('102', 'OBX-5 holds a document that is not base64: it is shown as text', 5));
    return 'text';
  }
  return {
    code,
    name,
    status: status === 'C' ? 'corrected' : status === 'P' ? 'preliminary' : 'final',
    ...keptContent(content, declared, contents),
  };
}

/**
 * Puts the content of a document where it is kept.
 * @param declared What its sender says that it is, in small letters: `application`, `pdf`.
 */
export function keptContent(content: Buffer, declared: ReadonlySet<string>, contents: DocumentContents) {
  const hash = createHash('sha256').update(content).digest('hex');
  contents.set(hash, content);
  return { hash, media_type: mediaTypeOf(content, declared), bytes: content.length };
}

/** A document that is none, as people read it: its text where that is plain, else as much of it as helps. */
export function documentInWords(obx: ReceivedSegment): string {
  const { data, declared, isPlainText } = atOnce(readingEncoded(obx, new Pace()));
  if (isPlainText) return data;
  const words = [...declared, data].join(' ');
  return words.length > SHOWN_OF_BROKEN ? `${words.slice(0, SHOWN_OF_BROKEN)} …` : words;
}

/** How formats begin, and what they are called. */
const SIGNATURES: readonly (readonly [begins: RegExp, media_type: string])[] = [
  [/^(?:\u00ef\u00bb\u00bf)?\s*%PDF-/, 'application/pdf'],
  [/^(?:II\*\0|MM\0\*)/, 'image/tiff'],
  [/^\u0089PNG\r\n/, 'image/png'],
  [/^\u00ff\u00d8\u00ff/, 'image/jpeg'],
  [/^\{\\rtf/, 'application/rtf'],
];

/** What a document is: by how it begins, and a PDF only if its sender says so, too. */
function mediaTypeOf(content: Buffer, declared: ReadonlySet<string>): string {
  const head = content.subarray(0, 64).toString('latin1');
  const [, known] = SIGNATURES.find(([begins]) => begins.test(head)) ?? [];
  if (known === 'application/pdf' && !declared.has('pdf')) return UNKNOWN;
  return known ?? UNKNOWN;
}

const UNKNOWN = 'application/octet-stream';

/** Characters that are decoded between two pauses. */
const PIECE = 256 * 1024;
const LETTERS = /^[A-Za-z0-9+/]*$/;
const PADDING = /[=\s]/;

/** The bytes of base64, with or without line breaks and padding; undefined where it is none. */
export function* decodingBase64(text: Pick<string, 'length' | 'slice'>, pace: Pace): Steps<Buffer | undefined> {
  let end = text.length;
  while (end > 0 && PADDING.test(text.slice(end - 1, end))) end -= 1;
  const bytes = Buffer.allocUnsafe(Math.ceil((end * 3) / 4));
  let written = 0;
  let rest = '';
  for (let at = 0; at < end; at += PIECE) {
    const letters = rest + text.slice(at, Math.min(end, at + PIECE)).replace(/\s+/g, '');
    if (!LETTERS.test(letters)) return undefined;
    const whole = at + PIECE < end ? letters.length - (letters.length % 4) : letters.length;
    if (whole % 4 === 1) return undefined;
    written += bytes.write(letters.slice(0, whole), written, 'base64');
    rest = letters.slice(whole);
    if (pace.isTurnOver(letters.length)) yield;
  }
  return written === 0 ? undefined : bytes.subarray(0, written);
}

function hexadecimal(text: string): Buffer | undefined {
  const digits = text.replace(/\s/g, '');
  const isHex = digits !== '' && digits.length % 2 === 0 && !/[^0-9a-f]/i.test(digits);
  return isHex ? Buffer.from(digits, 'hex') : undefined;
}
