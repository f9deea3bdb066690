/** What partners sent: kept as it came, stored before it is answered, given to its journey afterward. */
import type { Connection, mongo } from 'mongoose';
import type { AppointmentProvider, AppointmentReport } from '../../domain/appointments/appointment.ts';
import type { Principal } from '../../domain/principal.ts';
import type { HeldTest, SettledTest } from '../../domain/results/held-tests.ts';
import type { LabReport } from '../../domain/results/lab-report.ts';
import type { Doubt, MatchDecision } from '../../domain/results/report-matching.ts';
import { count, date, define, Mixed, text, textOrNull, whole, wholeOrNull } from './define.ts';

/**
 * A message from a lab (one report of it): stored before it is acknowledged, given to its journey afterward.
 * `stored` → `delivered` → `applied` | `late`; `repeated` when an earlier one on the order has said the same; `unmatched`
 * when there is no journey to give it to, and `closed` when a person has decided that none ever takes it; `test` when it
 * only tested the line.
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
  /** How often the message was read for it, from 1; absent where that is once. Earlier readings are in `LabReadingDocument`. */
  reading?: number;
  /** The reading that its order has taken in, or has found to say nothing new; absent where that is the first. */
  taken_reading?: number;
  /** Read anew, it says something else in a combined result than it did. */
  corrects?: true;
  state: 'stored' | 'delivered' | 'applied' | 'late' | 'repeated' | 'unmatched' | 'closed' | 'test';
  /** What it says, whatever message carried it: SHA-256, hex. Absent where it came before that was known. */
  says?: string;
  /** Which report it repeats; absent where it is not `repeated`. */
  repeats?: string;
  /** Tests that a person has to look at although their values are shown; absent where there are none, or none any more. */
  to_review?: HeldTest[];
  /** Tests that a person has settled; absent where there are none, and where that was before it was noted here. */
  settled?: SettledTest[];
  /** It says what a person has found about that report; absent in reports of laboratories. */
  settles?: string;
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

/**
 * A reading of a report that another has taken the place of; and the word of that, which its journey is owed: `owed` →
 * `told`.
 */
export interface LabReadingDocument {
  /** `<report id>:<number>`. */
  _id: string;
  report_id: string;
  /** Which reading it was, from 1. */
  number: number;
  report: LabReport;
  /** Who had the message read anew. */
  replaced_by: Principal;
  replaced_at: Date;
  /** The version of the laboratory's profile that it was read anew with. */
  profile_version: number;
  state: 'owed' | 'told';
  /** A dispatcher works on it until then. */
  lease_until: Date;
  attempts: number;
  last_error: string | null;
}

/** What is known of a message that is still to be read. */
export interface ToRead {
  /** It is not tried before. */
  not_before: Date;
  attempts: number;
  last_error: string | null;
}

/** A message from a lab as it came, kept once and before it was read (G1). */
export interface LabMessageTextDocument {
  /** SHA-256 of the text, hex: the `content_hash` of its reports. */
  _id: string;
  /** Who sent it first. */
  lab_slug: string;
  environment: 'sandbox' | 'production';
  /** Its text; its bytes where they are not UTF-8; null where it is long, and kept as a `LabFileDocument` of this id. */
  raw: string | mongo.Binary | null;
  /** How long it was, where it was over the limit and `raw` is only its beginning. */
  bytes?: number;
  /** What the transport said of its characters; absent where it said nothing, and from before that was kept. */
  charset?: string;
  /** It was acknowledged when it was kept, and is still to be read; absent where it was read. */
  to_read?: ToRead;
  /** It was refused before it was read, as nobody knows in what it is written or whose it is; absent where it was read. */
  not_read?: true;
  /** It only acknowledges orders, and holds no results; absent where it does not, and from before that was noted. */
  acknowledges?: true;
  /** The orders whose laboratory's requisition came in it; absent where none did. */
  requisition_of?: string[];
  /** Why nothing of it was taken in: codes and places, never a value. Null when it was, or when that was not decided. */
  refused: string | null;
  received_at: Date;
}

/**
 * Something long that a laboratory sent, kept once in pieces: a document out of a message, or a message that is too long
 * for one document of the database. Written after its pieces, so that whatever is here is there whole.
 */
export interface LabFileDocument {
  /** SHA-256 of its content, hex. */
  _id: string;
  bytes: number;
  /** When it was sent last. */
  received_at: Date;
}

