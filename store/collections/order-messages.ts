/** Order messages, and what laboratories have said of them: in their answer, later, or again after it. */
import type { Connection } from 'mongoose';
import { count, date, define, Mixed, text, textOrNull } from './define.ts';

/** What a laboratory has said of an order message. */
export interface SaidOfOrder {
  code: 'AA' | 'AE' | 'AR';
  /** The lab's words; empty when it had none. */
  text: string;
  filler_order_number: string | null;
  /** False where the lab has only taken the message over and may still reject the order. */
  is_final: boolean;
}

/**
 * One order message, or its cancellation. `waiting` for its acknowledgment; `accepted`; a rejection after that is `stored`
 * until the journey is told, then `delivered`, or `kept` for a person.
 */
export interface OrderMessageDocument {
  /** MSH-10. */
  _id: string;
  lab_slug: string;
  order_id: string;
  placer_order_number: string;
  purpose: 'NW' | 'CA';
  /** Null as long as it is not known to be delivered. */
  sent_at: Date | null;
  said: SaidOfOrder | null;
  /** The words of its latest error, also once it was sent again; absent where there was none. */
  error_said?: string;
  /** How many errors (AE) the laboratory has answered, each of which has the message sent again; absent for none. */
  error_count?: number;
  /** The words of a rejection that came after the acceptance. */
  rejected_because: string | null;
  state: 'waiting' | 'accepted' | 'stored' | 'delivered' | 'kept' | 'closed';
  /** Why a person closed it; absent where nobody did. */
  closed_because?: string;
  /** A dispatcher works on it until then. */
  lease_until: Date;
  attempts: number;
  last_error: string | null;
  created_at: Date;
}

/**
 * A document that a laboratory sent with its acknowledgment of an order: its own requisition (eReq). Its content is a
 * `LabFileDocument`, written before.
 */
export interface LabRequisitionDocument {
  /** `<order id>:<SHA-256, hex>`, of its content, or of the message where there is no content: the same again is the same. */
  _id: string;
  order_id: string;
  lab_slug: string;
  /** MSH-10 of the order message that was acknowledged. */
  control_id: string;
  /** SHA-256 of its content, hex; null where the message holds nothing that is a document. */
  hash: string | null;
  /** What the laboratory calls it. */
  name: string;
  media_type: string | null;
  bytes: number;
  /** SHA-256 of the message that it came in, hex: a `LabMessageTextDocument`. */
  content_hash: string;
  /** Why it is no requisition: places and reasons, never a value. Null where it is one. */
  unusable_because: string | null;
  received_at: Date;
}

/** The models of these collections. */
export const orderMessagesCollections = (connection: Connection) => ({
  orderMessages: define<OrderMessageDocument>(
    connection,
    'order_messages',
    {
      _id: text,
      lab_slug: text,
      order_id: text,
      placer_order_number: text,
      purpose: text,
      sent_at: { type: Date, default: null },
      said: { type: Mixed, default: null },
      error_said: { type: String },
      error_count: { type: Number },
      rejected_because: textOrNull,
      state: text,
      closed_because: { type: String },
      lease_until: date,
      attempts: count,
      last_error: textOrNull,
      created_at: date,
    },
    [
      [{ lab_slug: 1, placer_order_number: 1 }],
      [{ state: 1, lease_until: 1, created_at: 1 }, { partialFilterExpression: { state: 'stored' } }],
      [{ created_at: -1 }, { partialFilterExpression: { state: 'kept' } }],
    ],
  ),
  labRequisitions: define<LabRequisitionDocument>(
    connection,
    'lab_requisitions',
    {
      _id: text,
      order_id: text,
      lab_slug: text,
      control_id: text,
      hash: textOrNull,
      name: text,
      media_type: textOrNull,
      bytes: count,
      content_hash: text,
      unusable_because: textOrNull,
      received_at: date,
    },
    [[{ order_id: 1, received_at: -1 }], [{ hash: 1 }, { partialFilterExpression: { hash: { $gt: '' } } }]],
  ),
});
