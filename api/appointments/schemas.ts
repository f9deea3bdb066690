/** Requests and answers about appointments, areas and service centers (contract §2.5–2.7). */
import { z } from 'zod';
import { SERVICE_TYPES } from '../../domain/appointments/appointment.ts';
import { BILLING_TYPES } from '../../domain/catalogue/catalogue.ts';
import { LIST_LIMITS } from '../../domain/limits.ts';
import {
  appointmentProvider,
  clientFacingAppointment,
  clientFacingUsAddress,
  lngLat,
} from '../../wire/appointment-shapes.ts';
import { calendarDate, instant, uuid } from '../../wire/fields.ts';
import { notes, place, text, zip, zipFault } from '../http/fields.ts';
import { zipCanBeIn } from '../http/zip-states.ts';

const RADII = ['10', '20', '25', '50', '100'] as const;
const miles = z.enum(RADII).meta({ id: 'AllowedRadius', description: 'In miles.' });
const plainZip = z.string().regex(/^\d{5}$/, 'must be a five-digit ZIP');
const bookingKey = z.string().max(2000).meta({ description: 'From an availability response.' });
const billTypes = z.array(z.enum(BILLING_TYPES));
const capability = z
  .enum(['stat', 'appointment_scheduling_via_junction', 'appointment_scheduling_with_lab'])
  .meta({ id: 'LabLocationCapability' });
export type LabLocationCapability = z.infer<typeof capability>;

export const usAddress = z
  .object({
    ...place,
    zip_code: zip,
    unit: text.optional().meta({ deprecated: true, description: 'Use `second_line`.' }),
    access_notes: notes.optional().meta({ description: 'How the phlebotomist gets to the door (B1).' }),
  })
  .refine(({ zip_code, state }) => zipCanBeIn(zip_code, state), zipFault('zip_code'))
  .meta({ id: 'UsAddress' });
export type UsAddressBody = z.infer<typeof usAddress>;

const dayFrom = calendarDate.optional().meta({ description: 'The first of the 14 days; today by default.' });

export const availabilityQuery = z.object({ start_date: dayFrom });

const timeSlot = z
  .object({
    booking_key: z.string(),
    start: instant,
    end: instant,
    expires_at: instant.meta({ description: 'When the booking key expires.' }),
    price: z.number().meta({ description: 'In cents.' }),
    is_priority: z.boolean(),
    num_appointments_available: z.int(),
  })
  .meta({ id: 'TimeSlot' });

const appointmentLocation = z
  .object({
    location: lngLat,
    distance: z.int().nullable().meta({ description: 'In whole miles, if a ZIP was given.' }),
    address: clientFacingUsAddress,
    code: z.string(),
    name: z.string(),
    iana_timezone: z.string(),
  })
  .meta({ id: 'AppointmentLocation' });

const daySlots = z
  .object({
    location: appointmentLocation.nullable(),
    date: calendarDate.meta({ description: 'In the time zone of the location.' }),
    slots: z.array(timeSlot),
  })
  .meta({ id: 'DaySlots' });
export type DaySlots = z.infer<typeof daySlots>;

export const availabilityAnswer = z
  .object({
    slots: z.array(daySlots).meta({ description: 'Each of the 14 days, including days without a slot.' }),
    timezone: z
      .string()
      .nullable()
      .meta({ description: 'Time zone of the address; null if each location has its own.' }),
    warnings: z
      .array(z.string())
      .meta({ description: 'What may be missing from this address, such as the unit number (C3).' }),
  })
  .meta({ id: 'AppointmentAvailabilitySlots' });
export type AvailabilityAnswer = z.infer<typeof availabilityAnswer>;

export const bookingBody = z
  .object({
    booking_key: bookingKey,
    appointment_notes: notes.optional().meta({ description: 'Notes for this appointment (B2).' }),
    async_confirmation: z.boolean().default(false).meta({
      description:
        'Allows the appointment to be confirmed later: if the provider does not respond in time, the appointment is `pending`, and the provider is asked again until it confirms or refuses, or the appointment is canceled. Without this, no response from the provider means 503.',
    }),
    sync_confirmation_timeout_millisecond: z.int().min(1000).max(10_000).default(2500).meta({
      description: 'With `async_confirmation`: how long to wait for the provider before responding with `pending`.',
    }),
    async_confirmation_timeout_millisecond: z.int().min(60_000).max(172_800_000).default(900_000).meta({
      description: 'With `async_confirmation`: an appointment that is not confirmed within this time is canceled.',
    }),
  })
  .meta({ id: 'AppointmentBookingRequest' });

export const rescheduleBody = z
  .object({
    booking_key: bookingKey,
    appointment_notes: notes.optional().meta({ description: 'If left out, the notes stay as they are (B2).' }),
  })
  .meta({ id: 'AppointmentRescheduleRequest' });

