/** HL7 v2 messages as segments that know their place: what every reader and writer of the lab wire stands on. */
import { createHash } from 'node:crypto';
import { Hl7Context, Hl7Field, Hl7Segment } from '@medplum/core';
import { textOf } from './free-text.ts';
import { escapeHl7, unescapeHl7, unescaping } from './hl7-escape.ts';
import { countingExcess, isSegmentName } from './hl7-limits.ts';
import { linesIn } from './lines.ts';
import { atOnce, Pace, type Steps } from './steps.ts';

/** Message error conditions, HL7 table 0357. */
export const ERROR_CONDITIONS = {
  '100': 'Segment sequence error',
  '101': 'Required field missing',
  '102': 'Data type error',
  '103': 'Table value not found',
  '200': 'Unsupported message type',
  '201': 'Unsupported event code',
  '202': 'Unsupported processing id',
  '203': 'Unsupported version id',
  '204': 'Unknown key identifier',
  '207': 'Application internal error',
} as const;
export type ErrorCondition = keyof typeof ERROR_CONDITIONS;

/** One thing that is wrong in a message, and where: an ERR segment. */
export interface Hl7Problem {
  segment: string;
  /** Which segment of that name in the message, from 1. */
  sequence: number;
  /** Absent when the whole segment is meant. */
  field?: number;
  component?: number;
  code: ErrorCondition;
  /** For people at the sender. Says what is expected and never repeats a value, so it can be logged. */
  text: string;
}

/** `OBX^3^5` or `OBX^3^5^1^2`: where a problem is, as ERR-2 has it. */
export function locationOf(problem: Hl7Problem): string {
  const { segment, sequence, field, component } = problem;
  const place = [segment, sequence, ...(field === undefined ? [] : [field])];
  return [...place, ...(component === undefined ? [] : [1, component])].join('^');
}

/** A message that Venule can't take, and what its sender must do about it: it is acknowledged with `AR`. */
export class Hl7Refused extends Error {
  override name = 'Hl7Refused';
  readonly problem: Hl7Problem;

  constructor(problem: Hl7Problem) {
    super(`HL7 message rejected: ${problem.code} at ${locationOf(problem)}`);
    this.problem = problem;
  }
}

/** The delimiters of a message, as its MSH declares them. */
export interface Delimiters {
  field: string;
  component: string;
  repetition: string;
  escape: string;
  subcomponent: string;
}

/** A coded element, the parts that say most first: laboratories fill in whichever of them they have. */
export interface CodedElement {
  /** The code and its alternates: components 1, 4 and 10. */
  codes: string[];
  /** The text, the words it was coded from, and the text of the alternates: components 2, 9, 5 and 11. */
  texts: string[];
}

/** A segment of a received message. Every accessor answers `''` for what isn't there or is null (`""`). */
export class ReceivedSegment {
  readonly name: string;
  /** Which segment of its name in the message, from 1. */
  readonly sequence: number;
  /** Lines below it that are no segments were taken for its own. */
  readonly isBroken: boolean;
  readonly #line: string;
  readonly #delimiters: Delimiters;
  #fields: string[] | undefined;

  constructor(line: string, sequence: number, delimiters: Delimiters) {
    const end = line.indexOf(delimiters.field);
    this.name = end < 0 ? line : line.slice(0, end);
    this.sequence = sequence;
    this.isBroken = line.includes('\n');
    this.#line = line;
    this.#delimiters = delimiters;
  }

