/**
 * An endpoint is one value: what it takes, what it answers, what it does. Routing, validation, authentication, the
 * OpenAPI document and the tests that try everything all read it from here.
 */
import type { z } from 'zod';
import type { Principal } from '../../domain/principal.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError, type ErrorCode, type FieldProblem } from './errors.ts';
import { bracketed, notUtf8, readHeaders, readQuery } from './query.ts';
import { tooMuch, unreadable } from './request-checks.ts';

/** A PDF instead of JSON. */
export const pdf = 'pdf';
/** A file of any kind, to be kept by whoever asks; only what is safe is shown by a browser. A buffer is a PDF of our own. */
export const file = 'file';
/** Nothing: 204. */
export const nothing = 'nothing';

type Schema = z.ZodType | undefined;
type Read<S extends Schema> = S extends z.ZodType ? z.output<S> : undefined;
type Answer<R> = R extends z.ZodType
  ? z.input<R>
  : R extends typeof pdf
    ? Buffer
    : R extends typeof file
      ? SentFile | Buffer
      : undefined;

/** A file that came from somebody else. */
export interface SentFile {
  content: Buffer;
  media_type: string;
  /** Letters, digits, `-`, `_` and `.` only. */
  filename: string;
  /** Whether a browser may show it: a PDF, for nothing else is without danger. */
  isShown: boolean;
}

interface Definition<P extends Schema, Q extends Schema, H extends Schema, B extends Schema, R> {
  method: 'get' | 'post' | 'patch' | 'delete' | 'put';
  /** As Express writes it: `/v3/order/:order_id`. */
  path: string;
  /** Unique; the SDK's method, where it has one. */
  operationId: string;
  tag: string;
  summary: string;
  description?: string;
  deprecated?: boolean;
  request: { params?: P; query?: Q; headers?: H; body?: B };
  /** 200, except for `nothing`, which is 204. */
  response: R;
  /** Refusals, beside those that any endpoint may answer with. */
  errors?: readonly ErrorCode[];
  handler(request: {
    deps: ApiDeps;
    team: TeamDocument;
    /** Who asks (G4). */
    by: Principal;
    params: Read<P>;
    query: Read<Q>;
    headers: Read<H>;
    body: Read<B>;
    correlationId: string;
  }): Promise<Answer<R>>;
}

/** A request that is authenticated and not yet validated. */
export interface RawRequest {
  deps: ApiDeps;
  team: TeamDocument;
  by: Principal;
  params: Record<string, unknown>;
  query: Record<string, unknown>;
  headers: Record<string, unknown>;
  body: unknown;
  correlationId: string;
}

/** An endpoint, ready to be mounted and described. */
export interface Endpoint {
  method: 'get' | 'post' | 'patch' | 'delete' | 'put';
  path: string;
  operationId: string;
  tag: string;
  summary: string;
  description?: string | undefined;
  deprecated: boolean;
  params: z.ZodObject | undefined;
  query: z.ZodObject | undefined;
  headers: z.ZodObject | undefined;
  body: z.ZodType | undefined;
  response: z.ZodType | typeof pdf | typeof file | typeof nothing;
  errors: readonly ErrorCode[];
  /**
   * Counts, then validates, then answers.
   * @throws ApiError `validation_failed`, naming every wrong field of every part of the request
   */
  run(request: RawRequest): Promise<unknown>;
}

/** Makes an endpoint; the types of its handler follow from its schemas. */
export function defineEndpoint<
  R extends z.ZodType | typeof pdf | typeof file | typeof nothing,
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  H extends z.ZodObject | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(definition: Definition<P, Q, H, B, R>): Endpoint {
  const { params, query, headers, body } = definition.request;
  return {
    method: definition.method,
    path: definition.path,
    operationId: definition.operationId,
    tag: definition.tag,
    summary: definition.summary,
    description: definition.description,
    deprecated: definition.deprecated ?? false,
    params,
    query,
    headers,
    body,
    response: definition.response,
    errors: definition.errors ?? [],
    async run(request) {
      const asked = {
        path: params && request.params,
        query: query && readQuery(query, request.query),
        header: headers && readHeaders(headers, request.headers),
        body: body && request.body,
      };
      const schemas = { path: params, query, header: headers, body };
      const parts = Object.keys(schemas) as (keyof typeof schemas)[];
      const excess = parts.flatMap((part) => {
        const schema = schemas[part];
        return schema ? tooMuch(schema, asked[part], [part]) : [];
      });
      if (excess.length > 0) throw validationFailed(excess);
      const problems = [
        ...(query ? bracketed(query, request.query) : []),
        ...(headers ? notUtf8(headers, request.headers) : []),
        ...parts.flatMap((part) => unreadable(asked[part], [part])),
      ];
      if (problems.length > 0) throw validationFailed(problems);
      const validated = {
        params: validate('path', params, asked.path, problems) as Read<P>,
        query: validate('query', query, asked.query, problems) as Read<Q>,
        headers: validate('header', headers, asked.header, problems) as Read<H>,
        body: validate('body', body, asked.body, problems) as Read<B>,
      };
      if (problems.length > 0) throw validationFailed(problems);
      const { deps, team, by, correlationId } = request;
      return definition.handler({ deps, team, by, correlationId, ...validated });
    },
  };
}

/** A refusal that names the fields that are wrong. */
export function validationFailed(problems: FieldProblem[]): ApiError {
  const fields = problems.map(({ loc }) => loc.join('.')).join(', ');
  return new ApiError('validation_failed', `These fields are invalid or missing: ${fields}.`, { detail: problems });
}

function validate(part: string, schema: Schema, value: unknown, problems: FieldProblem[]): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  problems.push(...result.error.issues.flatMap((issue) => fieldProblems(part, issue)));
  return undefined;
}

function fieldProblems(part: string, issue: z.core.$ZodIssue): FieldProblem[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return [
    {
      loc: [part, ...path],
      msg: missing ? 'Field required' : issue.message,
      type: missing ? 'missing' : issue.code,
    },
  ];
}
