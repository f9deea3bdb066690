/** The JSON of a Bundle, entry by entry, so that a long one holds nobody up; numbers stay as they were written. */
import { isUtf8 } from 'node:buffer';
import type { Pace, Steps } from '../hl7v2/steps.ts';
import { BUNDLE_LIMITS } from './fhir-limits.ts';
import { LongText } from './fhir-long-text.ts';
import { FhirRefused } from './fhir-refused.ts';

/** A JSON object, whatever it holds. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** A resource, its entries apart. */
export interface SplitResource {
  /** The resource itself; `entry` is an empty list where it has entries. */
  root: JsonObject;
  /** In their order; undefined for what is no object. */
  entries: (JsonObject | undefined)[];
}

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Counts what a message holds, and then reads it.
 * @throws FhirRefused when it is not JSON, or holds too much
 */
export function* splittingBundle(body: Buffer, pace: Pace): Steps<SplitResource> {
  if (!isUtf8(body)) throw new FhirRefused(400, 'structure', 'The body is not UTF-8');
  const bytes = body.subarray(0, BOM.length).equals(BOM) ? body.subarray(BOM.length) : body;
  const { list, entries, long } = yield* placesOfEntries(bytes, pace);
  const outside = list ? Buffer.concat([bytes.subarray(0, list.from), EMPTY_LIST, bytes.subarray(list.until)]) : bytes;
  const root = objectIn(outside, { from: 0, until: outside.length }, list ? [] : long, 'Bundle');
  if (!root) throw new FhirRefused(400, 'structure', 'The body is not a FHIR resource in JSON');
  const read: (JsonObject | undefined)[] = [];
  for (const [index, entry] of entries.entries()) {
    read.push(entry && objectIn(bytes, entry, long, `Bundle.entry[${index}]`));
    if (entry && pace.isTurnOver(entry.until - entry.from)) yield;
  }
  return { root, entries: read };
}

const EMPTY_LIST = Buffer.from('[]');
const BOM = Buffer.from('\uFEFF');

/** Texts from so many bytes on stay where they are. */
const LONG = 64 * 1024;
/** Stands for a long text while the rest is parsed: no text of FHIR has this character. */
const STAND_IN = '\u0000';

interface Place {
  from: number;
  until: number;
}

/** Where the list `entry` of the outermost object is, and each of its elements; undefined for one that is no object. */
function* placesOfEntries(
  bytes: Buffer,
  pace: Pace,
): Steps<{ list: Place | undefined; entries: (Place | undefined)[]; long: Place[] }> {
  const entries: (Place | undefined)[] = [];
  const long: Place[] = [];
  let list: Place | undefined;
  let values = 1;
  let outside = 1;
  let level = 0;
  let before = 0;
  let name: Place | undefined;
  let start = -1;
  let isIn = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      const end = endOfText(bytes, at);
      if (pace.isTurnOver(end - at)) yield;
      if (end - at > LONG) long.push({ from: at, until: end + 1 });
      if (level === 1 && !isIn) name = { from: at, until: end + 1 };
      at = end;
    } else if (byte === COMMA || byte === COLON) {
      values += 1;
      if (isIn && level === 2) entries.push(undefined);
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      values += 1;
      level += 1;
      if (
        level === 2 &&
        byte === OPEN_LIST &&
        !list &&
        name &&
        bytes.toString('latin1', name.from, name.until) === '"entry"'
      ) {
        isIn = true;
        entries.push(undefined);
        list = { from: at, until: at };
      } else if (isIn && level === 3) {
        start = at;
        before = values;
      }
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      if (isIn && level === 3) entries[entries.length - 1] = { from: start, until: at + 1 };
      if (isIn && level === 2 && list) {
        isIn = false;
        if (entries.length === 1 && !entries[0]) entries.pop();
        list.until = at + 1;
      }
      level -= 1;
    } else continue;
    if (!isIn) outside += 1;
    const atOnce = isIn && level >= 3 ? values - before : outside;
    if (atOnce > BUNDLE_LIMITS.values_at_once) throw tooMuch(`${BUNDLE_LIMITS.values_at_once} elements in an entry`);
    if (values > BUNDLE_LIMITS.values) throw tooMuch(`${BUNDLE_LIMITS.values} elements`);
    if (level > BUNDLE_LIMITS.levels) throw tooMuch(`${BUNDLE_LIMITS.levels} levels`);
    if (entries.length > BUNDLE_LIMITS.entries) throw tooMuch(`${BUNDLE_LIMITS.entries} entries`);
  }
  if (isIn) throw new FhirRefused(400, 'structure', 'The body is not JSON: a list has no end', 'Bundle.entry');
  return { list, entries, long };
}

const tooMuch = (most: string) =>
  new FhirRefused(413, 'too-long', `A message can have at most ${most}; split it into several`);

function endOfText(bytes: Buffer, start: number): number {
  let at = start;
  for (;;) {
    at = bytes.indexOf(QUOTE, at + 1);
    if (at < 0) return bytes.length;
    let backslashes = 0;
    while (bytes[at - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
}

/** @param long The long texts of the message, in their order. */
function objectIn(
  bytes: Buffer,
  { from, until }: Place,
  long: readonly Place[],
  place: string,
): JsonObject | undefined {
  const texts = long.filter((text) => text.from >= from && text.until <= until);
  const ends = [from, ...texts.map((text) => text.until)];
  const pieces = ends.map((start, index) => bytes.toString('utf8', start, texts[index]?.from ?? until));
  const json = pieces.map((piece, index) => (index === 0 ? piece : `"\\u0000${index - 1}"${piece}`)).join('');
  let value: unknown;
  try {
    value = JSON.parse(json, asWritten as (name: string, value: unknown) => unknown);
  } catch {
    throw new FhirRefused(400, 'structure', 'The body is not JSON', place);
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;

  /** Node tells a reviver how a number was written; the library of types does not know it yet. */
  function asWritten(_name: string, one: unknown, { source }: { source?: string } = {}): unknown {
    if (typeof one === 'number') return source;
    const text = typeof one === 'string' && one.startsWith(STAND_IN) ? texts[Number(one.slice(1))] : undefined;
    return text ? new LongText(bytes.subarray(text.from + 1, text.until - 1)) : one;
  }
}
