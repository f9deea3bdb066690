/** Requests and answers about orders (contract §2.2). */
import { z } from 'zod';
import { BILLING_TYPES } from '../../domain/catalogue/catalogue.ts';
import { LIST_LIMITS } from '../../domain/limits.ts';
import { COLLECTION_METHODS, LOW_LEVEL_STATUSES } from '../../domain/orders/status.ts';
import { INTERPRETATIONS } from '../../domain/results/lab-report.ts';
import { calendarDate, uuid } from '../../wire/fields.ts';
import { clientFacingOrder, orderStatus } from '../../wire/order-shapes.ts';
import {
  birthDate,
  country,
  emailAddress,
  ethnicity,
  FARTHEST_AHEAD_MS,
  filledText,
  genderIdentity,
  guarantor,
  notes,
  page,
  personName,
  phoneNumber,
  place,
  race,
  sexualOrientation,
  state,
  text,
  wholeNumber,
  zip,
  zipFault,
} from '../http/fields.ts';
import { zipCanBeIn } from '../http/zip-states.ts';
import { orderSet } from '../lab-tests/schemas.ts';
import { picture } from './pictures.ts';

const interpretation = z.enum(INTERPRETATIONS);

const patientDetails = z
  .object({
    first_name: personName,
    last_name: personName,
    dob: birthDate,
    gender: z.enum(['female', 'male', 'other', 'unknown']),
    phone_number: phoneNumber,
    email: emailAddress,
    medical_proxy: guarantor.optional(),
    race: race.optional(),
    ethnicity: ethnicity.optional(),
    sexual_orientation: sexualOrientation.optional(),
    gender_identity: genderIdentity.optional(),
    household_income: wholeNumber.optional(),
    household_size: wholeNumber.optional(),
  })
  .meta({ id: 'PatientDetailsWithValidation' });

const patientAddress = z
  .object({
    receiver_name: text.default(''),
    ...place,
    zip,
    country,
    access_notes: notes.optional().meta({ description: 'How the phlebotomist gets to the door (B1).' }),
    phone_number: phoneNumber.optional(),
  })
  .refine(({ zip, state }) => zipCanBeIn(zip, state), zipFault('zip'))
  .meta({ id: 'PatientAddressWithValidation' });

const physician = z
  .object({
    first_name: filledText,
    last_name: filledText,
    email: emailAddress.optional(),
    npi: z.string().regex(/^\d{10}$/, 'must be a ten-digit National Provider Identifier'),
    licensed_states: z.array(state).max(LIST_LIMITS.licensed_states).default([]),
    signature_image: picture.optional(),
  })
  .meta({ id: 'PhysicianCreateRequest' });

/** How far a caller's clock may be ahead of ours, in milliseconds. */
const CLOCKS_DIFFER_MS = 5 * 60_000;

/** Whether a consent was given by now; a time without an offset may be that of the place whose clock is farthest ahead. */
function isGiven(at: string): boolean {
  const ahead = namesOffset(at) ? 0 : FARTHEST_AHEAD_MS;
  return readInstant(at).getTime() <= Date.now() + ahead + CLOCKS_DIFFER_MS;
}

/** `consentType` and `timeOfConsent` are camelCase on the wire, as the SDKs send them. */
const consent = z
  .object({
    consentType: z.enum([
      'terms-of-use',
      'telehealth-informed-consent',
      'mobile-terms-and-conditions',
      'notice-of-privacy-practices',
      'privacy-policy',
      'hipaa-authorization',
    ]),
    version: text.default('1.0'),
    timeOfConsent: z.iso
      .datetime({ offset: true, local: true })
      .refine(isGiven, 'must not be in the future')
      .optional(),
  })
  .meta({ id: 'Consent' });

export const createOrderBody = z
  .object({
    user_id: uuid,
    lab_test_id: uuid.optional().meta({ deprecated: true, description: 'Use `order_set`.' }),
    order_set: orderSet.optional(),
    collection_method: z.enum(COLLECTION_METHODS).optional(),
    physician: physician.optional(),
    health_insurance: z.looseObject({}).optional().meta({ deprecated: true }),
    priority: z.boolean().default(false).meta({ description: 'STAT.' }),
    billing_type: z.enum(BILLING_TYPES).default('client_bill'),
    icd_codes: z.array(z.string().max(20)).max(LIST_LIMITS.icd_codes).default([]),
    consents: z.array(consent).max(LIST_LIMITS.consents).default([]),
    activate_by: calendarDate.optional().meta({ description: 'Not sent to the lab before this date.' }),
    aoe_answers: z
      .array(z.object({ marker_id: z.int(), question_id: z.int(), answer: text }).meta({ id: 'AoEAnswer' }))
      .max(LIST_LIMITS.aoe_answers)
      .default([]),
    passthrough: z.string().max(10_000).optional(),
    clinical_notes: notes.optional(),
    lab_account_id: uuid.optional(),
    creator_member_id: uuid.optional(),
    patient_details: patientDetails,
    patient_address: patientAddress,
  })
  .meta({ id: 'CreateOrderRequest' });
export type CreateOrderBody = z.infer<typeof createOrderBody>;

export const idempotencyHeaders = z.object({
  'x-idempotency-key': z.string().min(1).max(255).optional(),
  'x-idempotency-error': z
    .literal('no-cache')
    .optional()
    .meta({ description: 'Keep only successful responses for replay.' }),
});

const beforeStart = 'must not be before the start';

