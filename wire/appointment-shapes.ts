/** Appointments as callers and webhook receivers see them (contract §5). */
import { z } from 'zod';
import { APPOINTMENT_PROVIDERS, APPOINTMENT_STATUSES, providerStatus } from '../domain/appointments/appointment.ts';
import { instant, uuid } from './fields.ts';

const eventStatus = z.enum(APPOINTMENT_STATUSES).meta({ id: 'AppointmentEventStatus' });
const data = z
  .record(z.string(), z.unknown())
  .nullable()
  .meta({ description: 'Additional details, such as `is_reschedule`.' });

export const lngLat = z
  .object({ lng: z.number().min(-180).max(180), lat: z.number().min(-90).max(90) })
  .meta({ id: 'LngLat', description: 'In degrees.' });

export const clientFacingUsAddress = z
  .object({
    first_line: z.string(),
    second_line: z.string().nullable(),
    city: z.string(),
    state: z.string(),
    zip_code: z.string(),
    access_notes: z.string().nullable(),
  })
  .meta({ id: 'ClientFacingUsAddress' });

export const appointmentProvider = z.enum(APPOINTMENT_PROVIDERS).meta({ id: 'AppointmentProvider' });

export const clientFacingAppointment = z
  .object({
    id: uuid,
    user_id: uuid,
    order_id: uuid,
    order_transaction_id: uuid,
    address: clientFacingUsAddress,
    location: lngLat,
    start_at: instant.nullable(),
    end_at: instant.nullable(),
    iana_timezone: z.string().nullable(),
    type: z.enum(['phlebotomy', 'patient_service_center']),
    provider: appointmentProvider,
    status: z.enum(APPOINTMENT_STATUSES.map(providerStatus)),
    provider_id: z
      .string()
      .meta({ description: 'The provider’s id of the appointment; Venule’s own id until the provider has given one.' }),
    external_id: z.string().nullable().meta({ description: 'The number that the patient shows or says.' }),
    can_reschedule: z.boolean(),
    is_overdue: z.boolean().meta({
      description:
        'Whether the visit should have ended three days ago and its outcome has not been reported. The status stays the same, and another visit can be booked (C2).',
    }),
    appointment_notes: z.string().nullable(),
    event_status: eventStatus,
    event_data: data,
    events: z.array(
      z.object({ created_at: instant, status: eventStatus, data }).meta({ id: 'ClientFacingAppointmentEvent' }),
    ),
  })
  .meta({ id: 'ClientFacingAppointment' });
export type ClientFacingAppointment = z.infer<typeof clientFacingAppointment>;
