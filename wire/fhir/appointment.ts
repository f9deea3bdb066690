/** A visit as a FHIR Appointment. */
import type { Appointment as FhirAppointment } from '@medplum/fhirtypes';
import type { Appointment, AppointmentEventStatus, AppointmentType } from '../../domain/appointments/appointment.ts';
import { identifier, metaOf, ofProvider } from './systems.ts';

const STATUSES: Readonly<Record<AppointmentEventStatus, FhirAppointment['status']>> = {
  pending: 'pending',
  reserved: 'pending',
  scheduled: 'booked',
  in_progress: 'arrived',
  completed: 'fulfilled',
  cancelled: 'cancelled',
};
const KINDS: Readonly<Record<AppointmentType, string>> = {
  phlebotomy: 'Blood draw at the patient’s address',
  patient_service_center: 'Blood draw at a patient service center',
};

/**
 * One that has no time yet is `proposed`: FHIR has every other with its beginning and end.
 * @param order When the order last changed counts for everything about it.
 */
export function appointment(
  held: Appointment & { created_at: Date },
  { updated_at, sandbox }: { updated_at: Date; sandbox: boolean },
): FhirAppointment {
  const { address, events, start_at, end_at, provider, provider_appointment_id, external_id } = held;
  const isTimed = start_at !== null && end_at !== null;
  const status = STATUSES[held.status];
  const numbers = [...new Set([provider_appointment_id, external_id])].filter((number) => number !== null);
  const reason = events.at(-1)?.data?.reason;
  return {
    resourceType: 'Appointment',
    id: held.id,
    meta: metaOf(updated_at, sandbox),
    contained: [
      {
        resourceType: 'Location',
        id: 'place',
        ...(held.site_code && { identifier: [{ value: held.site_code }] }),
        address: {
          line: [address.first_line, address.second_line].filter((line) => line !== null && line !== '') as string[],
          city: address.city,
          state: address.state,
          postalCode: address.zip_code,
        },
        position: { longitude: held.location.lng, latitude: held.location.lat },
      },
    ],
    ...(numbers.length > 0 && { identifier: numbers.map((number) => identifier(ofProvider(provider), number)) }),
    status: isTimed || status === 'cancelled' ? status : 'proposed',
    ...(status === 'cancelled' && typeof reason === 'string' && { cancelationReason: { text: reason } }),
    serviceType: [{ text: KINDS[held.type] }],
    description: KINDS[held.type],
    ...(isTimed && { start: start_at, end: end_at }),
    created: held.created_at.toISOString(),
    ...(held.appointment_notes?.trim() && { comment: held.appointment_notes }),
    basedOn: [{ reference: `ServiceRequest/${held.order_id}` }],
    participant: [
      { actor: { reference: `Patient/${held.user_id}` }, required: 'required', status: 'accepted' },
      { actor: { reference: '#place' }, required: 'required', status: isTimed ? 'accepted' : 'tentative' },
    ],
  };
}
