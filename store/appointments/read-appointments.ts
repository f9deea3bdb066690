/** Appointments as they are now. */
import { type Appointment, type AppointmentType, isActive } from '../../domain/appointments/appointment.ts';
import type { AppointmentDocument } from '../collections/appointments.ts';
import type { Store } from '../open.ts';
import { appointmentOf } from './held-appointment.ts';

/** An order's newest appointment of that type, whatever became of it; null when it never had one. */
export async function newestAppointment(
  store: Store,
  orderId: string,
  type: AppointmentType,
): Promise<Appointment | null> {
  const held = await store.appointments
    .findOne({ order_id: orderId, type })
    .sort({ created_at: -1 })
    .lean<AppointmentDocument>();
  return held && appointmentOf(held);
}

/** An order's active appointment of that type; null when it has none. */
export async function activeAppointment(
  store: Store,
  orderId: string,
  type: AppointmentType,
): Promise<Appointment | null> {
  const newest = await newestAppointment(store, orderId, type);
  return newest && isActive(newest) ? newest : null;
}

/** An appointment by its id; null when it is not recorded. */
export async function findAppointment(store: Store, id: string): Promise<Appointment | null> {
  const held = await store.appointments.findById(id).lean<AppointmentDocument>();
  return held && appointmentOf(held);
}

/** All appointments of an order, oldest first. */
export async function appointmentsOf(store: Store, orderId: string): Promise<AppointmentDocument[]> {
  return store.appointments.find({ order_id: orderId }).sort({ created_at: 1 }).lean<AppointmentDocument[]>();
}
