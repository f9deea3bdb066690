/**
 * What is looked at before a request is validated: how much it holds, and whether its text is text. Both cost one pass,
 * however the request is made, and both name the field.
 */
import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { REQUEST_LIMITS } from '../../domain/limits.ts';
import { ApiError, type FieldProblem } from './errors.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENING = [0x5b, 0x7b];
const CLOSING = [0x5d, 0x7d];

/**
 * Looks through the bytes of a JSON body before it is parsed: as `verify` of body-parser.
 * @throws ApiError `malformed_request` for bytes that are not UTF-8, `body_too_large` for too many values or levels
 */
export function checkBytes(_request: unknown, _response: unknown, bytes: Buffer, encoding: string | null): void {
  if (encoding !== null && encoding !== 'utf-8') {
    throw new ApiError('malformed_request', 'The body must be UTF-8.');
  }
  if (!isUtf8(bytes)) throw new ApiError('malformed_request', 'The body is not valid UTF-8.');
  let values = 1;
  let level = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      at = endOfText(bytes, at);
    } else if (byte === COMMA) {
      values += 1;
    } else if (OPENING.includes(byte)) {
      values += 1;
      level += 1;
    } else if (CLOSING.includes(byte)) {
      level -= 1;
    } else continue;
    if (values > REQUEST_LIMITS.body_values) {
      throw new ApiError('body_too_large', `The body has more than ${REQUEST_LIMITS.body_values} values.`);
    }
    if (level > REQUEST_LIMITS.body_levels) {
      throw new ApiError('body_too_large', `The body is nested more than ${REQUEST_LIMITS.body_levels} levels deep.`);
    }
  }
}

/** Where the text that begins at this quote ends. */
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

/** Lists and texts that hold more than their schema allows. Nothing is validated, and no element of a list that is too long looked at. */
export function tooMuch(
  schema: z.core.$ZodType,
  value: unknown,
  loc: FieldProblem['loc'],
  found: FieldProblem[] = [],
): FieldProblem[] {
  const kind = bare(schema);
  if (kind instanceof z.ZodArray && Array.isArray(value)) {
    const most = maximumOf(kind);
    if (value.length > most) {
      found.push({ loc, msg: `Too big: expected array to have <=${most} items`, type: 'too_big' });
    } else {
      for (const [index, item] of value.entries()) tooMuch(kind.element, item, [...loc, index], found);
    }
  } else if (typeof value === 'string' && kind._zod.def.type === 'string') {
    const most = maximumOf(kind);
    if (value.length > most) {
      found.push({ loc, msg: `Too big: expected string to have <=${most} characters`, type: 'too_big' });
    }
  } else if (kind instanceof z.ZodObject && isRecord(value)) {
    for (const [name, field] of Object.entries(kind.shape)) {
      if (Object.hasOwn(value, name)) tooMuch(field as z.core.$ZodType, value[name], [...loc, name], found);
    }
  }
  return found;
}

/** How many elements or characters a schema allows. */
export function maximumOf(schema: z.core.$ZodType): number {
  const limits = (schema._zod.def.checks ?? []).map((check) => (check._zod.def as { maximum?: unknown }).maximum);
  const told = limits.filter((limit) => typeof limit === 'number');
  if (told.length > 0) return Math.min(...told);
  return schema instanceof z.ZodArray ? Number.POSITIVE_INFINITY : REQUEST_LIMITS.text_characters;
}

/** A schema without what wraps it; of a schema that transforms, what it takes. */
export function bare(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    return bare(schema.unwrap());
  }
  return schema instanceof z.ZodPipe ? bare(schema.in) : schema;
}

/** Texts that no laboratory and no database could take: with a NUL, or with half of a character. */
export function unreadable(value: unknown, loc: FieldProblem['loc'], found: FieldProblem[] = []): FieldProblem[] {
  if (typeof value === 'string') {
    const msg = faultOf(value);
    if (msg) found.push({ loc, msg, type: 'unreadable_text' });
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) unreadable(item, [...loc, index], found);
  } else if (isRecord(value)) {
    for (const [name, item] of Object.entries(value)) {
      const fault = faultOf(name);
      if (fault) found.push({ loc, msg: `A name in here: ${fault}`, type: 'unreadable_text' });
      else unreadable(item, [...loc, name], found);
    }
  }
  return found;
}

function faultOf(text: string): string | undefined {
  if (text.includes('\0')) return 'The text contains a NUL character';
  return /\p{Surrogate}/u.test(text)
    ? 'The text contains half of a surrogate pair, which is not a character'
    : undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