/** A piece of it. */
export interface LabFilePieceDocument {
  /** `<hash>:<number, four digits>`. */
  _id: string;
  content: Buffer;
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

/** The models of these collections. */
export const inboxCollections = (connection: Connection) => ({
  labMessages: define<LabMessageDocument>(
    connection,
    'lab_messages',
    {
      _id: text,
      lab_slug: text,
      control_id: text,
      content_hash: text,
      report_index: count,
      raw: { type: String },
      report: whole,
      reading: { type: Number },
      taken_reading: { type: Number },
      corrects: { type: Boolean },
      state: text,
      says: { type: String },
      repeats: { type: String },
      to_review: { type: Mixed },
      settled: { type: Mixed },
      settles: { type: String },
      order_id: textOrNull,
      team_id: textOrNull,
      event_number: { type: Number, default: null },
      unmatched_reason: textOrNull,
      closed_because: { type: String },
      doubts: { type: Mixed },
      bytes_in_result: { type: Number },
      unknown_codes: { type: Mixed },
      lease_until: date,
      attempts: count,
      last_error: textOrNull,
      received_at: date,
    },
    [
      [{ lab_slug: 1, control_id: 1, content_hash: 1, report_index: 1 }, { unique: true }],
      [{ state: 1, lease_until: 1, received_at: 1 }, { partialFilterExpression: { state: 'stored' } }],
      [{ order_id: 1, received_at: 1 }],
      [{ received_at: -1 }, { partialFilterExpression: { unknown_codes: { $exists: true } } }],
      [{ received_at: -1 }, { name: 'with_remarks', partialFilterExpression: { 'report.remarks': { $exists: true } } }],
      [{ received_at: -1 }, { name: 'to_review', partialFilterExpression: { to_review: { $exists: true } } }],
      [{ received_at: 1 }, { name: 'waiting', partialFilterExpression: { state: 'stored' } }],
      [{ received_at: 1 }, { name: 'unmatched', partialFilterExpression: { state: 'unmatched' } }],
      [{ received_at: 1 }],
      [{ content_hash: 1 }],
      [{ says: 1, received_at: 1 }, { partialFilterExpression: { says: { $gt: '' } } }],
      [{ 'report.documents.hash': 1 }, { partialFilterExpression: { 'report.documents.hash': { $gt: '' } } }],
    ],
  ),
  labReadings: define<LabReadingDocument>(
    connection,
    'lab_readings',
    {
      _id: text,
      report_id: text,
      number: count,
      report: whole,
      replaced_by: whole,
      replaced_at: date,
      profile_version: count,
      state: text,
      lease_until: date,
      attempts: count,
      last_error: textOrNull,
    },
    [
      [{ state: 1, lease_until: 1, replaced_at: 1 }, { partialFilterExpression: { state: 'owed' } }],
      [{ replaced_at: 1 }, { name: 'waiting', partialFilterExpression: { state: 'owed' } }],
    ],
  ),
  labMessageTexts: define<LabMessageTextDocument>(
    connection,
    'lab_message_texts',
    {
      _id: text,
      lab_slug: text,
      environment: text,
      raw: wholeOrNull,
      bytes: { type: Number },
      charset: { type: String },
      not_read: { type: Boolean },
      acknowledges: { type: Boolean },
      requisition_of: { type: Mixed },
      to_read: { type: Mixed },
      refused: textOrNull,
      received_at: date,
    },
    [
      [{ received_at: -1 }, { partialFilterExpression: { refused: { $gt: '' } } }],
      [{ lab_slug: 1, environment: 1, received_at: 1 }],
      [{ lab_slug: 1, environment: 1, acknowledges: 1, refused: 1, received_at: -1 }],
      [{ received_at: 1 }, { name: 'to_read', partialFilterExpression: { to_read: { $exists: true } } }],
    ],
  ),
  labFiles: define<LabFileDocument>(connection, 'lab_files', { _id: text, bytes: count, received_at: date }),
  labFilePieces: define<LabFilePieceDocument>(connection, 'lab_file_pieces', {
    _id: text,
    // As it is: cast, it would be copied.
    content: whole,
  }),
  phlebotomyEvents: define<PhlebotomyEventDocument>(
    connection,
    'phlebotomy_events',
    {
      _id: text,
      provider: text,
      environment: text,
      event_id: text,
      raw: text,
      reference: text,
      report: whole,
      state: text,
      appointment_id: textOrNull,
      order_id: textOrNull,
      team_id: textOrNull,
      kept_because: textOrNull,
      lease_until: date,
      attempts: count,
      last_error: textOrNull,
      received_at: date,
    },
    [
      [{ state: 1, lease_until: 1, received_at: 1 }, { partialFilterExpression: { state: 'stored' } }],
      [{ received_at: 1 }, { name: 'waiting', partialFilterExpression: { state: 'stored' } }],
      [{ appointment_id: 1, received_at: 1 }, { partialFilterExpression: { appointment_id: { $gt: '' } } }],
    ],
  ),
  unreadableEvents: define<UnreadableEventDocument>(
    connection,
    'unreadable_events',
    {
      _id: text,
      provider: text,
      environment: text,
      event_id: text,
      raw: whole,
      unreadable_because: text,
      received_at: date,
    },
    [[{ received_at: -1 }]],
  ),
});
