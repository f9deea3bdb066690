/** The OpenAPI 3.1 document, made from the schemas that validate. */
import { z } from 'zod';
import { createDocument, type ZodOpenApiPathsObject, type ZodOpenApiResponsesObject } from 'zod-openapi';
import type { WebhookEventType } from '../../domain/webhook-events.ts';
import { clientFacingAppointment } from '../../wire/appointment-shapes.ts';
import { clientFacingOrder } from '../../wire/order-shapes.ts';
import { type Endpoint, file, nothing, pdf } from '../http/endpoint.ts';
import { ERRORS, type ErrorCode, fieldProblem } from '../http/errors.ts';
import { explainFields } from './explain-fields.ts';
import { REQUEST_EXAMPLES } from './request-examples.ts';

/** Where the key of an endpoint is sent. */
export type KeyHeader = 'x-vital-api-key' | 'X-Management-Key';

/** Endpoints that one kind of key opens. */
export interface DescribedEndpoints {
  key: KeyHeader;
  endpoints: readonly Endpoint[];
}

/** Every code with which an endpoint may refuse. */
function errorCodesOf(endpoint: Endpoint): ErrorCode[] {
  const takesInput = endpoint.params ?? endpoint.query ?? endpoint.headers ?? endpoint.body;
  const codes: ErrorCode[] = ['unauthorized', 'too_many_requests', 'internal_error', 'unavailable', ...endpoint.errors];
  if (takesInput) codes.push('validation_failed');
  codes.push('malformed_request', 'request_timeout', 'head_too_large');
  if (endpoint.body) codes.push('body_too_large');
  return Object.keys(ERRORS).filter((code): code is ErrorCode => codes.includes(code as ErrorCode));
}

/**
 * The whole document.
 * @param version Venule's.
 * @param publicUrl Where the API is reached, without a slash at its end.
 */
export function openApiDocument(described: readonly DescribedEndpoints[], version: string, publicUrl: string) {
  const paths: ZodOpenApiPathsObject = {};
  for (const { key, endpoints } of described) {
    for (const endpoint of endpoints) {
      const path = endpoint.path.replace(/:(\w+)/g, '{$1}');
      paths[path] = { ...paths[path], [endpoint.method]: operationOf(endpoint, key) };
    }
  }
  const document = createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Venule',
      version,
      description:
        'Lab-test ordering. A null field means the same as an absent one. To send a list in a query, repeat the parameter. Every error response has the same format; its `error` is one of the codes listed for each status.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: publicUrl, description: 'This Venule' }],
    paths,
    webhooks: webhooks(),
    components: {
      responses: { MethodNotAllowed: refusalOf(['method_not_allowed']) },
      securitySchemes: {
        'x-vital-api-key': {
          type: 'apiKey',
          in: 'header',
          name: 'x-vital-api-key',
          description: 'Your team’s API key.',
        },
        'X-Management-Key': {
          type: 'apiKey',
          in: 'header',
          name: 'X-Management-Key',
          description: 'A Management API key.',
        },
      },
    },
  });
  explainFields(document);
  return document;
}

/** What is sent to a team's endpoints (E1); docs/webhooks.md has the rest. */
function webhooks(): ZodOpenApiPathsObject {
  const told = {
    'labtest.order.created': { data: clientFacingOrder, summary: 'An order was accepted, or a redraw was created' },
    'labtest.order.updated': { data: clientFacingOrder, summary: 'An order reached a new status' },
    'labtest.appointment.created': { data: clientFacingAppointment, summary: 'An order got its first appointment' },
    'labtest.appointment.updated': { data: clientFacingAppointment, summary: 'An appointment changed' },
    'labtest.result.critical': { data: criticalResult, summary: 'A laboratory flagged a result as critical' },
    'labtest.match_review.created': { data: matchReview, summary: 'A report on an order is held for review' },
    'labtest.match_review.updated': {
      data: matchReview,
      summary: 'A held report was accepted, rejected, matched, or held again',
    },
  } satisfies Partial<Record<WebhookEventType, { data: z.ZodType; summary: string }>>;
  const headers = z.object({
    'svix-id': z.string().meta({ description: 'The same in every delivery of this event.' }),
    'svix-timestamp': z.string().meta({ description: 'Time of this attempt, in seconds since 1970.' }),
    'svix-signature': z.string().meta({ description: 'One signature for each secret that is currently valid.' }),
  });
  return Object.fromEntries(
    Object.entries(told).map(([event_type, { data, summary }]) => {
      const schema = z.object({
        event_type: z.literal(event_type),
        team_id: z.uuid(),
        user_id: z.uuid(),
        client_user_id: z.string(),
        data,
      });
      const operation = {
        operationId: event_type,
        summary,
        tags: ['Webhooks that you receive'],
        requestParams: { header: headers },
        requestBody: { content: { 'application/json': { schema } } },
        responses: {
          '2XX': { description: 'Accepted. Respond within 15 seconds; otherwise the webhook is sent again.' },
        },
      };
      return [event_type, { post: operation }];
    }),
  ) as ZodOpenApiPathsObject;
}