  /** A segment of this message that isn't in it, and so has nothing in any field. */
  empty(name: string): ReceivedSegment {
    return new ReceivedSegment(name, 0, this.#delimiters);
  }

  /** How many characters it has. */
  get length(): number {
    return this.#line.length;
  }

  /** The number of its last field, empty or not. */
  get lastField(): number {
    this.#fields ??= this.#line.split(this.#delimiters.field);
    return this.#fields.length - (this.name === 'MSH' ? 0 : 1);
  }

  /** How many characters a field has. */
  lengthOf(field: number): number {
    return this.#field(field)?.length ?? 0;
  }

  /** One component as text, subcomponents and all: `text(3, 2)` of an OBX is OBX-3.2. */
  text(field: number, component = 1): string {
    const { repetition: repeated, component: separator } = this.#delimiters;
    return this.#plain(pieceOf(pieceOf(this.#field(field) ?? '', repeated, 0), separator, component - 1));
  }

  /** A subcomponent of a component, the first unless it is said which: the family name in PID-5.1, the street in OBX-24.1. */
  part(field: number, component = 1, part = 1): string {
    const { repetition: repeated, component: separator, subcomponent } = this.#delimiters;
    const raw = pieceOf(pieceOf(this.#field(field) ?? '', repeated, 0), separator, component - 1);
    return this.#plain(pieceOf(raw, subcomponent, part - 1));
  }

  /** A whole field of free text, other delimiters than that of repetitions taken as they are. */
  freeText(field: number): string {
    return textOf(this.lines(field));
  }

  /** The same as lines, one a repetition, with the blanks that begin them: a table may go on in other segments. */
  lines(field: number): string[] {
    return this.#repetitions(field).map((repetition) => {
      const text = unescapeHl7(repetition, this.#delimiters);
      return text.trim() === '""' ? '' : text;
    });
  }

  /** These components of every repetition of the field, as text; none when it isn't there. */
  repetitions(field: number, ...components: number[]): string[][] {
    const { component: separator } = this.#delimiters;
    return this.#repetitions(field).map((repetition) =>
      components.map((component) => this.#plain(pieceOf(repetition, separator, component - 1))),
    );
  }

  /** The components of a field, first repetition. */
  components(field: number): string[] {
    const raw = this.#field(field);
    if (raw === undefined) return [];
    const { repetition: repeated, component: separator } = this.#delimiters;
    return pieceOf(raw, repeated, 0)
      .split(separator)
      .map((component) => this.#plain(component));
  }

  /** The same as they were sent, escapes and blanks and all: quick, however long they are. */
  asSent(field: number): string[] {
    const { repetition: repeated, component: separator } = this.#delimiters;
    return pieceOf(this.#field(field) ?? '', repeated, 0).split(separator);
  }

  /** The components in steps, where one of them may be a document of many lines. */
  *readingComponents(field: number, pace: Pace): Steps<string[]> {
    const { repetition: repeated, component: separator } = this.#delimiters;
    const read: string[] = [];
    for (const raw of pieceOf(this.#field(field) ?? '', repeated, 0).split(separator)) {
      const text = (yield* unescaping(raw, this.#delimiters, pace)).trim();
      read.push(text === '""' ? '' : text);
    }
    return read;
  }

  /** The coded elements (CE, CWE, CNE, CF) of a field, one a repetition; none when it isn't there. */
  coded(field: number): CodedElement[] {
    const present = (texts: string[]) => texts.filter((text) => text !== '');
    return this.repetitions(field, 1, 4, 10, 2, 9, 5, 11).map((components) => {
      return { codes: present(components.slice(0, 3)), texts: present(components.slice(3)) };
    });
  }

  /** What is wrong here, for an `Hl7Refused`. */
  problem(code: ErrorCondition, text: string, field?: number, component?: number): Hl7Problem {
    return {
      segment: this.name,
      sequence: this.sequence,
      ...(field === undefined ? {} : { field }),
      ...(component === undefined ? {} : { component }),
      code,
      text,
    };
  }

  #field(field: number): string | undefined {
    this.#fields ??= this.#line.split(this.#delimiters.field);
    // MSH-1 is the field separator itself.
    return this.#fields[this.name === 'MSH' ? field - 1 : field];
  }

  #repetitions(field: number): string[] {
    return this.#field(field)?.split(this.#delimiters.repetition) ?? [];
  }

  #plain(raw: string): string {
    const text = unescapeHl7(raw, this.#delimiters).trim();
    return text === '""' ? '' : text;
  }
}

/** What stands between one separator and the next, counted from 0; empty beyond the last. */
function pieceOf(text: string, separator: string, index: number): string {
  let start = 0;
  for (let passed = 0; passed < index; passed += 1) {
    const next = text.indexOf(separator, start);
    if (next < 0) return '';
    start = next + 1;
  }
  const end = text.indexOf(separator, start);
  return end < 0 ? text.slice(start) : text.slice(start, end);
}

const HEADER = /^MSH([^\w\s])([^\r\n]*)/;
/** The delimiters stand within so many characters; whatever has no end may be a message's whole length. */
const HEADER_LOOKED_AT = 256;
const MARKS = /^[^\w\s]{3,5}$/;

/** What ends a frame of MLLP. */
const FRAME_END = String.fromCharCode(0x1c);

/**
 * The message in what was sent: from its MSH on, whatever a batch, a comment or a frame of MLLP puts before it, and without
 * what ends that frame.
 */
export function unwrapped(text: string): string {
  const from = text.search(/^[ \t\v\uFEFF]*MSH/m);
  const message = text.slice(Math.max(from, 0)).trim();
  return message.endsWith(FRAME_END) ? message.slice(0, -1).trimEnd() : message;
}

/**
 * The messages in what was sent, each from its MSH to the next; all of it as one where there is none. What a batch puts
 * around them stands at the end of the one before, as segments that nobody reads.
 */
export function messagesIn(text: string): string[] {
  return unwrapped(text).split(/^(?=[ \t\v\uFEFF]*MSH)/m);
}

/** The delimiters that a message declares: some leave out the escape character, double it, or add one for cut text. */
function delimitersOf(message: string): Delimiters | undefined {
  const [, field = '', rest = ''] = HEADER.exec(message.slice(0, HEADER_LOOKED_AT)) ?? [];
  const end = rest.indexOf(field);
  // A backslash that was escaped on its way through JSON is one.
  const marks = (end < 0 ? rest : rest.slice(0, end)).replaceAll('\\\\', '\\');
  if (!MARKS.test(marks)) return undefined;
  const [component = '', repetition = '', third = '', fourth] = marks;
  const delimiters = { field, component, repetition, escape: fourth ? third : '\\', subcomponent: fourth ?? third };
  return new Set(Object.values(delimiters)).size === 5 ? delimiters : undefined;
}

/**
 * The segments of a received message, MSH first. Segments may end in `\r`, `\n` or both; a line that is no segment goes on
 * with the one above it. They are counted before they are read (hl7-limits.ts).
 * @throws Hl7Refused when the text has no usable MSH, or holds too much.
 */
export const readMessage = (text: string): ReceivedSegment[] => atOnce(readingMessage(text, new Pace()));

/** The same, in steps. */
export function* readingMessage(text: string, pace: Pace): Steps<ReceivedSegment[]> {
  const message = unwrapped(text);
  const delimiters = delimitersOf(message);
  const refused = (problem: string) => new Hl7Refused({ segment: 'MSH', sequence: 1, code: '100', text: problem });
  if (!delimiters) throw refused('A message must begin with an MSH segment and its delimiters: MSH|^~\\&|');
  const excess = yield* countingExcess(message, delimiters);
  if (excess) throw refused(excess);
  yield;

  const broken: string[][] = [];
  for (const line of linesIn(message)) {
    if (line.trim() === '') continue;
    const last = broken.at(-1);
    if (last && !isSegmentName(line.split(delimiters.field, 1)[0] as string)) last.push(line);
    else broken.push([line]);
    if (pace.isTurnOver(line.length)) yield;
  }
  const seen = new Map<string, number>();
  const segments: ReceivedSegment[] = [];
  for (const lines of broken) {
    const line = lines.join('\n');
    const name = line.split(delimiters.field, 1)[0] as string;
    const sequence = (seen.get(name) ?? 0) + 1;
    seen.set(name, sequence);
    segments.push(new ReceivedSegment(line, sequence, delimiters));
    if (pace.isTurnOver(line.length)) yield;
  }
  return segments;
}

/** A field to write: one text, the texts of its components, or one list of components for each repetition. */
export type WrittenField = string | readonly string[] | readonly (readonly string[])[];

/** A segment from its fields by number, with every text escaped. Fields that aren't given are empty. */
export function writeSegment(name: string, fields: Readonly<Record<number, WrittenField>>): Hl7Segment {
  const context = new Hl7Context();
  const segment = new Hl7Segment(name === 'MSH' ? [name, context.getMsh2()] : [name], context);
  for (const [number, value] of Object.entries(fields)) {
    const components = repetitionsOf(value).map((repetition) => trimmed(repetition.map(escapeHl7)));
    segment.setField(Number(number), new Hl7Field(components, context));
  }
  return segment;
}

/** The text of a message: every segment ends in a carriage return, without trailing empty fields. */
export function writeMessage(segments: readonly Hl7Segment[]): string {
  return segments.map((segment) => `${segment.toString().replace(/\|+$/, '')}\r`).join('');
}

/** How much of a text is hashed at once, in characters: a long one is never copied whole. */
const HASHED_AT_ONCE = 1024 * 1024;

/** A message control id (MSH-10, 20 characters) that is the same whenever the same thing is said. @param of What and, where it is long, of which text. */
export function controlIdOf(identity: string, of = ''): string {
  const hash = createHash('sha256').update(identity);
  for (let at = 0; at < of.length; at += HASHED_AT_ONCE) hash.update(of.slice(at, at + HASHED_AT_ONCE));
  return hash.digest('hex').slice(0, 20).toUpperCase();
}

function repetitionsOf(value: WrittenField): readonly (readonly string[])[] {
  if (typeof value === 'string') return [[value]];
  if (value.length === 0) return [['']];
  return typeof value[0] === 'string' ? [value as readonly string[]] : (value as readonly (readonly string[])[]);
}

function trimmed(components: string[]): string[] {
  const last = components.findLastIndex((component) => component !== '');
  return components.slice(0, Math.max(last + 1, 1));
}
