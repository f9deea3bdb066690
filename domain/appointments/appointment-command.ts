/** What can be asked of an order's appointment, and what is answered. */

import type { RecordedEvent } from '../orders/order.ts';
import type { OrderLowLevelStatus } from '../orders/status.ts';
import type { Principal } from '../principal.ts';
import type { Appointment, AppointmentProvider, AppointmentReport, LngLat, UsAddress } from './appointment.ts';

/** A time that a provider offered, at the place it was asked for. Instants are ISO, in UTC. */
export interface OfferedSlot {
  provider: AppointmentProvider;
  /** The provider's key. */
  booking_key: string;
  start_at: string;
  end_at: string;
  /** IANA zone of the place. */
  time_zone: string;
  address: UsAddress;
  location: LngLat;
  site_code: string | null;
}

/** How a caller would have a provider's silence taken who agreed to hear of the confirmation later; in milliseconds. */
export interface ConfirmationPatience {
  /** Without an answer by then the caller is told `pending`. */
  answered_within: number;
  /** Without an answer by then the booking is cancelled. */
  confirmed_within: number;
}

/** A command of a caller or of the patient. */
export type AppointmentCommand =
  /** Take this slot. */
  | {
      kind: 'book';
      appointment_id: string;
      slot: OfferedSlot;
      appointment_notes: string | null;
      patience: ConfirmationPatience | null;
    }
  /** Have the provider find a time. */
  | {
      kind: 'request';
      appointment_id: string;
      provider: AppointmentProvider;
      address: UsAddress;
      location: LngLat;
      appointment_notes: string | null;
    }
  /** Move the appointment to this slot; null notes stay as they were (B2). */
  | { kind: 'reschedule'; slot: OfferedSlot; appointment_notes: string | null }
  | { kind: 'cancel'; reason: string; notes: string | null };

/** The commands that make an appointment. */
export type ArrangeVisit = Extract<AppointmentCommand, { kind: 'book' | 'request' }>;

/** What is next in an appointment's life, as its order's journey would have it, and what that does to the order. */
export interface ProposedAppointment {
  order_id: string;
  /** As it is after its new events, the last of `events`. */
  appointment: Appointment;
  /** Number of the first of the order's own new events. */
  order_event_number: number;
  order_statuses: OrderLowLevelStatus[];
  /** Whose doing it is (G4); the journey's own where absent. */
  by?: Principal;
  /** Not to be recorded while something that the provider said of it is stored and has not reached the journey (G2). */
  yields_to_events?: boolean;
  /** The events that the journey has heard of, the last of them: what was delivered and is not among them is on its way. */
  heard_events?: string[];
}

/** What is held after something was proposed. */
export interface RecordedAppointment {
  /** Null when nothing was recorded, because the order has come further than the journey thought. */
  appointment: Appointment | null;
  /** The order's events that the journey does not have yet. */
  order_events: RecordedEvent[];
}

/** What a provider said about an appointment of an order; `event_id` tells a repeat. */
export interface ProviderEvent {
  event_id: string;
  appointment_id: string;
  report: AppointmentReport;
}
