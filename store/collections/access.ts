/** Who can do what: teams, keys, users, patients' links, and what each has done. */
import type { Connection } from 'mongoose';
import type { Principal } from '../../domain/principal.ts';
import { count, date, dateOrNull, define, text, textOrNull, whole, wholeOrNull } from './define.ts';

/** What a team can switch, with `npm run admin -- team set`. */
export interface TeamOptions {
  redraws_enabled: boolean;
  partial_webhooks_enabled: boolean;
  minor_ordering_enabled: boolean;
  email_enabled: boolean;
  sms_enabled: boolean;
  /** Whether patients are reminded by SMS to book, and of what is booked. */
  reminders_enabled: boolean;
  results_ready_mail: boolean;
  /** Whether appointments can be made before an order has its requisition. */
  early_booking_enabled: boolean;
  /** IANA zone in which "today" and age are computed (F2). */
  time_zone: string;
}

export interface TeamDocument {
  _id: string;
  org_id: string;
  name: string;
  environment: 'sandbox' | 'production';
  options: TeamOptions;
  /** Whom a patient can call; in every mail (F11). */
  contact: { email: string; phone: string; address?: string };
  /** Where callers find the logo. */
  logo_url: string | null;
  /** The logo as it is printed and mailed: a PNG or JPEG in base64; absent where a team was made without. */
  logo?: string | null;
  created_at: Date;
}

export interface ApiKeyDocument {
  _id: string;
  team_id: string;
  label: string;
  /** SHA-256 of the key, hex. The key itself is shown once and never stored. */
  hash: string;
  /** First characters, so that a person can tell keys apart. */
  prefix: string;
  created_at: Date;
  deleted_at: Date | null;
}

export interface UserDocument {
  _id: string;
  team_id: string;
  client_user_id: string;
  fallback_time_zone: string | null;
  fallback_birth_date: string | null;
  ingestion_start: string | null;
  ingestion_end: string | null;
  /** Demographics, by `PATCH /v2/user/{id}/info`. */
  info: Record<string, unknown> | null;
  created_at: Date;
  updated_at: Date;
}

/** A claim on an idempotency key and what was answered (F9). */
export interface IdempotencyDocument {
  /** `<team id>:<key>`; for an appointment `<team id>:<order id>:<key>`. */
  _id: string;
  request_hash: string;
  /** Made before the workflow is asked, so that a retry after a crash finishes the same order or appointment. */
  ids: Record<string, string>;
  response: { status: number; body: unknown } | null;
  lease_until: Date;
  expires_at: Date;
}

export interface AuditDocument {
  _id: string;
  team_id: string | null;
  by: Principal;
  action: string;
  order_id: string | null;
  detail: Record<string, unknown>;
  at: Date;
}

/** A link to the booking page of one order. */
export interface BookingLinkDocument {
  /** SHA-256 of the token, base64url. The token itself is in the patient's mail or on paper only. */
  _id: string;
  order_id: string;
  /** Absent for the one in messages; one on paper asks for the birth date, and one opened from there lasts half an hour. */
  kind?: 'paper' | 'from_paper';
  /** Answers that were not the birth date, and those under way; on paper only. */
  wrong_dates?: number;
  expires_at: Date;
  revoked_at: Date | null;
  created_at: Date;
}

/** How often something was done; rate-limiter-flexible keeps it. */
export interface RateLimitDocument {
  _id: unknown;
  key: string;
  points: number;
  expire: Date | null;
}

/** An address from which an identity has shown the right password. */
export interface ProvenAddressDocument {
  /** Address and identity. */
  _id: string;
  at: Date;
}

/** An address from which nobody has shown the right password for so long has to show it again in quiet times. */
const PROVEN_FOR_SECONDS = 90 * 24 * 3600;

/** A link that was opened from paper says for so long that it has expired; then it is forgotten. */
const VISITS_KEPT_FOR_SECONDS = 24 * 3600;

/** The models of these collections. */
export const accessCollections = (connection: Connection) => ({
  teams: define<TeamDocument>(
    connection,
    'teams',
    {
      _id: text,
      org_id: text,
      name: text,
      environment: text,
      options: whole,
      contact: whole,
      logo_url: textOrNull,
      logo: textOrNull,
      created_at: date,
    },
    [[{ org_id: 1, environment: 1 }]],
  ),
  apiKeys: define<ApiKeyDocument>(
    connection,
    'api_keys',
    { _id: text, team_id: text, label: text, hash: text, prefix: text, created_at: date, deleted_at: dateOrNull },
    [[{ hash: 1 }, { unique: true }], [{ team_id: 1 }]],
  ),
  users: define<UserDocument>(
    connection,
    'users',
    {
      _id: text,
      team_id: text,
      client_user_id: text,
      fallback_time_zone: textOrNull,
      fallback_birth_date: textOrNull,
      ingestion_start: textOrNull,
      ingestion_end: textOrNull,
      info: wholeOrNull,
      created_at: date,
      updated_at: date,
    },
    [[{ team_id: 1, client_user_id: 1 }, { unique: true }], [{ team_id: 1, created_at: 1, _id: 1 }]],
  ),
  bookingLinks: define<BookingLinkDocument>(
    connection,
    'booking_links',
    {
      _id: text,
      order_id: text,
      kind: { type: String },
      wrong_dates: { type: Number },
      expires_at: date,
      revoked_at: dateOrNull,
      created_at: date,
    },
    [
      [{ order_id: 1 }],
      [
        { expires_at: 1 },
        { expireAfterSeconds: VISITS_KEPT_FOR_SECONDS, partialFilterExpression: { kind: 'from_paper' } },
      ],
    ],
  ),
  idempotency: define<IdempotencyDocument>(
    connection,
    'idempotency_keys',
    { _id: text, request_hash: text, ids: whole, response: wholeOrNull, lease_until: date, expires_at: date },
    [[{ expires_at: 1 }, { expireAfterSeconds: 0 }]],
  ),
  audit: define<AuditDocument>(
    connection,
    'audit',
    { _id: text, team_id: textOrNull, by: whole, action: text, order_id: textOrNull, detail: whole, at: date },
    [[{ order_id: 1, at: 1 }]],
  ),
  rateLimits: define<RateLimitDocument>(connection, 'rate_limits', { key: text, points: count, expire: dateOrNull }, [
    [{ key: 1 }, { unique: true }],
    [{ expire: 1 }, { expireAfterSeconds: 0 }],
  ]),
  provenAddresses: define<ProvenAddressDocument>(connection, 'proven_addresses', { _id: text, at: date }, [
    [{ at: 1 }, { expireAfterSeconds: PROVEN_FOR_SECONDS }],
  ]),
});
