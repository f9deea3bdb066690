/** Everything that the booking page shows about an order, and nothing more: no test, no result. */
import {
  type Appointment,
  type AppointmentType,
  isActive,
  isOverdue,
  providerOfLab,
  type UsAddress,
} from '../../../domain/appointments/appointment.ts';
import { LEAST_FASTING_HOURS } from '../../../domain/messages/fasting.ts';
import { isMinor } from '../../../domain/messages/recipient.ts';
import { topLevelStatus } from '../../../domain/orders/status.ts';
import { mayFollow } from '../../../domain/orders/transitions.ts';
import { phoneText } from '../../../domain/people/phone.ts';
import { fastingBefore, fastingRule, MORNING } from '../../../notifications/fasting-words.ts';
import { directionsTo, onOneLine } from '../../../notifications/visit-time.ts';
import { newestAppointment } from '../../../store/appointments/read-appointments.ts';
import { needsFasting } from '../../../store/catalogue/catalogue.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import type { ApiDeps } from '../../deps.ts';
import { patientReasons, type Words, whereThePatientStands } from './patient-words.ts';

/** What the page is made from. */
export interface BookingState {
  at_home: boolean;
  words: Words;
  appointment: BookedVisit | null;
  /** What the patient can do now. */
  can: { book: boolean; reschedule: boolean; cancel: boolean };
  reasons: { id: string; words: string }[];
  /** Where the phlebotomist comes, on one line; null for a walk-in order. */
  address: string | null;
  /** How the phlebotomist gets there, as it was last said (B1). */
  access_notes: string;
  /** How to prepare: to fast, and whom to bring; as things stand now (G6). */
  prepare: string[];
  /** What a fast means for a time that is chosen; null where none is needed. */
  fasting: { rule: string; least_hours: number } | null;
  laboratory: { name: string; phone: string; locator_url: string };
  has_requisition: boolean;
}

interface BookedVisit {
  status: Appointment['status'];
  start: string | null;
  end: string | null;
  time_zone: string | null;
  /** Whether it should long be over and nobody has said what became of it: another can be booked (C2). */
  is_overdue: boolean;
  place: string;
  /** The service center's code; null for a visit at home. */
  site_code: string | null;
  /** Where a map shows the way; null for a visit at home. */
  directions_url: string | null;
  number: string | null;
  notes: string;
}

/** Whether the phlebotomist comes to the patient of that order, or the patient to a service center. */
export function typeOf({ collection_method }: Pick<OrderDocument, 'collection_method'>): AppointmentType {
  return collection_method === 'at_home_phlebotomy' ? 'phlebotomy' : 'patient_service_center';
}

/** The address that a visit takes place at: the appointment's while there is one, else the order's (C3). */
export function visitAddress({ order }: OrderDocument, appointment: Appointment | null): UsAddress {
  const { first_line, second_line, city, state, zip, access_notes } = order.address;
  if (appointment?.type === 'phlebotomy') return appointment.address;
  return { first_line, second_line, city, state, zip_code: zip, access_notes };
}

/** What the patient sees of an order at this moment. */
export async function bookingState(
  { store, catalogue }: Pick<ApiDeps, 'store' | 'catalogue'>,
  document: OrderDocument,
): Promise<BookingState> {
  const { last_status, collection_method, lab_slug } = document;
  const type = typeOf(document);
  const laboratory = catalogue.laboratories.get(document.order.lab_id);
  if (!laboratory) throw new Error(`The catalogue no longer holds the laboratory of order ${document._id}`);
  const newest = await newestAppointment(store, document._id, type);
  const shown = newest?.status === 'cancelled' ? null : newest;
  const active = newest && isActive(newest) ? newest : null;
  const now = new Date();
  const overdue = active !== null && isOverdue(active, now);
  const address = visitAddress(document, active);
  // A redraw has a link of its own: its initial order is over for the patient.
  const isOver = last_status === 'redraw_available';
  const progress = isOver ? 'completed' : topLevelStatus(collection_method, last_status);
  const needsVisit = progress === 'received' || progress === 'collecting_sample';
  const cancellable =
    active !== null && active.status !== 'in_progress' && !overdue && (needsVisit || isAhead(active, now));
  const minor = isMinor(document.order, now) ? 'The patient' : null;
  const fasting = await needsFasting(catalogue, document.order);
  const bookable = type === 'phlebotomy' || providerOfLab(lab_slug) !== undefined;
  return {
    at_home: type === 'phlebotomy',
    words: whereThePatientStands(type, {
      progress,
      isOrdered: last_status === 'ordered',
      appointment: shown,
      isOverdue: overdue,
      isCancellable: cancellable,
    }),
    appointment: shown && {
      status: shown.status,
      start: shown.start_at,
      end: shown.end_at,
      time_zone: shown.time_zone,
      is_overdue: overdue,
      place: onOneLine(shown.address),
      site_code: shown.site_code,
      directions_url: type === 'phlebotomy' ? null : directionsTo(shown.address),
      number: shown.external_id,
      notes: shown.appointment_notes ?? '',
    },
    can: {
      book:
        bookable &&
        (!active || overdue) &&
        mayFollow(collection_method, last_status, overdue ? 'appointment_scheduled' : 'appointment_pending'),
      reschedule:
        Boolean(active?.can_reschedule) &&
        active?.status === 'scheduled' &&
        !overdue &&
        mayFollow(collection_method, last_status, 'appointment_scheduled'),
      cancel: cancellable,
    },
    reasons: patientReasons(type),
    address: type === 'phlebotomy' ? onOneLine(address) : null,
    access_notes: type === 'phlebotomy' ? (address.access_notes ?? document.order.address.access_notes ?? '') : '',
    prepare: needsVisit ? preparation(fasting, minor, overdue ? null : active, now) : [],
    fasting: fasting && needsVisit ? { rule: fastingRule(minor), least_hours: LEAST_FASTING_HOURS } : null,
    laboratory: {
      name: laboratory.name,
      phone: phoneText(laboratory.phone),
      locator_url: laboratory.psc_locator_url,
    },
    has_requisition: last_status !== 'ordered' && needsVisit,
  };
}

/** To fast, with the hour once there is one, and that a guardian comes along. Names nobody. */
function preparation(fasting: boolean, minor: string | null, booked: Appointment | null, now: Date): string[] {
  const dated = booked?.status === 'scheduled' && booked.start_at ? booked : null;
  const fast = dated ? fastingBefore(dated, minor, now) : `${fastingRule(minor)} ${MORNING}`;
  return [...(fasting ? [fast] : []), ...(minor === null ? [] : [COME_ALONG])];
}

const COME_ALONG = 'A guardian must be present: the patient is a minor.';

/** Whether the visit is still to come, for all we know. */
function isAhead({ start_at }: Pick<Appointment, 'start_at'>, now: Date): boolean {
  return start_at === null || Date.parse(start_at) > now.getTime();
}
