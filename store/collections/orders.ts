/** An order with its history, and what is made of it. */
import type { Connection } from 'mongoose';
import type { Order, OrderEvent } from '../../domain/orders/order.ts';
import type {
  CollectionMethod,
  OrderLowLevelStatus,
  OrderOrigin,
  TransactionStatus,
} from '../../domain/orders/status.ts';
import type { Interpretation } from '../../domain/results/lab-report.ts';
import type { ReportedPatient } from '../../domain/results/report-matching.ts';
import type { OrderResult } from '../../domain/results/results.ts';
import type { AuditDocument } from './access.ts';
import { count, date, define, Mixed, text, textOrNull, whole, wholeOrNull } from './define.ts';
import type { WebhookMessageDocument } from './outbox.ts';

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
  /** What has been written about it and not yet been moved to where it is read; absent while there is nothing. */
  outgoing?: OutgoingRow[];
  /** Since when the newest of these waits, and with them present or absent. */
  outgoing_at?: Date;
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
  /** `patient_name` from each of its words on, so that a pattern finds the beginning of any name. */
  patient_names: string[];
  /** The same of the address's receiver. */
  recipient_names: string[];
  /** What `search_input` finds the order by; absent in orders from before it until they are filled in. */
  search_terms?: string[];
  activate_by: string | null;
  created_at: Date;
  updated_at: Date;
}

/**
 * What one write of an order has others told, and who did it. It travels in the order's own document, so that a
 * transition is one write (E3, E4, G4), and is moved to its own collections by the dispatcher.
 */
export interface OutgoingRow {
  /** Unlike that of any other row of its order. */
  id: string;
  webhooks: WebhookMessageDocument[];
  audit: AuditDocument[];
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

/** The statuses in which a laboratory's results are awaited, or may be. */
export const AWAITING_RESULTS: readonly OrderLowLevelStatus[] = [
  'requisition_created',
  'requisition_bypassed',
  'appointment_pending',
  'appointment_scheduled',
  'appointment_cancelled',
  'draw_completed',
  'delivered_to_lab',
  'lab_processing_blocked',
  'partial_results',
];

/** The models of these collections. */
export const ordersCollections = (connection: Connection) => ({
  orders: define<OrderDocument>(
    connection,
    'orders',
    {
      _id: text,
      order: whole,
      events: { type: [Mixed] as never, required: true },
      last_status: text,
      interpretation: textOrNull,
      has_missing_results: { type: Boolean, default: null },
      result_version: { type: Number, default: 0 },
      filler_order_number: textOrNull,
      sample_id: textOrNull,
      appointment_id: textOrNull,
      sms_enabled: { type: Boolean, default: null },
      journey_check: wholeOrNull,
      outgoing: { type: Mixed },
      outgoing_at: { type: Date },
      approved_patients: { type: Mixed },
      team_id: text,
      user_id: text,
      transaction_id: text,
      origin: text,
      collection_method: text,
      lab_slug: text,
      placer_order_number: text,
      patient_name: text,
      patient_dob: text,
      patient_names: { type: [String], required: true },
      recipient_names: { type: [String], required: true },
      search_terms: { type: [String], default: undefined },
      activate_by: textOrNull,
      created_at: date,
      updated_at: date,
    },
    [
      [{ placer_order_number: 1 }, { unique: true }],
      [
        { filler_order_number: 1, lab_slug: 1, 'order.options.sandbox': 1 },
        { partialFilterExpression: { filler_order_number: { $gt: '' } } },
      ],
      [{ transaction_id: 1, created_at: 1 }],
      [{ team_id: 1, created_at: -1, _id: -1 }],
      [{ team_id: 1, updated_at: -1 }],
      [{ team_id: 1, user_id: 1, created_at: -1, _id: -1 }],
      [{ team_id: 1, last_status: 1, created_at: 1, _id: 1 }],
      [{ team_id: 1, collection_method: 1, created_at: -1, _id: -1 }],
      [
        { team_id: 1, interpretation: 1, created_at: -1, _id: -1 },
        { partialFilterExpression: { interpretation: { $gt: '' } } },
      ],
      [
        { team_id: 1, activate_by: 1, created_at: -1, _id: -1 },
        { partialFilterExpression: { activate_by: { $gt: '' } } },
      ],
      [{ team_id: 1, patient_name: 1, created_at: 1, _id: 1 }],
      [{ team_id: 1, search_terms: 1, created_at: -1, _id: -1 }],
      [
        { 'order.activate_at': 1, created_at: 1 },
        { name: 'unacknowledged', partialFilterExpression: { last_status: 'ordered' } },
      ],
      [
        { lab_slug: 1, 'order.options.sandbox': 1, collection_method: 1, last_status: 1, updated_at: 1 },
        { name: 'awaiting_results', partialFilterExpression: { last_status: { $in: [...AWAITING_RESULTS] } } },
      ],
      [{ outgoing_at: 1 }, { partialFilterExpression: { outgoing_at: { $gt: new Date(0) } } }],
      [{ 'journey_check.due': 1 }, { partialFilterExpression: { 'journey_check.due': { $gt: new Date(0) } } }],
    ],
  ),
  transactions: define<OrderTransactionDocument>(connection, 'order_transactions', {
    _id: text,
    team_id: text,
    user_id: text,
    status: text,
    version: count,
    created_at: date,
    updated_at: date,
  }),
  results: define<ResultDocument>(
    connection,
    'results',
    {
      _id: text,
      order_id: text,
      transaction_id: text,
      version: count,
      event_number: count,
      result: whole,
      created_at: date,
    },
    [[{ order_id: 1, version: -1 }, { unique: true }]],
  ),
  issuedDocuments: define<IssuedDocument>(connection, 'issued_documents', {
    _id: text,
    kind: text,
    content: { type: Buffer, required: true },
    created_at: date,
  }),
  signatureImages: define<SignatureImageDocument>(connection, 'signature_images', {
    _id: text,
    content: { type: Buffer, required: true },
    created_at: date,
  }),
});
