/** Where a request schema takes texts and lists. */
import { z } from 'zod';
import { bare } from '../../api/http/request-checks.ts';

/** One place in a request, with what its schema has there; `0` stands for an element of a list. */
export interface Place {
  path: (string | number)[];
  schema: z.core.$ZodType;
}

/** Every place of a schema, containers included. */
export function placesOf(schema: z.core.$ZodType, path: Place['path'] = []): Place[] {
  const kind = bare(schema);
  const here = { path, schema: kind };
  if (kind instanceof z.ZodObject) {
    const fields = Object.entries(kind.shape) as [string, z.core.$ZodType][];
    return [here, ...fields.flatMap(([name, field]) => placesOf(field, [...path, name]))];
  }
  if (kind instanceof z.ZodArray) return [here, ...placesOf(kind.element, [...path, 0])];
  if (kind instanceof z.ZodRecord) return [here, ...placesOf(kind.valueType, [...path, 'x-name'])];
  return [here];
}

/** Whether a text can stand there. */
export function takesText({ schema }: Place): boolean {
  return ['string', 'enum', 'literal', 'union'].includes(schema._zod.def.type);
}

/** A copy of a request in which this value stands in that place. */
export function withValue(request: unknown, [step, ...rest]: Place['path'], value: unknown): unknown {
  if (step === undefined) return value;
  const inner = (part: unknown) => withValue(part, rest, value);
  if (typeof step === 'number') return [inner(Array.isArray(request) ? request[0] : undefined)];
  const record = (typeof request === 'object' && request !== null ? request : {}) as Record<string, unknown>;
  return { ...record, [step]: inner(record[step]) };
}