/** Whether an end is not before its start; dates and instants as they come. */
function areInOrder(start: string | undefined, end: string | undefined): boolean {
  if (start === undefined || end === undefined) return true;
  return end.includes('T') ? readInstant(end) >= readInstant(start) : end >= start.slice(0, 10);
}

export const orderPath = z.object({ order_id: uuid });

/** Which of an order's requisitions is asked for. */
export const requisitionPdfQuery = z.object({
  source: z
    .enum(['venule', 'lab'])
    .optional()
    .meta({ description: '`lab` for the requisition that the laboratory sent; otherwise Venule’s own.' }),
});

const dateOrInstant = z
  .union([z.iso.date(), z.iso.datetime({ offset: true, local: true })])
  .meta({ description: 'A date or a timestamp, in UTC unless it has an offset.' });

export const orderListQuery = z
  .object({
    search_input: text.optional().meta({
      description:
        'One or more words, or the beginnings of words, in any order: names of the patient and recipient, birth date (`1988`, `1988-03`), order or user id, requisition or sample number, email address.',
    }),
    start_date: dateOrInstant.optional(),
    end_date: dateOrInstant.optional(),
    updated_start_date: dateOrInstant.optional(),
    updated_end_date: dateOrInstant.optional(),
    status: z.array(z.enum(LOW_LEVEL_STATUSES)).max(LIST_LIMITS.statuses).optional(),
    order_key: z.enum(['created_at', 'patient_name', 'last_status']).default('created_at'),
    order_direction: z.enum(['asc', 'desc']).default('desc'),
    order_type: z.array(z.enum(COLLECTION_METHODS)).max(LIST_LIMITS.order_types).optional(),
    is_critical: z.boolean().optional(),
    interpretation: interpretation.optional(),
    order_activation_types: z
      .array(z.enum(['current', 'scheduled']))
      .max(LIST_LIMITS.order_activation_types)
      .optional(),
    user_id: uuid.optional(),
    patient_name: text
      .optional()
      .meta({ description: 'The beginning of one or more of the patient’s names, in any order.' }),
    shipping_recipient_name: text.optional(),
    order_ids: z.array(uuid).max(LIST_LIMITS.order_ids).optional(),
    order_transaction_id: uuid.optional(),
    ...page,
  })
  .refine(({ start_date, end_date }) => areInOrder(start_date, end_date), { message: beforeStart, path: ['end_date'] })
  .refine(({ updated_start_date, updated_end_date }) => areInOrder(updated_start_date, updated_end_date), {
    message: beforeStart,
    path: ['updated_end_date'],
  });
export type OrderListQuery = z.infer<typeof orderListQuery>;

export const orderList = z
  .object({
    orders: z.array(clientFacingOrder),
    total: z
      .int()
      .nullable()
      .meta({ description: 'Null if there are more than 10,000, or if counting them would take too long.' }),
    page: z.int(),
    size: z.int(),
  })
  .meta({ id: 'GetOrdersResponse' });

export const postOrderAnswer = z
  .object({ order: clientFacingOrder, status: z.string(), message: z.string() })
  .meta({ id: 'PostOrderResponse' });

export const simulateQuery = z.object({
  final_status: orderStatus.optional(),
  delay: z.int().min(0).max(3600).default(0).meta({ description: 'Seconds between steps.' }),
});
export const simulateBody = z
  .object({
    interpretation: interpretation.exclude(['unknown']).default('normal'),
    result_types: z
      .array(z.enum(['numeric', 'range', 'comment']))
      .max(LIST_LIMITS.result_types)
      .default([]),
    has_missing_results: z.boolean().default(false),
  })
  .meta({ id: 'SimulationFlags' })
  .optional();
export const simulateAnswer = z.null();

const SIXTY_DAYS_MS = 60 * 24 * 3_600_000;
const anInstant = z.iso.datetime({ offset: true, local: true });

export const resendBody = z
  .object({
    order_ids: z.array(uuid).max(LIST_LIMITS.order_ids).optional(),
    start_at: anInstant.optional(),
    end_at: anInstant.optional(),
  })
  .refine(({ order_ids, start_at }) => order_ids?.length || start_at, {
    message: 'order_ids or start_at must be set',
    path: ['order_ids'],
  })
  .refine(({ start_at, end_at }) => !start_at || windowOf({ start_at, end_at }).length >= 0, {
    message: beforeStart,
    path: ['end_at'],
  })
  .refine(({ start_at, end_at }) => !start_at || windowOf({ start_at, end_at }).length <= SIXTY_DAYS_MS, {
    message: 'the time range can be at most 60 days long',
    path: ['end_at'],
  })
  .meta({ id: 'ResendWebhookBody' });
export const resendAnswer = z.object({ order_ids: z.array(uuid) }).meta({ id: 'ResendWebhookResponse' });

/** The time between `start_at` and `end_at`, which is now when it is not given; length in milliseconds. */
export function windowOf({ start_at, end_at }: { start_at: string; end_at?: string | undefined }) {
  const from = readInstant(start_at);
  const to = end_at === undefined ? new Date() : readInstant(end_at);
  return { from, to, length: to.getTime() - from.getTime() };
}

/** An ISO date or instant, in UTC where it names no offset. */
export function readInstant(iso: string): Date {
  return new Date(!iso.includes('T') || namesOffset(iso) ? iso : `${iso}Z`);
}

const namesOffset = (instant: string) => /(Z|[+-]\d\d:?\d\d)$/i.test(instant);
