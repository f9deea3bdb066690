/** HL7 v2 messages as segments that know their place: what every reader and writer of the lab wire stands on. */
import { createHash } from 'node:crypto';
import { Hl7Context, Hl7Field, Hl7Message, Hl7Segment } from '@medplum/core';
import { escapeHl7, unescapeHl7 } from './hl7-escape.ts';

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

/**
 * A message that Venule can't take, with every place that is wrong. `ack` is the acknowledgement
 * to give: `AR` when sending the same message again can't help, `AE` when it can.
 */
export class Hl7Refused extends Error {
  readonly ack: 'AR' | 'AE';
  readonly errors: readonly Hl7Problem[];

  constructor(problems: readonly Hl7Problem[], ack: 'AR' | 'AE' = 'AR') {
    const errors = [...new Map(problems.map((problem) => [locationOf(problem) + problem.text, problem])).values()];
    super(`HL7 message refused (${ack}): ${errors.map((error) => `${error.code} at ${locationOf(error)}`).join(', ')}`);
    this.name = 'Hl7Refused';
    this.ack = ack;
    this.errors = errors;
  }
}

/** A segment of a received message. Every accessor answers `''` for what isn't there or is null (`""`). */
export class ReceivedSegment {
  readonly name: string;
  /** Which segment of its name in the message, from 1. */
  readonly sequence: number;
  readonly #segment: Hl7Segment;

  constructor(segment: Hl7Segment, sequence: number) {
    this.#segment = segment;
    this.name = segment.name;
    this.sequence = sequence;
  }

  /** One component as text, subcomponents and all: `text(3, 2)` of an OBX is OBX-3.2. */
  text(field: number, component = 1, repetition = 0): string {
    return this.#plain(this.#field(field)?.components[repetition]?.[component - 1] ?? '');
  }

  /** The first subcomponent of a component: the family name in PID-5.1, the street in OBX-24.1. */
  part(field: number, component = 1): string {
    const raw = this.#field(field)?.components[0]?.[component - 1] ?? '';
    return this.#plain(raw.split(this.#segment.context.subcomponentSeparator)[0] ?? '');
  }

  /** A whole field of free text: one line a repetition, other delimiters taken as they are. */
  freeText(field: number): string {
    const { componentSeparator } = this.#segment.context;
    const repetitions = this.#field(field)?.components ?? [];
    return repetitions
      .map((components) => this.#plain(components.join(componentSeparator)))
      .join('\n')
      .trim();
  }

  /** How often the field is repeated; 0 when it isn't there. */
  repetitions(field: number): number {
    return this.#field(field)?.components.length ?? 0;
  }

  /** The components of a field, first repetition. */
  components(field: number): string[] {
    return (this.#field(field)?.components[0] ?? []).map((raw) => this.#plain(raw));
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

  #field(field: number): Hl7Field | undefined {
    return this.#segment.getField(field) as Hl7Field | undefined;
  }

  #plain(raw: string): string {
    const text = unescapeHl7(raw, this.#segment.context).trim();
    return text === '""' ? '' : text;
  }
}

const DELIMITERS = /^MSH([^\w\s])([^\w\s])([^\w\s])([^\w\s])([^\w\s])/;
const SEGMENT_NAME = /^[A-Z][A-Z0-9]{2}$/;

/**
 * The segments of a received message, MSH first. Segments may end in `\r`, `\n` or both.
 * Throws `Hl7Refused` when the text doesn't begin with a usable MSH or holds a line that is no segment.
 */
export function readMessage(text: string): ReceivedSegment[] {
  const message = text.replace(/^\uFEFF/, '').trim();
  const delimiters = DELIMITERS.exec(message)?.slice(1) ?? [];
  if (new Set(delimiters).size !== 5) {
    throw new Hl7Refused([
      {
        segment: 'MSH',
        sequence: 1,
        code: '100',
        text: 'A message begins with an MSH segment and its five delimiters: MSH|^~\\&|',
      },
    ]);
  }
  const seen = new Map<string, number>();
  let previous: ReceivedSegment | undefined;
  return Hl7Message.parse(message)
    .segments.filter((segment) => segment.toString().trim() !== '')
    .map((segment) => {
      if (previous && !SEGMENT_NAME.test(segment.name)) {
        const text = 'What follows this segment is not a segment; a line break inside a field is written \\.br\\';
        throw new Hl7Refused([previous.problem('100', text)]);
      }
      const sequence = (seen.get(segment.name) ?? 0) + 1;
      seen.set(segment.name, sequence);
      previous = new ReceivedSegment(segment, sequence);
      return previous;
    });
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

/** A message control id (MSH-10, 20 characters) that is the same whenever the same thing is said. */
export function controlIdOf(identity: string): string {
  return createHash('sha256').update(identity).digest('hex').slice(0, 20).toUpperCase();
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
