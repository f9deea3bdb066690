/** Appointments as MongoDB holds them, read for those who need them as they are or were. */
import type { ClientSession } from 'mongoose';
import type { Appointment } from '../../domain/appointments/appointment.ts';
import type { AppointmentDocument } from '../collections/appointments.ts';
import { collectionOf } from '../collections/define.ts';
import type { OrderDocument } from '../collections/orders.ts';
import type { Store } from '../open.ts';

/** An appointment as its journey knows it. */
export function appointmentOf({ _id, created_at: _, updated_at: __, ...rest }: AppointmentDocument): Appointment {
  return { id: _id, ...rest };
}

/** The appointment as it was at one of its events (E3). @param events How many it had. */
export function asOf(appointment: Appointment, events: number): Appointment {
  const then = appointment.events.slice(0, events);
  return { ...appointment, events: then, status: then.at(-1)?.status ?? appointment.status };
}

/** The appointment as it was after one of its events; its time and place are the newest (E3). */
export function appointmentAt(document: AppointmentDocument, eventNumber: number): Appointment {
  return asOf(appointmentOf(document), eventNumber);
}

/** The newest appointment of an order, for a journey that has yet to learn of it; null where there is none. */
export async function newestAppointment(
  store: Store,
  { appointment_id }: OrderDocument,
  session?: ClientSession,
): Promise<Appointment | null> {
  if (appointment_id === null) return null;
  const held = await collectionOf(store.appointments).findOne({ _id: appointment_id }, { ...(session && { session }) });
  return held && appointmentOf(held);
}
