/** A search as it was asked for: its conditions, its page, and what the links of the answer repeat. */
import type { Resource } from '@medplum/fhirtypes';
import { DateTime } from 'luxon';
import { z } from 'zod';
import type { Issue } from '../../wire/fhir/operation-outcome.ts';
import { FhirRefusal } from './refusal.ts';
import { SEARCH_PARAMETERS, type SearchParameter, type ServedType, type Token } from './search-parameters.ts';

const DEFAULT_COUNT = 50;
const MOST = 200;
/** Values of all conditions together. */
const MOST_VALUES = 200;

/** A span of time, in milliseconds since 1970: from its first on, up to but without its last. */
interface Span {
  from: number;
  until: number;
}

/** Values of one parameter, of which any may be met. */
export interface Condition {
  parameter: SearchParameter;
  /** As they were sent. */
  values: readonly string[];
  /** Of codes and references: what is sought. */
  tokens: readonly Token[];
  /** Of dates: when it has to be, of which any may be met. */
  spans: readonly Span[];
}

export interface SearchRequest {
  type: ServedType;
  conditions: readonly Condition[];
  /** Resources on a page. */
  count: number;
  /** Where the page begins; null for the first. */
  page: PagePosition | null;
  /** What was understood, in the order in which it was sent. */
  used: readonly (readonly [string, string])[];
}

/** Where a page begins: after what was walked past, and within one that has more resources than the page before could hold. */
const pagePosition = z.strictObject({
  after: z.strictObject({ at: z.iso.datetime(), met: z.array(z.string().max(64)).max(2_000) }).nullable(),
  within: z.strictObject({ id: z.string().max(64), served: z.int().min(1) }).nullable(),
});
export type PagePosition = z.infer<typeof pagePosition>;

export const writePosition = (position: PagePosition): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url');

/** Parameters that shape the answer and ask for nothing. */
const FORMATS = ['json', 'application/json', 'application/fhir+json', 'application/fhir json'];

/**
 * Reads a search.
 * @param sent Names and values, in any order.
 * @param base Of this API: references may be given as addresses.
 * @param lenient Whether what is not known is left out (`Prefer: handling=lenient`) instead of refused.
 * @throws FhirRefusal that names every parameter that is wrong
 */
export function readSearch(
  type: ServedType,
  sent: Readonly<Record<string, unknown>>,
  base: string,
  lenient: boolean,
): SearchRequest {
  const issues: Omit<Issue, 'severity'>[] = [];
  const conditions: Condition[] = [];
  const used: [string, string][] = [];
  let count = DEFAULT_COUNT;
  let page: PagePosition | null = null;
  const refuse = (name: string, text: string, code: Issue['code'] = 'invalid') =>
    void issues.push({ code, text: `${name}: ${text}`, expression: name });

  const pairs = Object.entries(sent).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, String(one)] as const),
  );
  for (const [name, value] of pairs) {
    if (value === '') continue;
    if (name === '_format') {
      readFormat(value);
    } else if (name === '_count') {
      const asked = /^\d{1,9}$/.test(value) ? Number(value) : 0;
      if (asked === 0) refuse(name, `a number from 1 to ${MOST}`);
      count = Math.min(asked, MOST);
      used.push([name, value]);
    } else if (name === '_page') {
      page = positionIn(value);
      if (!page) refuse(name, 'use the address of a next link as it is');
    } else {
      const parameter = SEARCH_PARAMETERS[type].find((known) => known.name === name);
      const problem = parameter ? readCondition(parameter, value, base) : unknownTo(type);
      if (typeof problem !== 'string') {
        conditions.push(problem);
        used.push([name, value]);
      } else if (parameter || !lenient) {
        refuse(name, problem, parameter ? 'invalid' : 'not-supported');
      }
    }
  }
  const values = conditions.reduce((sum, condition) => sum + condition.values.length, 0);
  if (values > MOST_VALUES) refuse('search', `at most ${MOST_VALUES} values`, 'too-costly');
  if (issues.length > 0) throw new FhirRefusal(400, issues);
  return { type, conditions, count, page, used };
}

/** @throws FhirRefusal for XML and whatever else is not JSON. */
export function readFormat(format: string): void {
  if (FORMATS.includes(format.toLowerCase())) return;
  throw new FhirRefusal(406, [{ code: 'not-supported', text: 'Only JSON is served: application/fhir+json' }]);
}

