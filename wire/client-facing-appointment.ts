/** Appointments in the shape of the wire: the API answers with them, and webhooks freeze them (E3). */
import { type Appointment, isOverdue, providerStatus } from '../domain/appointments/appointment.ts';
import type { ClientFacingAppointment } from './appointment-shapes.ts';

/** An appointment with everything a caller may know of it at that moment. */
export function clientFacingAppointment(appointment: Appointment, now = new Date()): ClientFacingAppointment {
  return {
    id: appointment.id,
    user_id: appointment.user_id,
    order_id: appointment.order_id,
    order_transaction_id: appointment.transaction_id,
    address: appointment.address,
    location: appointment.location,
    start_at: appointment.start_at,
    end_at: appointment.end_at,
    iana_timezone: appointment.time_zone,
    type: appointment.type,
    provider: appointment.provider,
    status: providerStatus(appointment.status),
    provider_id: appointment.provider_appointment_id ?? appointment.id,
    external_id: appointment.external_id,
    can_reschedule: appointment.can_reschedule,
    is_overdue: isOverdue(appointment, now),
    appointment_notes: appointment.appointment_notes,
    event_status: appointment.status,
    event_data: appointment.events.at(-1)?.data ?? null,
    events: appointment.events.map(({ created_at, status, data }) => ({ created_at, status, data })),
  };
}
