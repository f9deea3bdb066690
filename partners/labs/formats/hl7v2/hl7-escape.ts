/** Escape sequences of HL7 v2 (chapter 2.7): how a delimiter or a line break travels inside a field. */
import { isUtf8 } from 'node:buffer';
import type { Delimiters } from './hl7-message.ts';
import type { Pace, Steps } from './steps.ts';

const ESCAPED = { '|': '\\F\\', '^': '\\S\\', '&': '\\T\\', '~': '\\R\\', '\\': '\\E\\' } as const;

/**
 * Makes any text safe as one component of a message with the usual delimiters (`|^~\&`). A line
 * break becomes `\.br\`, another control character its `\Xhh\`.
 */
export function escapeHl7(text: string): string {
  return text
    .replace(/[|^&~\\]/g, (delimiter) => ESCAPED[delimiter as keyof typeof ESCAPED])
    .replace(/\r\n|\r|\n/g, '\\.br\\')
    .replace(CONTROL_CHARACTERS, (character) => `\\X${hex(character)}\\`);
}

/**
 * Reads escape sequences back, in the delimiters of the message they stand in. Line breaks are
 * `\n`, skipped columns are blanks; highlighting and other layout commands go; anything that only looks like a sequence
 * stays.
 */
export function unescapeHl7(text: string, delimiters: Delimiters): string {
  if (!text.includes(delimiters.escape)) return text;
  const read = text.replace(sequencesOf(delimiters), (_, found: string) => meaning(found, delimiters));
  return read.replace(LINE_ENDS, '\n');
}

/** The same in steps, for a text of any length. */
export function* unescaping(text: string, delimiters: Delimiters, pace: Pace): Steps<string> {
  const read: string[] = [];
  let parts: string[] = [];
  let end = 0;
  for (const found of text.matchAll(sequencesOf(delimiters))) {
    parts.push(text.slice(end, found.index), meaning(found[1] as string, delimiters));
    if (pace.isTurnOver(found.index - end)) yield;
    end = found.index + found[0].length;
    if (parts.length < PARTS_AT_ONCE) continue;
    read.push(parts.join(''));
    parts = [];
  }
  if (end === 0) return text;
  read.push(...parts, text.slice(end));
  return read.join('').replace(LINE_ENDS, '\n');
}

/** How many pieces of a text there are at once: millions would take several times its own size. */
const PARTS_AT_ONCE = 1_000;
const LINE_ENDS = /\r\n?/g;

function sequencesOf(delimiters: Delimiters): RegExp {
  const mark = delimiters.escape.replace(/\W/g, '\\$&');
  return new RegExp(`${mark}([FSTREHN]|X(?:[0-9A-F]{2}){1,65536}|\\.[a-z]{2}[+-]?\\d{0,9})${mark}`, 'gi');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach the wire
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]/g;

/** No line is so wide that more blanks are skipped at once: a message must not grow without bound when it is read. */
const WIDEST_SKIP = 80;

/** The commands of formatted text that part words: line breaks, and blanks to the next column. */
function layout(command: string): string {
  if (/^\.(br|sp|ce)/i.test(command)) return '\n';
  const blanks = /^\.(?:sk|ti)\+?(\d+)$/i.exec(command);
  return blanks ? ' '.repeat(Math.min(Number(blanks[1]), WIDEST_SKIP)) : '';
}

const hex = (character: string) => character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');

function meaning(sequence: string, delimiters: Delimiters): string {
  switch (sequence[0]?.toUpperCase()) {
    case 'F':
      return delimiters.field;
    case 'S':
      return delimiters.component;
    case 'T':
      return delimiters.subcomponent;
    case 'R':
      return delimiters.repetition;
    case 'E':
      return delimiters.escape;
    case 'X':
      return hexText(sequence.slice(1)) ?? `${delimiters.escape}${sequence}${delimiters.escape}`;
    default:
      return layout(sequence);
  }
}

/** The text of hexadecimal bytes; undefined where they are none in UTF-8: what cannot be read stays as it was sent. */
function hexText(digits: string): string | undefined {
  const bytes = Buffer.from(digits, 'hex');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}
