/** What teams are told: webhooks, where they go, and how far each is. */
import type { Connection } from 'mongoose';
import { date, dateOrNull, define, text, textOrNull, whole, wholeOrNull, yes } from './define.ts';

export interface WebhookEndpointDocument {
  _id: string;
  team_id: string;
  url: string;
  description: string;
  rate_limit: number | null;
  disabled: boolean;
  filter_types: string[] | null;
  /** `whsec_…`, newest first; the older one is valid until it expires. */
  secrets: { key: string; expires_at: Date | null }[];
  headers: Record<string, string>;
  /** First failure of the present unbroken row of failures. */
  failing_since: Date | null;
  /** It asked to be left alone until then. */
  rest_until?: Date | null;
  /** When it was disabled, and what disabled it; absent or null where a caller did. */
  disabled_at?: Date | null;
  disabled_because?: 'gone' | 'failing' | null;
  created_at: Date;
  updated_at: Date;
}

/** An event to be told, written in the transition's own transaction (E3, E4). */
export interface WebhookMessageDocument {
  /** The `svix-id`: stable over all deliveries. */
  _id: string;
  team_id: string;
  event_type: string;
  /** The body as it will be sent: the order as it was at that event. */
  payload: string;
  order_id: string | null;
  event_number: number | null;
  /** Deliveries to the team's endpoints were made. */
  fanned_out: boolean;
  created_at: Date;
}

export interface WebhookAttempt {
  at: Date;
  status_code: number | null;
  error: string | null;
  duration_ms: number;
}

/** One message on its way to one endpoint. */
export interface WebhookDeliveryDocument {
  /** `<message id>:<endpoint id>`, with `:<n>` for a resend. */
  _id: string;
  message_id: string;
  endpoint_id: string;
  team_id: string;
  state: 'pending' | 'delivered' | 'exhausted' | 'dropped';
  attempts: WebhookAttempt[];
  next_attempt_at: Date;
  lease_until: Date;
  /** Unlike any other claim's; absent while it never was claimed. */
  claim?: string;
  created_at: Date;
}

/** The models of these collections. */
export const outboxCollections = (connection: Connection) => ({
  webhookEndpoints: define<WebhookEndpointDocument>(
    connection,
    'webhook_endpoints',
    {
      _id: text,
      team_id: text,
      url: text,
      description: { type: String, default: '' },
      rate_limit: { type: Number, default: null },
      disabled: yes,
      filter_types: wholeOrNull,
      secrets: whole,
      headers: whole,
      failing_since: dateOrNull,
      rest_until: dateOrNull,
      disabled_at: dateOrNull,
      disabled_because: textOrNull,
      created_at: date,
      updated_at: date,
    },
    [[{ team_id: 1, created_at: 1 }]],
  ),
  webhookMessages: define<WebhookMessageDocument>(
    connection,
    'webhook_messages',
    {
      _id: text,
      team_id: text,
      event_type: text,
      payload: text,
      order_id: textOrNull,
      event_number: { type: Number, default: null },
      fanned_out: yes,
      created_at: date,
    },
    [
      [{ fanned_out: 1, created_at: 1 }, { partialFilterExpression: { fanned_out: false } }],
      [{ order_id: 1, event_number: 1 }],
      [{ team_id: 1, created_at: 1, _id: 1 }],
    ],
  ),
  webhookDeliveries: define<WebhookDeliveryDocument>(
    connection,
    'webhook_deliveries',
    {
      _id: text,
      message_id: text,
      endpoint_id: text,
      team_id: text,
      state: text,
      attempts: whole,
      next_attempt_at: date,
      lease_until: date,
      claim: { type: String },
      created_at: date,
    },
    [
      [{ state: 1, endpoint_id: 1, next_attempt_at: 1 }, { partialFilterExpression: { state: 'pending' } }],
      [{ endpoint_id: 1, created_at: -1 }],
    ],
  ),
});