const criticalResult = z.object({
  order_id: z.uuid(),
  sample_id: z.string(),
  status: z.enum(['partial', 'final']),
  interpretation: z.literal('critical'),
  team_id: z.uuid(),
  user_id: z.uuid(),
  created_at: z.string(),
});

const matchReview = z.object({
  id: z.uuid(),
  status: z.enum(['pending_ops_review', 'matched', 'resolved']),
  decision_code: z.string().meta({ description: 'Why the report was held.' }),
  sub_reason_codes: z.array(z.string()).meta({ description: 'Always empty for now.' }),
  resolution_action: z
    .enum(['accept', 'reject'])
    .nullable()
    .meta({ description: 'What a person decided; null if nobody has.' }),
  resolved_user_id: z.uuid().nullable().meta({ description: 'The user whose order the report was assigned to.' }),
  resolved_order_id: z.uuid().nullable().meta({ description: 'The order that the report was assigned to.' }),
});

function operationOf(endpoint: Endpoint, key: KeyHeader) {
  const { params, query, headers, body } = endpoint;
  const example = REQUEST_EXAMPLES[endpoint.operationId];
  return {
    operationId: endpoint.operationId,
    summary: endpoint.summary,
    ...(endpoint.description && { description: endpoint.description }),
    ...(endpoint.deprecated && { deprecated: true }),
    tags: [endpoint.tag],
    security: [{ [key]: [] }],
    ...((params ?? query ?? headers) && {
      requestParams: { ...(params && { path: params }), ...(query && { query }), ...(headers && { header: headers }) },
    }),
    ...(body && {
      requestBody: {
        required: !body.safeParse(undefined).success,
        content: { 'application/json': { schema: body, ...(example && { example }) } },
      },
    }),
    responses: { ...successOf(endpoint), ...refusalsOf(endpoint) } as ZodOpenApiResponsesObject,
  };
}

function successOf({ response }: Endpoint): ZodOpenApiResponsesObject {
  if (response === nothing) return { 204: { description: 'Done.' } };
  if (response === pdf) {
    const schema = { type: 'string', format: 'binary' } as const;
    return { 200: { description: 'The document.', content: { 'application/pdf': { schema } } } };
  }
  if (response === file) {
    const schema = { type: 'string', format: 'binary' } as const;
    const content = { 'application/pdf': { schema }, 'application/octet-stream': { schema } };
    return { 200: { description: 'The document, as it was sent.', content } };
  }
  return { 200: { description: 'Done.', content: { 'application/json': { schema: response } } } };
}

function refusalsOf(endpoint: Endpoint): Record<string, unknown> {
  const codes = errorCodesOf(endpoint);
  const statuses = [...new Set(codes.map((code) => ERRORS[code].status))];
  return Object.fromEntries(
    statuses.map((status) => {
      const here = codes.filter((code) => ERRORS[code].status === status);
      return [status, refusalOf(here)];
    }),
  );
}

function refusalOf(codes: readonly ErrorCode[]) {
  return {
    description: codes.map((code) => `\`${code}\`: ${ERRORS[code].meaning}`).join('\n\n'),
    content: { 'application/json': { schema: refusalSchema(codes) } },
  };
}

const conflict = z.object({
  error_type: z.string(),
  error_message: z.string(),
  user_id: z.string().nullable(),
  created_on: z.string().nullable(),
});

const refusalSchemas = new Map<string, z.ZodType>();

/** What a refusal with one of these codes looks like; the same schema for the same codes. */
function refusalSchema(codes: readonly ErrorCode[]): z.ZodType {
  const name = codes.join(' ');
  const known = refusalSchemas.get(name);
  if (known) return known;
  const details: z.ZodType[] = [z.string()];
  if (codes.includes('client_user_id_taken')) details.push(conflict);
  const detail = codes.includes('validation_failed') ? z.array(fieldProblem) : z.union(details);
  const schema = z.object({
    detail,
    error: z.enum(codes),
    message: z.string(),
    status_code: z.int(),
    correlation_id: z.string(),
  });
  refusalSchemas.set(name, schema);
  return schema;
}
