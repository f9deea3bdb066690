/** What MongoDB holds: one interface for each collection. Instants that are only served are ISO text; those that are queried are dates. */
import type { mongo } from 'mongoose';
import type {
  Appointment,
  AppointmentProvider,
  AppointmentReport,
  LngLat,
  PlaceLister,
  UsAddress,
} from '../domain/appointments/appointment.ts';
import type { ArrangeVisit } from '../domain/appointments/appointment-command.ts';
import type { LabAccount, Laboratory, LabTest, Marker } from '../domain/catalogue/catalogue.ts';
import type { HeldBackReason } from '../domain/messages/messages.ts';
import type { Order, OrderEvent } from '../domain/orders/order.ts';
import type { CollectionMethod, OrderLowLevelStatus, OrderOrigin, TransactionStatus } from '../domain/orders/status.ts';
import type { Principal } from '../domain/principal.ts';
import type { Interpretation, LabReport } from '../domain/results/lab-report.ts';
import type { Doubt, MatchDecision, ReportedPatient } from '../domain/results/report-matching.ts';
import type { OrderResult } from '../domain/results/results.ts';

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

/** An order with its history; `order` never changes once written. */
export interface OrderDocument {
  _id: string;
  order: Order;
  events: OrderEvent[];
  /** Low-level status of the latest event. */
  last_status: OrderLowLevelStatus;
  interpretation: Interpretation | null;
  has_missing_results: boolean | null;
  /** Version of the newest stored result, 0 while there is none. */
  result_version: number;
  /** What the lab calls the order. */
  filler_order_number: string | null;
  /** Specimen number, once the lab reported it. */
  sample_id: string | null;
  /** The order's newest appointment. */
  appointment_id: string | null;
  /** What the caller last said about SMS for this order; null for what held when it was accepted. */
  sms_enabled: boolean | null;
  /** Set by every event, until its journey is found to know of it; absent in orders from before journeys were asked. */
  journey_check?: JourneyCheck | null;
  /** Patients as reports had them that a person has found to be this order's; absent where there are none. */
  approved_patients?: ReportedPatient[];
  /** Projections that the list filters use. */
  team_id: string;
  user_id: string;
  transaction_id: string;
  origin: OrderOrigin;
  collection_method: CollectionMethod;
  lab_slug: string;
  placer_order_number: string;
  /** `first last`, lower case. */
  patient_name: string;
  patient_dob: string;
  /** `patient_name` from each of its words on, so that a search by the beginning of any name finds an index. */
  patient_names: string[];
  /** The same of the address's receiver. */
  recipient_names: string[];
  /** What `search_input` finds the order by; absent in orders from before it until they are filled in. */
  search_terms?: string[];
  activate_by: string | null;
  created_at: Date;
  updated_at: Date;
}

/** A journey is to be asked whether it knows of its order's last event. */
export interface JourneyCheck {
  /** From when on; while somebody asks, until when nobody else does. */
  due: Date;
  attempts: number;
}

/** The journey that an initial order and its redraw share. */
export interface OrderTransactionDocument {
  _id: string;
  team_id: string;
  user_id: string;
  /** Derived from its orders at every write (D3). */
  status: TransactionStatus;
  /** Raised by every write, so that two writers cannot both derive the status from a stale view. */
  version: number;
  created_at: Date;
  updated_at: Date;
}

/** One version of an order's result; never changed once written (F5). */
export interface ResultDocument {
  /** `<order id>:<version>`. */
  _id: string;
  order_id: string;
  transaction_id: string;
  version: number;
  event_number: number;
  result: OrderResult;
  created_at: Date;
}

/** A rendered document as it was issued; never rendered twice. */
export interface IssuedDocument {
  /** `<order or transaction id>:<kind>:<version>`. */
  _id: string;
  kind: 'requisition' | 'result' | 'combined_result';
  content: Buffer;
  created_at: Date;
}

/** The picture of a physician's signature. */
export interface SignatureImageDocument {
  /** SHA-256 of the content, hex. */
  _id: string;
  /** PNG or JPEG. */
  content: Buffer;
  created_at: Date;
}

/**
 * A message from a lab (one report of it): stored before it is acknowledged, given to its journey afterward.
 * `stored` → `delivered` → `applied` | `late`; `unmatched` when there is no journey to give it to, and `closed` when a
 * person has decided that none ever takes it.
 */