function positionIn(text: string): PagePosition | null {
  try {
    return pagePosition.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  } catch {
    return null;
  }
}

function unknownTo(type: ServedType): string {
  const known = SEARCH_PARAMETERS[type].map((parameter) => parameter.name).join(', ');
  return `${type} is not searched by this; it is by ${known}, _count`;
}

/** What is asked for, or what is wrong with it. */
function readCondition(parameter: SearchParameter, text: string, base: string): Condition | string {
  const values = text.split(/(?<!\\),/).map((value) => value.replace(/\\([,|$\\])/g, '$1'));
  const asked = { parameter, values, tokens: [], spans: [] };
  if (parameter.type === 'date') {
    const spans = values.map(spanOf);
    if (spans.includes(undefined)) {
      return 'a date or instant, with eq, ne, gt, lt, ge, or le before it: ge2026-11-01';
    }
    return { ...asked, spans: spans.flatMap((span) => span ?? []) };
  }
  if (parameter.type === 'token') return { ...asked, tokens: values.map(tokenOf) };
  const references = values.map((value) => referenceTo(parameter.target, value, base));
  if (references.includes(undefined)) return `the id of a ${parameter.target}, or ${parameter.target}/<id>`;
  return { ...asked, tokens: references.map((code) => ({ code: code as string })) };
}

/** `system|code`, `|code` of no system, `system|` with any code, `code` of any system. */
function tokenOf(text: string): Token {
  const at = text.lastIndexOf('|');
  if (at < 0) return { code: text };
  return { system: text.slice(0, at), code: text.slice(at + 1) };
}

/** `<id>`, `Type/<id>`, or the address of the resource here, as `Type/<id>`. */
function referenceTo(target: ServedType, text: string, base: string): string | undefined {
  const local = text.startsWith(`${base}/`) ? text.slice(base.length + 1) : text;
  const [, type = target, id] = /^(?:([A-Z][A-Za-z]+)\/)?([A-Za-z0-9\-.]{1,64})$/.exec(local) ?? [];
  return id && type === target ? `${target}/${id}` : undefined;
}

const DATE =
  /^(eq|ne|gt|lt|ge|le|sa|eb)?(\d{4}(?:-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?)?)?)$/;

/** When a date may be: `2026-11` is a month, in UTC where no zone is told. */
function spanOf(text: string): Span[] | undefined {
  const [, prefix = 'eq', date = ''] = DATE.exec(text) ?? [];
  const start = DateTime.fromISO(date, { zone: 'utc' });
  if (!start.isValid) return undefined;
  const from = start.toMillis();
  const until = start.plus({ [precisionOf(date)]: 1 }).toMillis();
  const ever = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };
  switch (prefix) {
    case 'ne':
      return [
        { ...ever, until: from },
        { ...ever, from: until },
      ];
    case 'gt':
    case 'sa':
      return [{ ...ever, from: until }];
    case 'ge':
      return [{ ...ever, from }];
    case 'lt':
    case 'eb':
      return [{ ...ever, until: from }];
    case 'le':
      return [{ ...ever, until }];
    default:
      return [{ from, until }];
  }
}

function precisionOf(date: string): 'years' | 'months' | 'days' | 'minutes' | 'seconds' | 'milliseconds' {
  if (date.length === 4) return 'years';
  if (date.length === 7) return 'months';
  if (date.length === 10) return 'days';
  if (/T\d{2}:\d{2}:\d{2}\./.test(date)) return 'milliseconds';
  return /T\d{2}:\d{2}:\d{2}/.test(date) ? 'seconds' : 'minutes';
}

/** Whether a resource meets all that is asked. */
export function meets(resource: Resource, conditions: readonly Condition[]): boolean {
  return conditions.every(({ parameter, tokens, spans }) => {
    if (parameter.type === 'date') {
      const instants = parameter.of(resource).map((text) => Date.parse(text));
      return instants.some((at) => spans.some(({ from, until }) => at >= from && at < until));
    }
    if (parameter.type === 'reference')
      return parameter.of(resource).some((one) => tokens.some(({ code }) => code === one));
    return parameter.of(resource).some((one) => tokens.some((sought) => isToken(one, sought)));
  });
}

function isToken(one: Token, sought: Token): boolean {
  const isOfSystem = sought.system === undefined || sought.system === (one.system ?? '');
  return isOfSystem && (sought.code === one.code || (sought.code === '' && sought.system !== undefined));
}
