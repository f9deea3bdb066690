/** An order as it was accepted: what the journey starts with and what the lab, the patient and the caller are told. */
import type { Appointment } from '../appointments/appointment.ts';
import type { BillingType } from '../catalogue/catalogue.ts';
import type { Principal } from '../principal.ts';
import type {
  CollectionMethod,
  OrderLowLevelStatus,
  OrderOrigin,
  OrderStatusDetail,
  TransactionStatus,
} from './status.ts';

export interface PostalAddress {
  first_line: string;
  second_line: string | null;
  city: string;
  /** Two-letter state code. */
  state: string;
  zip: string;
  country: string;
}

export interface PatientAddress extends PostalAddress {
  receiver_name: string;
  phone_number: string | null;
  /** How to reach the place; sent to the phlebotomist at every booking (B1). */
  access_notes: string | null;
}

/** Who answers for a minor. */
export interface MedicalProxy {
  first_name: string;
  last_name: string;
  address: PostalAddress;
  phone_number: string;
  email: string | null;
  household_income: number | null;
  household_size: number | null;
}

export interface PatientDetails {
  first_name: string;
  last_name: string;
  /** `YYYY-MM-DD`. */
  dob: string;
  gender: 'female' | 'male' | 'other' | 'unknown';
  phone_number: string;
  email: string;
  medical_proxy: MedicalProxy | null;
  race: string | null;
  ethnicity: string | null;
  sexual_orientation: string | null;
  gender_identity: string | null;
  household_income: number | null;
  household_size: number | null;
}

export interface Physician {
  first_name: string;
  last_name: string;
  npi: string;
  email: string | null;
  licensed_states: string[];
  /** Under which the picture of the signature is kept; absent where none was sent, and in orders from before any was kept. */
  signature_hash?: string;
}

export interface AoeAnswer {
  marker_id: number;
  question_id: number;
  answer: string;
}

export interface Consent {
  consent_type: string;
  version: string;
  /** ISO instant. */
  time_of_consent: string;
}

/** Insurance as it is put on the requisition and in IN1. */
export interface OrderInsurance {
  id: string;
  payor_code: string;
  payor_name: string;
  payor_address: PostalAddress;
  member_id: string;
  group_id: string | null;
  relationship: 'Self' | 'Spouse' | 'Other';
  insured: {
    first_name: string;
    last_name: string;
    dob: string;
    gender: string;
    address: PostalAddress;
    phone_number: string;
  };
}

/** An orderable marker on an order, with the results the lab owes for it. */
export interface OrderedMarker {
  marker_id: number;
  /** The lab's test code. */
  provider_id: string;
  /** Slugs of the results that this order expects from the marker. */
  result_slugs: string[];
  /** Those without which it is not done; absent in orders from before that was noted: all of them. */
  required_slugs?: string[];
}

/** Everything about an order that is settled when it is accepted. Times are ISO instants in UTC. */
export interface Order {
  id: string;
  team_id: string;
  user_id: string;
  client_user_id: string;
  transaction_id: string;
  origin: OrderOrigin;
  /** The order this one derives from (D2). */
  parent_id: string | null;
  collection_method: CollectionMethod;
  lab_slug: string;
  lab_id: number;
  lab_account_id: string;
  lab_test_id: string;
  markers: OrderedMarker[];
  /** The lab sees this one number however often we send (F4); it is also the requisition number. */
  placer_order_number: string;
  /** Set for imported orders and, once known, for any other. */
  sample_id: string | null;
  patient: PatientDetails;
  address: PatientAddress;
  physician: Physician | null;
  billing_type: BillingType;
  insurance: OrderInsurance | null;
  icd_codes: string[];
  consents: Consent[];
  aoe_answers: AoeAnswer[];
  priority: boolean;
  /** The lab account's own notes before the caller's, line by line. */
  clinical_notes: string | null;
  passthrough: string | null;
  /** `YYYY-MM-DD` in the team's time zone; null when the order goes out at once. */
  activate_by: string | null;
  /** The instant `activate_by` begins in the team's time zone (F2). */
  activate_at: string | null;
  /** How long its requisition is valid, in milliseconds, by the policy that its journey follows (F1). */
  requisition_valid_for: number;
  /** Team options that the journey follows, as they were when the order was accepted. */
  options: OrderOptions;
  /** Who placed it (G4); absent in orders from before that was noted. */
  placed_by?: Principal;
  created_at: string;
}

/** The team's switches that a journey obeys. */
export interface OrderOptions {
  redraws_enabled: boolean;
  partial_webhooks_enabled: boolean;
  email_enabled: boolean;
  /** SMS to the patient; absent in orders from before there were any. */
  sms_enabled?: boolean;
  /** Reminders by SMS; absent in orders from before there were any. */
  reminders_enabled?: boolean;
  results_ready_mail: boolean;
  /** Appointments may be made before there is a requisition; absent in orders from before that was possible. */
  early_booking_enabled?: boolean;
  /** IANA zone, default America/New_York (F2). */
  time_zone: string;
  sandbox: boolean;
}

/** One entry of an order's append-only history. */
export interface OrderEvent {
  /** 1, 2, 3 … within the order. */
  number: number;
  status: OrderLowLevelStatus;
  status_detail: OrderStatusDetail | null;
  /** In words, for people: why the order was cancelled, what the lab said. Never a result. */
  reason: string | null;
  /** The lab report that brought it about. */
  report_id: string | null;
  /** ISO instant. */
  created_at: string;
}

/** The next event of an order's history, as its journey would have it. */
export interface ProposedEvent {
  order_id: string;
  number: number;
  status: OrderLowLevelStatus;
  status_detail: OrderStatusDetail | null;
  reason: string | null;
  report_id: string | null;
  /** The lab's own number, when it has just told it. */
  filler_order_number: string | null;
  /** Slugs of the results that a redraw is to bring; empty for every status but `redraw_available` (D6). */
  redraw_results: string[];
  /** Not to be recorded while a report on the order is stored and has not reached its journey (F1). */
  yields_to_reports: boolean;
  /** Whose doing it is (G4); the journey's own where absent. */
  by?: Principal;
}

/** What most events have nothing of. */
export const NOTHING_MORE = {
  status_detail: null,
  reason: null,
  report_id: null,
  filler_order_number: null,
  redraw_results: [],
  yields_to_reports: false,
} satisfies Partial<ProposedEvent>;

/** The event that is held, whoever proposed it: the journey goes on from this one. */
export interface RecordedEvent extends OrderEvent {
  transaction_status: TransactionStatus;
  /** The redraw that was born with a `redraw_available` (D6). */
  redraw: Order | null;
  /** With an event that was held already: the order's newest appointment, as it is held. */
  appointment?: Appointment;
}
