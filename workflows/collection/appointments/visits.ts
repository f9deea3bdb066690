/** An order's appointment as it goes on, event by event; pure. */
import {
  type Appointment,
  type AppointmentEvent,
  type AppointmentProvider,
  type ArrangedVisit,
  accessNotesFor,
  PROVIDER_TIERS,
  PROVIDER_TYPES,
  type UsAddress,
} from '../../../domain/appointments/appointment.ts';
import type { AppointmentCommand, ArrangeVisit } from '../../../domain/appointments/appointment-command.ts';
import type { Order } from '../../../domain/orders/order.ts';
import type { Besides, VisitReport } from './memory.ts';

/** A visit of which the provider has said nothing. */
export const UNANSWERED: ArrangedVisit = {
  status: 'pending',
  start_at: null,
  end_at: null,
  time_zone: null,
  external_id: null,
  provider_appointment_id: null,
  site_code: null,
  changed_at: null,
};

/** An appointment that is cancelled, and of which nothing else has changed. */
export const CANCELLED: ArrangedVisit = { ...UNANSWERED, status: 'cancelled' };

export const awaitsConfirmation = ({ status }: Pick<Appointment, 'status'>) =>
  status === 'pending' || status === 'reserved';

/** Whether the patient picks a time and can pick another. */
export const isBooked = (provider: AppointmentProvider) => PROVIDER_TIERS[provider] === 'appointment-ready';

export const byInstant = (one: string, other: string) => Date.parse(one) - Date.parse(other);

/** What was said later, of the same appointment; of another it is the second in any case. */
export function laterOf(known: VisitReport | null, said: VisitReport): VisitReport {
  const isStale =
    known?.appointment_id === said.appointment_id && byInstant(said.report.occurred_at, known.report.occurred_at) < 0;
  return isStale ? known : said;
}

/** An appointment with one more event, which we learned of at that instant, and which happened then unless it says so. */
export function withEvent(
  appointment: Appointment,
  at: string,
  {
    status,
    data = null,
    occurred_at,
  }: Pick<AppointmentEvent, 'status'> & Partial<Pick<AppointmentEvent, 'data'>> & { occurred_at?: string | null },
): Appointment {
  const number = appointment.events.length + 1;
  const event = { number, status, created_at: at, occurred_at: occurred_at ?? at, data };
  return { ...appointment, status, events: [...appointment.events, event] };
}

/**
 * An appointment that has yet to have its first event.
 * @param visit What the provider made of it.
 * @param hasRequisition Whether the order has one; without, the visit is held in reserve and cannot be moved.
 */
export function newAppointment(
  order: Order,
  command: ArrangeVisit,
  visit: Omit<ArrangedVisit, 'changed_at'>,
  hasRequisition: boolean,
): Appointment {
  const { id: order_id, transaction_id, team_id, user_id } = order;
  const place = command.kind === 'book' ? command.slot : command;
  return {
    id: command.appointment_id,
    order_id,
    transaction_id,
    team_id,
    user_id,
    provider: place.provider,
    type: PROVIDER_TYPES[place.provider],
    address: reached(order, place.address, command.kind === 'book' ? command.slot.site_code : null),
    location: place.location,
    appointment_notes: command.appointment_notes,
    can_reschedule: isBooked(place.provider) && visit.status === 'scheduled' && hasRequisition,
    ...visit,
    ...(command.kind === 'book' && {
      time_zone: visit.time_zone ?? command.slot.time_zone,
      site_code: visit.site_code ?? command.slot.site_code,
    }),
    events: [],
  };
}

/** What a command changes of an appointment besides its time. */
export function besidesTime(
  order: Order,
  command: AppointmentCommand,
  { address, location, appointment_notes }: Appointment,
): Besides {
  if (command.kind !== 'reschedule') return { address, location, appointment_notes };
  return {
    address: reached(order, command.slot.address, command.slot.site_code),
    location: command.slot.location,
    appointment_notes: command.appointment_notes ?? appointment_notes,
  };
}

/** An address with how to reach it (B1). */
function reached(order: Order, address: UsAddress, site_code: string | null): UsAddress {
  return { ...address, access_notes: accessNotesFor(address, site_code, order.address.access_notes) };
}
