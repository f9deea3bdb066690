/**
 * What a message may hold at most. Everything is counted in one pass over the text before anything in it is read, so that
 * a message costs no more than its length, whatever stands in it (docs/hl7.md).
 */
import type { Delimiters } from './hl7-message.ts';
import type { Steps } from './steps.ts';

export const MESSAGE_LIMITS = {
  /** Of the body, and of its text in UTF-8: a PDF of 20 MB in base64 fits, with what stands around it. */
  bytes: 32 * 1024 * 1024,
  /** How many messages in a body. */
  messages: 1_000,
  /** How many segments of a name. */
  segments: { OBX: 10_000, NTE: 100_000, PID: 10_000, ORC: 10_000, OBR: 10_000, SPM: 10_000 } as Readonly<
    Record<string, number>
  >,
  /** How many of all other segments together. */
  other_segments: 10_000,
  /** Lines that are no segments and go on with the one above, except those of a document. */
  broken_lines: 500_000,
  /** The same of documents: those of a PDF of 20 MB, which may have as few as 20 letters each. */
  document_lines: 1_500_000,
  /** Characters of a segment that carries no text of any length (all but OBX, NTE, and those of a laboratory's own, Z). */
  segment_characters: 16 * 1024,
  /** Field, component, repetition and subcomponent separators and escape characters, all together, without those that a document has. */
  separators: 1_000_000,
  /** Escape characters of documents, two for each line break. */
  document_escapes: 3_000_000,
  /** The same of one segment; but a document's line breaks are escaped, and as many as it has lines. */
  separators_of_segment: 50_000,
  /** Specimens of all tests; an OBR without an SPM has those of its order. */
  specimens_of_tests: 20_000,
  /** Bytes of one report as it is stored. */
  report_bytes: 14 * 1024 * 1024,
} as const;

/** How many remarks about a report are kept, each with its place. */
export const NAMED_REMARKS = 20;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** How many characters are counted between two pauses. */
const COUNTED_AT_ONCE = 1024 * 1024;

/** Whether a name of three characters can be a segment's. */
export const isSegmentName = (name: string): boolean => /^[A-Z][A-Z0-9]{2}$/.test(name);

/** OBX-2 of a document. */
const DOCUMENT = /^\s*ED(?!\w)/i;
/** How far into its segment OBX-2 begins at most, in characters. */
const BEFORE_TYPE = 64;

/** What there is too much of in a message, in words for its sender, counted in steps; undefined when it keeps the limits. */
export function* countingExcess(text: string, delimiters: Delimiters): Steps<string | undefined> {
  const counts = new Map<string, number>();
  const { field } = delimiters;
  const marks = new Set(Object.values(delimiters).map((separator: string) => separator.charCodeAt(0)));
  const escapeCode = delimiters.escape.charCodeAt(0);
  let separatorCount = 0;
  let escapesOfLine = 0;
  let escapesOfDocuments = 0;
  let beforeLine = 0;
  let countedBefore = 0;
  let start = 0;
  let isText = false;
  let isDocument = false;
  let length = 0;
  let pauseAt = COUNTED_AT_ONCE;
  for (let at = 0; at <= text.length; at += 1) {
    const code = at < text.length ? text.charCodeAt(at) : LINE_FEED;
    if (marks.has(code)) {
      separatorCount += 1;
      if (code === escapeCode) escapesOfLine += 1;
    }
    if (at === pauseAt) {
      pauseAt += COUNTED_AT_ONCE;
      yield;
    }
    if (code !== LINE_FEED && code !== CARRIAGE_RETURN) continue;
    if (at > start) {
      const name = text.slice(start, Math.min(at, start + 3));
      const isSegment = isSegmentName(name) && (at === start + 3 || text[start + 3] === field);
      const broken = isDocument ? DOCUMENT_LINE : BROKEN;
      const counted = isSegment ? (name in MESSAGE_LIMITS.segments ? name : 'other') : broken;
      counts.set(counted, (counts.get(counted) ?? 0) + 1);
      if (isSegment) {
        isText = name === 'OBX' || name === 'NTE' || name.startsWith('Z');
        isDocument = name === 'OBX' && DOCUMENT.test(text.slice(start, start + BEFORE_TYPE).split(field, 3)[2] ?? '');
        length = 0;
        countedBefore = beforeLine;
      }
      length += at - start;
      if (!isText && length > MESSAGE_LIMITS.segment_characters) {
        return `A segment other than OBX, NTE, and Z can have at most ${MESSAGE_LIMITS.segment_characters} characters`;
      }
    }
    if (isDocument) {
      countedBefore += escapesOfLine;
      escapesOfDocuments += escapesOfLine;
    }
    escapesOfLine = 0;
    if (separatorCount - countedBefore > MESSAGE_LIMITS.separators_of_segment) {
      return `A segment can have at most ${MESSAGE_LIMITS.separators_of_segment} separators and escape characters; split it into several segments`;
    }
    beforeLine = separatorCount;
    start = at + 1;
  }
  const limits = { ...MESSAGE_LIMITS.segments, other: MESSAGE_LIMITS.other_segments };
  for (const [name, limit] of Object.entries(limits)) {
    if ((counts.get(name) ?? 0) > limit)
      return `A message can have at most ${limit} ${name} segments; split it into several messages`;
  }
  if ((counts.get(BROKEN) ?? 0) > MESSAGE_LIMITS.broken_lines) {
    return `A message can have at most ${MESSAGE_LIMITS.broken_lines} lines that are no segments`;
  }
  if ((counts.get(DOCUMENT_LINE) ?? 0) > MESSAGE_LIMITS.document_lines) {
    return `The documents of a message can have at most ${MESSAGE_LIMITS.document_lines} lines`;
  }
  if (escapesOfDocuments > MESSAGE_LIMITS.document_escapes) {
    return `The documents of a message can have at most ${MESSAGE_LIMITS.document_escapes} escape characters`;
  }
  if (separatorCount - escapesOfDocuments > MESSAGE_LIMITS.separators) {
    return `A message can have at most ${MESSAGE_LIMITS.separators} separators and escape characters; split it into several messages`;
  }
  return undefined;
}

const BROKEN = 'broken';
const DOCUMENT_LINE = 'line of a document';
