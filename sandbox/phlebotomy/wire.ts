/** What goes over the wire of a phlebotomy provider: docs/phlebotomy.md as schemas. */
import { z } from 'zod';

const Text = z.string().min(1);
const OptionalText = z
  .string()
  .nullish()
  .transform((text) => text ?? null);
const Zip = z.string().regex(/^\d{5}(-\d{4})?$/);

export const Address = z.object({
  first_line: Text,
  second_line: OptionalText,
  city: Text,
  state: z.string().length(2),
  zip: Zip,
});
export type Address = z.infer<typeof Address>;

const Notes = { access_notes: OptionalText, appointment_notes: OptionalText };

/** The body of `POST /v1/appointment-requests`. */
export const Request = z.object({
  reference: Text,
  patient: z.object({
    first_name: Text,
    last_name: Text,
    dob: z.iso.date(),
    gender: OptionalText,
    phone_number: Text,
    email: OptionalText,
  }),
  address: Address.nullish().transform((address) => address ?? null),
  requisition_number: OptionalText,
  tests: z.array(z.object({ code: Text, name: Text })),
  ...Notes,
});
export type Request = z.infer<typeof Request>;

/** The body of `POST /v1/appointments`. */
export const Booking = Request.extend({ booking_key: z.string() });
export type Booking = z.infer<typeof Booking>;

/** The body of `PATCH /v1/appointments/{id}`. */
export const Reschedule = z.object({ booking_key: z.string(), ...Notes });
export type Reschedule = z.infer<typeof Reschedule>;

/** The body of `POST /v1/appointments/{id}/cancel`. */
export const Cancellation = z.object({ reason: Text, notes: OptionalText });
export type Cancellation = z.infer<typeof Cancellation>;

/** The body of `POST /v1/availability`. */
export const AvailabilityQuestion = z.object({
  address: Address.optional(),
  location_codes: z.array(Text).min(1).max(10).optional(),
  /** A day in the slots' time zone; today when absent. */
  start_date: z.iso.date().optional(),
  days: z.int().min(1).max(14).default(14),
});

/** The query of `GET /v1/coverage`, and of `GET /v1/locations` around a ZIP. */
export const AreaQuestion = z.object({ zip: Zip, radius_miles: z.coerce.number().positive().max(100).default(25) });

/** The query of `GET /v1/locations`: around a ZIP, or by codes. */
export const LocationsQuestion = z.union([
  AreaQuestion,
  z.object({ codes: Text.transform((codes) => codes.split(',')) }),
]);

/** Everything a call can be refused for, with its HTTP status. */
const REFUSALS = {
  invalid_request: 400,
  booking_key_invalid: 400,
  unauthorized: 401,
  not_found: 404,
  slot_taken: 409,
  not_reschedulable: 409,
  too_late: 409,
  idempotency_key_reused: 409,
  booking_key_expired: 410,
  not_served: 422,
} as const;

/** An answer to a call. */
export interface Answer {
  status: number;
  body: object;
}

/** A final no, with the code that says why. */
export class Refusal extends Error {
  readonly answer: Answer;

  constructor(code: keyof typeof REFUSALS, message: string) {
    super(message);
    this.answer = { status: REFUSALS[code], body: { error: code, message } };
  }
}
