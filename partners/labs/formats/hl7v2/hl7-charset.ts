/** In which characters a message is written: MSH-18, in the names of HL7 table 0211 and those that laboratories use besides. */
import { isUtf8 } from 'node:buffer';
import { MESSAGE_LIMITS } from './hl7-limits.ts';
import { Hl7Refused, unwrapped } from './hl7-message.ts';

/** Names of table 0211 that decoders have another name for. Text that is said to be ASCII is often UTF-8. */
const LABELS: Readonly<Record<string, string>> = {
  ASCII: 'utf-8',
  'US-ASCII': 'utf-8',
  'ISO IR6': 'utf-8',
  UNICODE: 'utf-8',
  'UNICODE UTF-8': 'utf-8',
  'GB 18030-2000': 'gb18030',
  'KS X 1001': 'euc-kr',
  'BIG-5': 'big5',
};

/** What begins an escape sequence of ISO 2022, by which a message changes to another of its sets. */
const ESCAPE = 0x1b;

/**
 * The text of a message, as its characters were sent: by MSH-18, else by the transport, else UTF-8. Where the two name
 * different sets and one of them is UTF-8, text that is valid UTF-8 is taken for that: what came between has translated it.
 * @param transport The set that the transport names, such as the charset of a Content-Type.
 * @throws Hl7Refused when the set is unknown or the bytes are none of its text: no character is ever replaced.
 */
export function decodeMessage(bytes: Buffer, transport?: string): string {
  const [named, ...others] = namedSets(bytes);
  const label = named === undefined ? labelOf(transport ?? 'utf-8') : labelOf(named);
  if (!label) {
    throw refused('103', 'This character set is not supported; send UNICODE UTF-8 and say so in MSH-18');
  }
  if (others.length > 0 && bytes.includes(ESCAPE)) {
    throw refused('103', 'Changing between character sets is not supported; send UNICODE UTF-8 and say so in MSH-18');
  }
  const mayBeUtf8 = label === 'utf-8' || (transport !== undefined && labelOf(transport) === 'utf-8');
  if (mayBeUtf8 && isUtf8(bytes)) return bytes.toString('utf8');
  try {
    return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refused('102', `The text is not valid ${label}; name the character set in MSH-18, such as 8859/1`);
  }
}

/** The text of a message for people and for its answer, which nothing is taken in from: bytes that are no text as Latin-1. */
export function readableMessage(message: string | Buffer): string {
  if (typeof message === 'string') return message;
  try {
    return decodeMessage(message);
  } catch (error) {
    if (error instanceof Hl7Refused) return message.toString('latin1');
    throw error;
  }
}

/** Whether a character set of a transport is known: `iso-8859-1`, `windows-1250`. */
export const isKnownCharset = (name: string): boolean => labelOf(name) !== undefined;

/** The sets that MSH-18 names, the first of them that of the message. Every set has the letters of a header alike. */
function namedSets(bytes: Buffer): string[] {
  const head = bytes.subarray(0, MESSAGE_LIMITS.segment_characters).toString('latin1');
  const [line = ''] = unwrapped(head.replaceAll('\u00ef\u00bb\u00bf', '')).split(/[\r\n]/, 1);
  const separator = line[3];
  if (!line.startsWith('MSH') || separator === undefined) return [];
  const [, delimiters = '', ...fields] = line.split(separator);
  const sets = (fields[15] ?? '').split(delimiters[1] ?? '~').map((set) => set.trim());
  return sets[0] === '' ? [] : sets;
}

/** The decoder's name of a set; undefined where there is no decoder. */
function labelOf(set: string): string | undefined {
  const name = set.toUpperCase();
  const label =
    LABELS[name] ?? name.replace(/^8859\/(\d+)$/, 'iso-8859-$1').replace(/^ISO[ _]IR[ _]?(\d+)$/, 'iso-ir-$1');
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

const refused = (code: '102' | '103', text: string) =>
  new Hl7Refused({ segment: 'MSH', sequence: 1, field: 18, code, text });