export interface LabMessageDocument {
  _id: string;
  lab_slug: string;
  control_id: string;
  /** SHA-256 of the message, hex; with the lab and control id it tells a repeat from another message. */
  content_hash: string;
  /** Which report of the message, from 0. */
  report_index: number;
  /** The message itself, where it was kept with each of its reports; others are in `LabMessageTextDocument`. */
  raw?: string;
  report: LabReport;
  state: 'stored' | 'delivered' | 'applied' | 'late' | 'unmatched' | 'closed';
  order_id: string | null;
  team_id: string | null;
  /** The event of the order that took it in. */
  event_number: number | null;
  unmatched_reason: MatchDecision | null;
  /** Why a person closed it; absent where nobody did. */
  closed_because?: string;
  /** What made a person look at it; absent where nothing did. */
  doubts?: Doubt[];
  /** How many bytes it adds to a result at most; absent where it came before that was measured. */
  bytes_in_result?: number;
  /** Codes of its values that the catalogue does not know, the first few; absent where there are none. */
  unknown_codes?: string[];
  /** A dispatcher works on it until then. */
  lease_until: Date;
  attempts: number;
  last_error: string | null;
  received_at: Date;
}

/** A message from a lab as it came, kept once and before it was read (G1). */
export interface LabMessageTextDocument {
  /** SHA-256 of the text, hex: the `content_hash` of its reports. */
  _id: string;
  /** Who sent it first. */
  lab_slug: string;
  environment: 'sandbox' | 'production';
  /** Its text; its bytes where they are not UTF-8. */
  raw: string | mongo.Binary;
  /** Why nothing of it was taken in: codes and places, never a value. Null when it was, or when that was not decided. */
  refused: string | null;
  received_at: Date;
}

/** An SMS that was kept instead of sent. */
export interface SentMessageDocument {
  /** What identifies the message however often it is sent (F10). */
  _id: string;
  to: string;
  text: string;
  sent_at: Date;
}

/** A message to a patient that was handed over: to the mail server, to the carrier, or to the log of kept SMS. */
export interface ToldMessageDocument {
  /** What identifies the message however often it is sent (F10). */
  _id: string;
  order_id: string;
  way: 'email' | 'sms';
  /** What it was about, such as `requisition_ready`. */
  kind: string;
  sent_at: Date;
}

/** A message that was not sent, because somebody wants none. */
export interface HeldMessageDocument {
  /** What identifies the message however often it is tried (F10). */
  _id: string;
  order_id: string;
  way: 'email' | 'sms';
  /** What it would have been about, such as `requisition_ready`. */
  kind: string;
  reason: HeldBackReason;
  held_at: Date;
}

/** Whose active appointment a patient's with a company is (C2). */
export interface AppointmentClaimDocument {
  /** `<team id>:<user id>:<provider>`. */
  _id: string;
  appointment_id: string;
  order_id: string;
  /** The booking it was claimed for, so that a journey that is started again can find it out; absent in older claims. */
  command?: ArrangeVisit;
  claimed_at: Date;
}

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
  created_at: Date;
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

export type LaboratoryDocument = Omit<Laboratory, 'id'> & { _id: number };
export type MarkerDocument = Omit<Marker, 'id'> & { _id: number };
export type LabTestDocument = Omit<LabTest, 'id'> & { _id: string };
export type LabAccountDocument = Omit<LabAccount, 'id'> & { _id: string };

/** Where a laboratory is reached and how it proves who it is (F12). */
export interface LabConnectionDocument {
  /** `<lab slug>:<environment>`. */
  _id: string;
  lab_slug: string;
  environment: 'sandbox' | 'production';
  url: string;
  user: string;
  password: string;
  /** What the lab sends with its results: user, and SHA-256 of the password. */
  inbound_user: string;
  inbound_password_hash: string;
}

/** A visit with its history. */
export type AppointmentDocument = Omit<Appointment, 'id'> & { _id: string; created_at: Date; updated_at: Date };

/** A place that slots are offered at: an address, or a service center. */
export interface OfferedPlace {
  /** Of the service center; null for a patient's address. */
  site_code: string | null;
  address: UsAddress;
  location: LngLat;
  /** IANA zone. */
  time_zone: string;
}

