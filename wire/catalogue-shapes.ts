/** The catalogue as callers see it: laboratories, markers, lab tests, lab accounts (contract §5). */
import { z } from 'zod';
import { BILLING_TYPES, DELEGATED_FLOWS, LAB_ACCOUNT_STATUSES, SAMPLE_TYPES } from '../domain/catalogue/catalogue.ts';
import { COLLECTION_METHODS } from '../domain/orders/status.ts';
import { uuid } from './fields.ts';

export const clientFacingLab = z
  .object({
    id: z.int(),
    slug: z.string(),
    name: z.string(),
    first_line_address: z.string(),
    city: z.string(),
    zipcode: z.string(),
    collection_methods: z.array(z.enum(COLLECTION_METHODS)),
    sample_types: z.array(z.enum(SAMPLE_TYPES)),
    logo_url: z.string().nullable(),
  })
  .meta({ id: 'ClientFacingLab' });
export type ClientFacingLab = z.infer<typeof clientFacingLab>;

const question = z
  .object({
    id: z.int(),
    required: z.boolean(),
    code: z.string(),
    value: z.string(),
    type: z.enum(['choice', 'text', 'numeric', 'multi_choice']),
    sequence: z.int(),
    answers: z.array(z.object({ id: z.int(), code: z.string(), value: z.string() }).meta({ id: 'Answer' })),
    constraint: z.string().nullable(),
    default: z.string().nullable(),
  })
  .meta({ id: 'Question' });

export const clientFacingMarker = z
  .object({
    id: z.int(),
    name: z.string(),
    slug: z.string(),
    description: z.string().nullable(),
    lab_id: z.int().nullable(),
    provider_id: z.string().nullable(),
    type: z.enum(['biomarker', 'panel']).nullable(),
    unit: z.string().nullable(),
    price: z.string().nullable(),
    aoe: z
      .object({ questions: z.array(question) })
      .meta({ id: 'AoE' })
      .nullable(),
    a_la_carte_enabled: z.boolean(),
    common_tat_days: z.int().nullable(),
    worst_case_tat_days: z.int().nullable(),
    is_orderable: z.boolean(),
  })
  .meta({ id: 'ClientFacingMarker' });
export type ClientFacingMarker = z.infer<typeof clientFacingMarker>;

const clientFacingResult = z
  .object({
    id: z.int(),
    name: z.string(),
    slug: z.string(),
    lab_id: z.int().nullable(),
    provider_id: z.string().nullable(),
    required: z.boolean(),
    loinc: z
      .object({ id: z.int(), name: z.string(), slug: z.string(), code: z.string(), unit: z.string().nullable() })
      .meta({ id: 'ClientFacingLoinc' })
      .nullable(),
  })
  .meta({ id: 'ClientFacingResult' });

/** A marker with the results that it yields. */
export const clientFacingMarkerComplete = clientFacingMarker
  .extend({ expected_results: z.array(clientFacingResult) })
  .meta({ id: 'ClientFacingMarkerComplete' });
export type ClientFacingMarkerComplete = z.infer<typeof clientFacingMarkerComplete>;

export const clientFacingLabTest = z
  .object({
    id: uuid,
    slug: z.string(),
    name: z.string(),
    description: z.string(),
    sample_type: z.enum(SAMPLE_TYPES),
    method: z.enum(COLLECTION_METHODS),
    price: z.number(),
    is_active: z.boolean(),
    status: z.enum(['active', 'pending_approval', 'inactive']),
    fasting: z.boolean(),
    lab: clientFacingLab.nullable(),
    markers: z.array(clientFacingMarker),
    is_delegated: z.boolean().meta({ deprecated: true }),
    auto_generated: z.boolean(),
    has_collection_instructions: z.boolean(),
    common_tat_days: z.int().nullable(),
    worst_case_tat_days: z.int().nullable(),
  })
  .meta({ id: 'ClientFacingLabTest' });
export type ClientFacingLabTest = z.infer<typeof clientFacingLabTest>;

export const clientFacingLabAccount = z
  .object({
    id: uuid,
    lab: z.string(),
    org_id: z.string().nullable(),
    status: z.enum(LAB_ACCOUNT_STATUSES),
    delegated_flow: z.enum(DELEGATED_FLOWS),
    provider_account_id: z.string(),
    account_name: z.string().nullable(),
    default_clinical_notes: z.string().nullable(),
    business_units: z.array(z.string()),
    allowed_billing: z.partialRecord(z.enum(BILLING_TYPES), z.array(z.string())),
    team_id_allowlist: z.array(uuid),
  })
  .meta({ id: 'ClientFacingLabAccount' });
export type ClientFacingLabAccount = z.infer<typeof clientFacingLabAccount>;
