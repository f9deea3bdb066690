/** What comes over the wire of docs/phlebotomy.md: answers and events, checked before anybody believes them. */
import { z } from 'zod';
import { APPOINTMENT_STATUSES, SERVICE_TYPES, type UsAddress } from '../../domain/appointments/appointment.ts';
import type {
  Availability,
  Coverage,
  NearServiceCenter,
  PartnerAppointment,
  ServiceCenter,
} from './phlebotomy-adapter.ts';

const Text = z.string().trim().min(1).max(1000);
const OptionalText = z
  .string()
  .max(5000)
  .nullish()
  .transform((text) => text || null);
/** Kept in UTC with milliseconds, so that two can be compared as text. */
const Instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString());
const OptionalInstant = Instant.nullish().transform((instant) => instant ?? null);
const Zone = z.string().refine((name) => {
  try {
    return Boolean(new Intl.DateTimeFormat('en-US', { timeZone: name }));
  } catch {
    return false;
  }
}, 'an IANA time zone');
const OptionalZone = Zone.nullish().transform((zone) => zone ?? null);

/** An address as the wire has it. */
export interface WireAddress {
  first_line: string;
  second_line: string | null;
  city: string;
  state: string;
  zip: string;
}

/** Our address for the wire; notes travel beside it. */
export function wireAddress({ first_line, second_line, city, state, zip_code }: UsAddress): WireAddress {
  return { first_line, second_line, city, state, zip: zip_code };
}

export const CoverageAnswer: z.ZodType<Coverage> = z.object({
  served: z.boolean(),
  service_types: z.array(z.enum(SERVICE_TYPES)),
});

const Location = z.object({
  code: Text,
  name: Text,
  address: z.object({ first_line: Text, second_line: OptionalText, city: Text, state: Text, zip: Text }),
  location: z.object({ lng: z.number().min(-180).max(180), lat: z.number().min(-90).max(90) }),
  timezone: Zone,
  phone: OptionalText,
  hours: z.record(z.string(), z.string()).default({}),
});
const NearLocation = Location.extend({ distance_miles: z.number().min(0) });

const centerOf = <Wire extends z.infer<typeof Location>>({
  timezone,
  address: { zip, ...lines },
  ...center
}: Wire) => ({
  ...center,
  time_zone: timezone,
  address: { ...lines, zip_code: zip, access_notes: null },
});

export const LocationsAnswer: z.ZodType<ServiceCenter[]> = z
  .object({ locations: z.array(Location) })
  .transform(({ locations }) => locations.map(centerOf));
export const NearLocationsAnswer: z.ZodType<NearServiceCenter[]> = z
  .object({ locations: z.array(NearLocation) })
  .transform(({ locations }) =>
    locations.map(centerOf).sort((one, other) => one.distance_miles - other.distance_miles),
  );

const Slot = z
  .object({
    booking_key: Text,
    start: Instant,
    end: Instant,
    expires_at: OptionalInstant,
    price_cents: z.int().min(0),
    is_priority: z.boolean(),
    free: z.int().min(0),
    location_code: OptionalText,
  })
  .refine(({ start, end }) => start < end, 'a slot that ends after it starts');
export const AvailabilityAnswer: z.ZodType<Availability> = z
  .object({ timezone: OptionalZone, slots: z.array(Slot) })
  .transform(({ timezone, slots }) => ({ time_zone: timezone, slots }));

/** Statuses that mean nothing without a time. */
const DATED: readonly string[] = ['scheduled'];

export const AppointmentAnswer: z.ZodType<PartnerAppointment> = z
  .object({
    id: Text,
    reference: Text,
    status: z.enum(APPOINTMENT_STATUSES),
    start: OptionalInstant,
    end: OptionalInstant,
    timezone: OptionalZone,
    location_code: OptionalText,
    number: OptionalText,
    access_notes: OptionalText,
    appointment_notes: OptionalText,
    updated_at: OptionalInstant,
  })
  .refine(({ start, end }) => (start === null) === (end === null), 'a start and an end, or neither')
  .refine(({ start, end }) => start === null || end === null || start < end, 'an end after the start')
  .refine(({ status, start, timezone }) => !DATED.includes(status) || (start && timezone), 'a scheduled time and zone')
  .transform(({ timezone, ...appointment }) => ({ ...appointment, time_zone: timezone }));

/** What a provider says when it refuses. */
export const RefusalAnswer = z.object({ error: Text, message: z.string().max(1000).default('') });

/** What a provider tells us of its own accord. */
export const EventBody = z.object({
  type: z.literal('appointment.updated'),
  appointment: AppointmentAnswer,
  occurred_at: Instant,
  data: z
    .record(z.string(), z.unknown())
    .nullish()
    .transform((data) => data ?? null),
});
