/** Query strings, in which everything is text, read as what their schema expects. */
import { z } from 'zod';

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

function bare(field: z.ZodType): z.ZodType {
  if (field instanceof z.ZodOptional || field instanceof z.ZodDefault) return bare(field.unwrap() as z.ZodType);
  return field;
}
