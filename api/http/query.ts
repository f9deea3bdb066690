/** Query strings and headers, in which everything is text, read as what their schema expects. */
import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { FieldProblem } from './errors.ts';
import { bare } from './request-checks.ts';

/**
 * Turns the text of a query into the lists, numbers and booleans that the schema's fields are; what cannot be turned is
 * left for the schema to refuse. A list may be given once or repeated (`status=a&status=b`); `key=` counts as absent.
 */
export function readQuery(schema: z.ZodObject, raw: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(schema.shape).flatMap(([name, field]) => {
    const value = read(field as z.ZodType, raw[name]);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(entries);
}

function read(field: z.ZodType, value: unknown): unknown {
  const kind = bare(field);
  if (kind instanceof z.ZodArray) {
    const items = (Array.isArray(value) ? value : [value]).filter((item) => item !== undefined && item !== '');
    return items.length === 0 ? undefined : items.map((item) => read(kind.element as z.ZodType, item));
  }
  if (value === '') return undefined;
  if (kind instanceof z.ZodNumber && typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  if (kind instanceof z.ZodBoolean && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

/**
 * Known parameters in forms that are not taken: `status[]=a`, `user_id[$ne]=b`. Unknown names are nobody's business.
 */
export function bracketed(schema: z.ZodObject, raw: Record<string, unknown>): FieldProblem[] {
  return Object.keys(raw)
    .filter((key) => Object.hasOwn(schema.shape, key.split(/[[.$]/, 1)[0] ?? '') && !Object.hasOwn(schema.shape, key))
    .map((key) => ({
      loc: ['query', key],
      msg: 'Use plain parameter names; repeat the name to give several values: status=a&status=b',
      type: 'parameter_form',
    }));
}

/** The headers that the schema knows. */
export function readHeaders(schema: z.ZodObject, raw: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.keys(schema.shape).map((name) => [name, raw[name]]));
}

/** Known headers whose bytes are no UTF-8. */
export function notUtf8(schema: z.ZodObject, raw: Record<string, unknown>): FieldProblem[] {
  return Object.entries(readHeaders(schema, raw))
    .filter(([, value]) => typeof value === 'string' && !isUtf8(Buffer.from(value, 'latin1')))
    .map(([name]) => ({ loc: ['header', name], msg: 'The header is not valid UTF-8', type: 'unreadable_text' }));
}
