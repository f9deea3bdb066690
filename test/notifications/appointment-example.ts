/** An appointment to write about. */
import type { Appointment, AppointmentEventStatus } from '../../domain/appointments/appointment.ts';

/** An appointment at home that has gone through these statuses; scheduled again means rescheduled. */
export function appointmentOf(statuses: AppointmentEventStatus[], changes: Partial<Appointment> = {}): Appointment {
  const dated = statuses.some((status) => status !== 'pending');
  return {
    id: '6f7d2a10-4d2b-4f0a-9a66-3f1c0b7e8d05',
    order_id: '0d6f2c0e-1d5b-4a43-8f3e-7a2d6f4b9c01',
    transaction_id: '91b3c6de-55a7-4a7c-9d10-4d0f0d8f2c04',
    team_id: '7a1e0a52-9c0d-4c8e-8f15-2b8f8b6f0a02',
    user_id: '2f4f1a77-0f2b-4d2a-8a35-3c9f9c7f1b03',
    provider: 'getlabs',
    type: 'phlebotomy',
    status: statuses.at(-1) ?? 'pending',
    start_at: dated ? '2026-12-01T16:00:00.000Z' : null,
    end_at: dated ? '2026-12-01T17:00:00.000Z' : null,
    time_zone: 'America/Phoenix',
    address: {
      first_line: '12 Elm Street',
      second_line: 'Apt 4',
      city: 'Phoenix',
      state: 'AZ',
      zip_code: '85004',
      access_notes: 'Gate code 1234',
    },
    location: { lng: -112.07, lat: 33.45 },
    appointment_notes: 'Left arm',
    external_id: 'GL-001',
    provider_appointment_id: 'gl_1',
    site_code: null,
    can_reschedule: true,
    events: statuses.map((status, index) => ({
      number: index + 1,
      status,
      created_at: `2026-11-21T0${index + 1}:00:00.000Z`,
      occurred_at: `2026-11-21T0${index + 1}:00:00.000Z`,
      data: status === 'scheduled' && statuses.indexOf('scheduled') < index ? { is_reschedule: true } : null,
    })),
    ...changes,
  };
}
