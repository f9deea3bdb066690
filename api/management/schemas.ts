/** Webhook endpoints as the Management API takes and shows them (contract §2.10). Here null says "none", and does not count as absent. */
import { z } from 'zod';
import { LIST_LIMITS } from '../../domain/limits.ts';
import { WEBHOOK_EVENT_TYPES } from '../../domain/webhook-events.ts';
import { isAllowedHeader } from '../../webhooks/deliver.ts';
import { isSigningSecret } from '../../webhooks/signature.ts';
import { instant } from '../../wire/fields.ts';
import { nothingToChange, saysSomething } from '../http/fields.ts';
import { readInstant } from '../orders/schemas.ts';

const team = { org: z.string(), team: z.string(), environment: z.string() };

export const endpointsPath = z.object(team);
export const endpointPath = z.object({ ...team, id: z.string() });

/** An instant in milliseconds, and an id. */
const cursor = z.string().regex(/^\d{1,15}_[\w-]{1,100}$/, 'must be the next_cursor of a response');

export const endpointPageQuery = z.object({
  limit: z.int().min(1).max(250).default(50),
  next_cursor: cursor.optional(),
});

const eventType = z.enum(WEBHOOK_EVENT_TYPES).meta({ id: 'WebhookEventType' });
const url = z
  .string()
  .max(2048)
  .meta({ examples: ['https://example.com/webhooks'] });
const secret = z
  .string()
  .refine(isSigningSecret, 'must be whsec_ followed by 24 to 75 bytes in base64')
  .meta({ examples: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] });

const settings = {
  description: z.string().max(500),
  rate_limit: z.int().min(1).max(10_000).nullable().meta({ description: 'Webhooks per second; null for no limit.' }),
  disabled: z.boolean(),
  filter_types: z
    .array(eventType)
    .min(1)
    .max(LIST_LIMITS.filter_types)
    .nullable()
    .meta({ description: 'Event types that the endpoint receives; null for all.' }),
};

export const newEndpoint = z
  .object({
    url,
    description: settings.description.nullable().default(''),
    rate_limit: settings.rate_limit.default(null),
    disabled: settings.disabled.nullable().default(false),
    filter_types: settings.filter_types.default(null),
    secret: secret.nullable().default(null).meta({ description: 'Generated if absent.' }),
  })
  .meta({ id: 'CreateWebhookBody' });

export const endpointChanges = z
  .object({
    url: url.optional(),
    description: settings.description.optional(),
    rate_limit: settings.rate_limit.optional(),
    disabled: settings.disabled.optional(),
    filter_types: settings.filter_types.optional(),
  })
  .refine(saysSomething, nothingToChange)
  .meta({ id: 'UpdateWebhookBody' });

export const webhook = z
  .object({
    id: z.string(),
    url: z.string(),
    description: z.string(),
    rate_limit: z.int().nullable(),
    disabled: z.boolean(),
    filter_types: z.array(z.string()).nullable(),
    created_at: instant,
    updated_at: instant,
  })
  .meta({ id: 'Webhook' });

export const webhookPage = z
  .object({ data: z.array(webhook), next_cursor: z.string().nullable() })
  .meta({ id: 'WebhookList' });

const printable = /^[\t\x20-\x7e\x80-\xff]*$/;

export const webhookHeaders = z
  .object({
    headers: z
      .record(
        z.string().max(100).refine(isAllowedHeader, 'this header cannot be set'),
        z.string().max(4096).regex(printable, 'must be a single line of Latin-1 text'),
      )
      .refine((headers) => Object.keys(headers).length <= 50, 'at most 50 headers'),
  })
  .meta({ id: 'WebhookHeaders' });

const SIXTY_DAYS_MS = 60 * 24 * 3_600_000;
const anInstant = z.iso.datetime({ offset: true, local: true });

export const recovery = z
  .object({
    since: anInstant.meta({ description: 'At most 60 days ago.' }),
    until: anInstant.nullable().optional().meta({ description: 'Now by default.' }),
    next_cursor: cursor.nullable().optional(),
  })
  .refine(({ since }) => Date.now() - readInstant(since).getTime() <= SIXTY_DAYS_MS, {
    message: 'must be at most 60 days ago',
    path: ['since'],
  })
  .refine(({ since, until }) => readInstant(since) <= (until ? readInstant(until) : new Date()), {
    message: 'since must be before until',
    path: ['until'],
  })
  .meta({ id: 'RecoverWebhookBody' });

export const recovered = z
  .object({
    recovered: z.int().meta({ description: 'Number of deliveries started by this request.' }),
    next_cursor: z.string().nullable().meta({ description: 'Call again with this until it is null.' }),
  })
  .meta({ id: 'RecoveredWebhooks' });

export const webhookSecret = z.object({ key: z.string() }).meta({ id: 'WebhookSecret' });

export const rotation = z
  .object({ secret: secret.nullable().optional() })
  .nullish()
  .meta({ id: 'RotateWebhookSecretBody' });