/** A slot as it was offered. Instants are ISO, in UTC. */
export interface OfferedTime {
  /** The company's key. */
  booking_key: string;
  start: string;
  end: string;
  /** When the company's key stops being good. */
  expires_at: string;
  site_code: string | null;
}

/** A place that slots were offered at: it stands in no booking key, which holds its id. */
export interface OfferedPlaceDocument {
  /** The same for the same place of the same team. */
  _id: string;
  team_id: string;
  place: OfferedPlace;
  /** When it is forgotten, some time after the last key for it has expired. */
  forget_at: Date;
}

/**
 * What a company offered when it was asked, before booking keys held their slots: older booking keys, `<id>.<index of the slot>`, are read here, so that a visit
 * takes place where its time was asked for (C3).
 */
export interface AvailabilityDocument {
  _id: string;
  team_id: string;
  provider: AppointmentProvider;
  places: OfferedPlace[];
  slots: OfferedTime[];
  created_at: Date;
  /** When it is forgotten, some time after the last key has expired. */
  forget_at: Date;
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

/** A link with which a patient says that a team is to send no more mail. */
export interface UnsubscribeLinkDocument {
  /** SHA-256 of the token, base64url. The token itself is in the patient's mail only. */
  _id: string;
  team_id: string;
  /** SHA-256 of team and mail address, base64url. */
  address_hash: string;
  created_at: Date;
}

/** A mail address to which a team sends no more mail. */
export interface UnsubscriptionDocument {
  /** SHA-256 of team and mail address, base64url. */
  _id: string;
  team_id: string;
  created_at: Date;
}

/** A service center as the company last told of it, so that its code is enough to find it. */
export interface ServiceCentreDocument {
  /** `<provider>:<environment>:<code>`. */
  _id: string;
  provider: AppointmentProvider | PlaceLister;
  environment: 'sandbox' | 'production';
  code: string;
  name: string;
  address: UsAddress;
  location: LngLat;
  time_zone: string;
  updated_at: Date;
}

/** Where a phlebotomy provider is reached, and what it signs its events with. */
export interface PhlebotomyConnectionDocument {
  /** `<provider>:<environment>`. */
  _id: string;
  provider: AppointmentProvider | PlaceLister;
  environment: 'sandbox' | 'production';
  /** Everything before `/v1/…`. */
  url: string;
  /** The Bearer key we show. */
  key: string;
  /** `whsec_…`; two while one is being replaced. */
  secrets: string[];
}

/** An event that a phlebotomy provider signed and that nobody can read, as it came (G1). */
export interface UnreadableEventDocument {
  /** The same event with the same content has the same. */
  _id: string;
  provider: AppointmentProvider;
  environment: 'sandbox' | 'production';
  event_id: string;
  /** The body's text; its bytes where they are not UTF-8. */
  raw: string | mongo.Binary;
  /** What is wrong with it: paths, never a value. */
  unreadable_because: string;
  received_at: Date;
}

/**
 * What a phlebotomy provider told us: stored before it is answered, given to its journey afterward. `stored` →
 * `delivered`, or `kept` when no journey takes it in.
 */
export interface PhlebotomyEventDocument {
  /** `<provider>:<environment>:<event id>`: the same again is the same event. */
  _id: string;
  provider: AppointmentProvider;
  environment: 'sandbox' | 'production';
  event_id: string;
  /** The body as it came. */
  raw: string;
  /** Ours, from the booking. */
  reference: string;
  report: AppointmentReport;
  state: 'stored' | 'delivered' | 'kept';
  /** Once its appointment was found. */
  appointment_id: string | null;
  order_id: string | null;
  team_id: string | null;
  /**
   * `earlier_visit`: it changes nothing about a visit that is over, and a person is to look; `counted_as_draw`: that visit
   * took place after all, and the order went on from there;
   * `contradicts_the_lab`: it calls a visit off of which the lab has results (G2).
   */
  kept_because:
    | 'no_such_appointment'
    | 'journey_over'
    | 'earlier_visit'
    | 'counted_as_draw'
    | 'contradicts_the_lab'
    | null;
  /** A dispatcher works on it until then. */
  lease_until: Date;
  attempts: number;
  last_error: string | null;
  received_at: Date;
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
