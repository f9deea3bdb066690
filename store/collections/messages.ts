/** What patients are told, and who wants to be told no more. */
import type { Connection } from 'mongoose';
import type { HeldBackReason } from '../../domain/messages/messages.ts';
import { date, define, text } from './define.ts';

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

/** The models of these collections. */
export const messagesCollections = (connection: Connection) => ({
  sentMessages: define<SentMessageDocument>(connection, 'sent_messages', { _id: text, to: text, text, sent_at: date }, [
    [{ sent_at: 1 }],
  ]),
  toldMessages: define<ToldMessageDocument>(
    connection,
    'told_messages',
    { _id: text, order_id: text, way: text, kind: text, sent_at: date },
    [[{ order_id: 1, sent_at: 1 }], [{ sent_at: 1 }]],
  ),
  heldMessages: define<HeldMessageDocument>(
    connection,
    'held_messages',
    { _id: text, order_id: text, way: text, kind: text, reason: text, held_at: date },
    [[{ order_id: 1, held_at: 1 }], [{ held_at: 1 }]],
  ),
  unsubscribeLinks: define<UnsubscribeLinkDocument>(connection, 'unsubscribe_links', {
    _id: text,
    team_id: text,
    address_hash: text,
    created_at: date,
  }),
  unsubscriptions: define<UnsubscriptionDocument>(connection, 'unsubscriptions', {
    _id: text,
    team_id: text,
    created_at: date,
  }),
});