export const requestBody = z
  .object({ address: usAddress, provider: appointmentProvider, appointment_notes: notes.optional() })
  .meta({ id: 'RequestAppointmentRequest' });

/** The requested appointment, with what the phlebotomist may miss at its address. */
export const requestedAppointment = clientFacingAppointment
  .extend({ warnings: availabilityAnswer.shape.warnings })
  .meta({ id: 'RequestedAppointment' });

export const cancelPhlebotomyBody = z
  .object({ cancellation_reason_id: uuid, notes: notes.optional() })
  .meta({ id: 'AppointmentCancelRequest' });

/** camelCase, as the SDKs send it; snake_case is taken too. */
export const cancelPscBody = z
  .object({
    cancellationReasonId: uuid.optional(),
    note: notes.optional(),
    cancellation_reason_id: uuid.optional(),
    notes: notes.optional(),
  })
  .refine(({ cancellationReasonId, cancellation_reason_id }) => cancellationReasonId ?? cancellation_reason_id, {
    message: 'cancellationReasonId must be set',
    path: ['cancellationReasonId'],
  })
  .meta({ id: 'PscAppointmentCancelRequest' });

export const cancellationReasonList = z.array(
  z
    .object({ id: uuid, name: z.string(), is_refundable: z.boolean() })
    .meta({ id: 'ClientFacingAppointmentCancellationReason' }),
);

/** All of it may come in the query or in the body. */
const pscAvailabilityFields = {
  lab: text.optional(),
  start_date: dayFrom,
  site_codes: z.array(text).max(LIST_LIMITS.site_codes).optional().meta({ description: 'At most three.' }),
  zip_code: zip.optional(),
  allow_stale: z.boolean().optional().meta({ description: 'Accepted, but the response is always current.' }),
};
export const pscAvailabilityQuery = z.object({ ...pscAvailabilityFields, radius: miles.optional() });
export const pscAvailabilityBody = z
  .object({
    ...pscAvailabilityFields,
    radius: z
      .union([miles, z.literal(RADII.map(Number))])
      .transform((radius) => miles.parse(String(radius)))
      .optional(),
  })
  .optional();
export type PscAvailabilityQuestion = z.infer<typeof pscAvailabilityQuery>;

export const areaQuery = z.object({
  zip_code: plainZip,
  radius: miles.default('25'),
  lab: text.optional(),
  labs: z.array(text).max(LIST_LIMITS.labs).optional(),
  lab_account_id: uuid.optional(),
});
export type AreaQuery = z.infer<typeof areaQuery>;

export const areaInfo = z
  .object({
    zip_code: z.string(),
    phlebotomy: z
      .object({
        is_served: z.boolean(),
        providers: z.array(
          z
            .object({ name: appointmentProvider, service_types: z.array(z.enum(SERVICE_TYPES)) })
            .meta({ id: 'PhlebotomyProviderInfo' }),
        ),
      })
      .meta({ id: 'PhlebotomyAreaInfo' }),
    central_labs: z.record(
      z.string(),
      z
        .object({
          patient_service_centers: z
            .object({
              appointment_with_vital: z.boolean(),
              within_radius: z.int().meta({ description: 'Number of service centers within the radius.' }),
              radius: miles,
              capabilities: z.array(capability),
            })
            .meta({ id: 'PscAreaInfoDetails' }),
          supported_bill_types: billTypes,
          lab_id: z.int(),
        })
        .meta({ id: 'PscAreaInfo' }),
    ),
  })
  .meta({ id: 'AreaInfo' });
export type AreaInfo = z.infer<typeof areaInfo>;

const pscQuery = {
  radius: miles.default('25'),
  capabilities: z.array(capability).max(LIST_LIMITS.capabilities).optional(),
};
export const pscInfoQuery = z.object({
  zip_code: plainZip,
  lab_id: z.int().min(0).max(1_000_000),
  ...pscQuery,
  lab_account_id: uuid.optional(),
});
export const orderPscInfoQuery = z.object(pscQuery);

export const pscInfo = z
  .object({
    lab_id: z.int(),
    slug: z.string(),
    patient_service_centers: z.array(
      z
        .object({
          metadata: z
            .object({
              name: z.string(),
              state: z.string(),
              city: z.string(),
              zip_code: z.string(),
              first_line: z.string(),
              second_line: z.string().nullable(),
              phone_number: z.string().nullable(),
              fax_number: z.string().nullable(),
              hours: z.record(z.string(), z.unknown()).nullable(),
              website: z.string().nullable(),
            })
            .meta({ id: 'LabLocationMetadata' }),
          distance: z.int().meta({ description: 'In whole miles.' }),
          site_code: z.string(),
          supported_bill_types: billTypes,
          location: lngLat,
          capabilities: z.array(capability),
        })
        .meta({ id: 'ClientFacingLabLocation' }),
    ),
  })
  .meta({ id: 'PscInfo' });
export type PscInfo = z.infer<typeof pscInfo>;
