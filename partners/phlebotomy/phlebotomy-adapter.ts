/** What Venule asks of a provider that draws blood by appointment, whatever its wire. `registry.ts` picks the adapter. */
import type { AppointmentEventStatus, LngLat, ServiceType, UsAddress } from '../../domain/appointments/appointment.ts';
import type { PatientDetails } from '../../domain/orders/order.ts';

/** Where a provider takes bookings, and as whom we come. */
export interface PhlebotomyEndpoint {
  /** Everything before `/v1/…`. */
  url: string;
  /** Shown as a bearer token. */
  key: string;
  /** How long one call may take in all, in milliseconds. */
  timeoutMs: number;
}

/** What a provider offers around a ZIP. */
export interface Coverage {
  served: boolean;
  service_types: ServiceType[];
}

/** A place that patients come to. */
export interface ServiceCenter {
  code: string;
  name: string;
  address: UsAddress;
  location: LngLat;
  /** IANA zone. */
  time_zone: string;
  phone: string | null;
  /** Day of the week to opening hours, in the provider's words. */
  hours: Record<string, string>;
}

/** A service center that was looked for around a ZIP. */
export interface NearServiceCenter extends ServiceCenter {
  distance_miles: number;
}

/** What is asked for: slots at a patient's address, or at service centers. */
export type AvailabilityQuestion = { start_date: string; days: number } & (
  | { address: UsAddress }
  | { location_codes: string[] }
);

/** A time that can be booked. Instants are ISO, in UTC. */
export interface Slot {
  booking_key: string;
  start: string;
  end: string;
  /** When the key stops being good; null when the provider does not say. */
  expires_at: string | null;
  price_cents: number;
  is_priority: boolean;
  /** How many can still book it. */
  free: number;
  location_code: string | null;
}

export interface Availability {
  /** IANA zone of the address; null where each location has its own. */
  time_zone: string | null;
  slots: Slot[];
}

/** What the provider is told about a visit. Access notes go along with every booking (B1). */
export interface VisitRequest {
  /** Ours; the provider answers the same reference with the appointment that it made for it. */
  reference: string;
  patient: Pick<PatientDetails, 'first_name' | 'last_name' | 'dob' | 'gender' | 'phone_number' | 'email'>;
  /** Where the visit takes place (C3); null for a service center. */
  address: UsAddress | null;
  access_notes: string | null;
  appointment_notes: string | null;
  /** Null before there is a requisition. */
  requisition_number: string | null;
  tests: { code: string; name: string }[];
}

/** A visit at a time that the patient chose. */
export interface Booking extends VisitRequest {
  booking_key: string;
}

/** Another time for an appointment. Access notes go along again (B1). */
export interface Rescheduling {
  appointment_id: string;
  /** Stable over retries of this rescheduling, and no other's. */
  idempotency_key: string;
  booking_key: string;
  access_notes: string | null;
  appointment_notes: string | null;
}

export interface Withdrawal {
  appointment_id: string;
  /** Stable over retries. */
  idempotency_key: string;
  /** In words. */
  reason: string;
  notes: string | null;
}

/** An appointment as the provider holds it. Instants are ISO, in UTC. */
export interface PartnerAppointment {
  id: string;
  reference: string;
  status: AppointmentEventStatus;
  start: string | null;
  end: string | null;
  time_zone: string | null;
  location_code: string | null;
  /** What the patient shows or says. */
  number: string | null;
  access_notes: string | null;
  appointment_notes: string | null;
  /** When it last changed, by the provider's clock; null when the provider does not say. */
  updated_at: string | null;
}

/**
 * One wire to phlebotomy providers. Every call throws `BookingRefused` for the provider's final no and
 * `PartnerUnreachable` when there is no decision; an aborted `signal` is rethrown as its reason. Doing again is safe:
 * reference and idempotency key are the same, and so is the answer.
 */
export interface PhlebotomyAdapter {
  coverage(zip: string, at: PhlebotomyEndpoint, signal: AbortSignal): Promise<Coverage>;
  /** Service centers, nearest first. */
  locations(
    around: { zip: string; radius_miles: number },
    at: PhlebotomyEndpoint,
    signal: AbortSignal,
  ): Promise<NearServiceCenter[]>;
  /** Service centers by their codes, without those that the provider does not know. */
  locationsByCode(codes: readonly string[], at: PhlebotomyEndpoint, signal: AbortSignal): Promise<ServiceCenter[]>;
  availability(question: AvailabilityQuestion, at: PhlebotomyEndpoint, signal: AbortSignal): Promise<Availability>;
  /** Takes a slot. */
  book(booking: Booking, at: PhlebotomyEndpoint, signal: AbortSignal): Promise<PartnerAppointment>;
  /** Asks for a visit whose time the provider finds. */
  request(visit: VisitRequest, at: PhlebotomyEndpoint, signal: AbortSignal): Promise<PartnerAppointment>;
  /** What became of a booking of which we do not know whether it was made; null when it was not. */
  findByReference(reference: string, at: PhlebotomyEndpoint, signal: AbortSignal): Promise<PartnerAppointment | null>;
  reschedule(change: Rescheduling, at: PhlebotomyEndpoint, signal: AbortSignal): Promise<PartnerAppointment>;
  /** Cancels; an appointment that is cancelled already is answered the same way. */
  cancel(withdrawal: Withdrawal, at: PhlebotomyEndpoint, signal: AbortSignal): Promise<PartnerAppointment>;
}

export const REFUSAL_CODES = [
  'slot_taken',
  'booking_key_expired',
  'booking_key_invalid',
  'not_served',
  'not_reschedulable',
  'too_late',
  'not_found',
  'invalid_request',
] as const;
/** Why a provider says no (docs/phlebotomy.md); `invalid_request` also stands for a code that is not listed there. */
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** The provider's final no: asking again changes nothing, and nothing has changed at the provider. */
export class BookingRefused extends Error {
  readonly provider: string;
  readonly code: RefusalCode;

  /** @param message the provider's words. */
  constructor(provider: string, code: RefusalCode, message: string) {
    super(message);
    this.name = 'BookingRefused';
    this.provider = provider;
    this.code = code;
  }
}
