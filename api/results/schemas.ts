/** Results as callers read them (contract §2.4). */
import { z } from 'zod';
import { FAILURE_TYPES } from '../../domain/results/lab-report.ts';
import { instant, uuid } from '../../wire/fields.ts';
import { clientFacingOrderTransaction } from '../../wire/order-shapes.ts';
import { addressShape } from '../../wire/person-shapes.ts';

/** Which of the PDFs of an order's results is asked for. */
export const resultPdfQuery = z.object({
  source: z
    .enum(['venule', 'lab'])
    .optional()
    .meta({ description: '`lab` for the newest PDF that the laboratory sent; otherwise Venule’s own report.' }),
});

/** The path of a laboratory's document. */
export const labDocumentPath = z.object({
  order_id: uuid,
  document_id: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .meta({ description: 'SHA-256 of the document, from the list.' }),
});

/** The documents that the laboratory sent with its reports. */
export const labDocumentList = z
  .object({
    documents: z
      .array(
        z.object({
          id: z.string().meta({ description: 'SHA-256 of the document.' }),
          name: z.string().meta({ description: 'What the laboratory calls it.', example: 'Clinical PDF Report' }),
          content_type: z.string().meta({
            description: '`application/pdf` only if it was sent as a PDF and is one.',
            example: 'application/pdf',
          }),
          bytes: z.int().meta({ description: 'Length in bytes.' }),
          status: z
            .enum(['preliminary', 'final', 'corrected', 'withdrawn'])
            .meta({ description: '`withdrawn` if the laboratory took it back.' }),
          received_at: instant.meta({ description: 'When it arrived.' }),
        }),
      )
      .meta({ description: 'Newest first.' }),
  })
  .meta({ id: 'LabDocuments' });

const parentBiomarker = z
  .object({ marker_id: z.int(), name: z.string(), slug: z.string(), provider_id: z.string().nullable() })
  .meta({ id: 'ParentBiomarkerData' });

const biomarkerResult = z
  .object({
    name: z.string(),
    slug: z.string(),
    result: z.string(),
    type: z.enum(['numeric', 'range', 'comment', 'coded_value']),
    value: z.number().meta({ deprecated: true }),
    unit: z.string().nullable(),
    timestamp: instant.nullable(),
    notes: z.string().nullable(),
    reference_range: z.string().nullable(),
    min_range_value: z.number().nullable(),
    max_range_value: z.number().nullable(),
    is_above_max_range: z.boolean(),
    is_below_min_range: z.boolean(),
    interpretation: z.string(),
    source_interpretation: z.string(),
    loinc: z.string().nullable(),
    loinc_slug: z.string().nullable(),
    provider_id: z.string().nullable(),
    source_markers: z
      .array(parentBiomarker)
      .nullable()
      .meta({ description: 'Null for a result that was not ordered.' }),
    performing_laboratory: z.string().nullable(),
    source_sample_id: z.string().nullable(),
  })
  .meta({ id: 'BiomarkerResult' });

const missingBiomarkerResult = z
  .object({
    name: z.string(),
    slug: z.string(),
    inferred_failure_type: z.enum(FAILURE_TYPES),
    note: z.string().nullable(),
    loinc: z.string().nullable(),
    loinc_slug: z.string().nullable(),
    provider_id: z.string().nullable(),
    source_markers: z.array(parentBiomarker),
  })
  .meta({ id: 'MissingBiomarkerResult' });

const zonedTimestamp = z
  .object({ timestamp: instant, timezone_offset: z.int() })
  .meta({ id: 'UtcTimestampWithTimezoneOffset' })
  .nullable();

const sampleData = z
  .object({
    sample_id: z.string().nullable(),
    control_number: z.string().nullable(),
    date_collected: zonedTimestamp,
    date_received: zonedTimestamp,
    date_reported: zonedTimestamp,
    performing_laboratories: z.record(
      z.string(),
      z
        .object({
          name: z.string(),
          phone_number: z.string().nullable(),
          medical_director: z.string().nullable(),
          address: z.object(addressShape).nullable(),
        })
        .meta({ id: 'PerformingLaboratory' }),
    ),
    clinical_information: z.object({
      fasting: z.boolean(),
      notes: z.string().nullable(),
      information: z.string().nullable(),
      total_volume: z.string().nullable(),
    }),
  })
  .meta({ id: 'SampleData' });

export const labResultsMetadata = z
  .object({
    age: z.string(),
    dob: z.string(),
    'clia_#': z.string().nullable(),
    clia_number: z.string().nullable(),
    patient: z.string(),
    provider: z.string().nullable(),
    laboratory: z.string().nullable(),
    date_reported: z.string().meta({ deprecated: true }),
    date_collected: z.string().nullable().meta({ deprecated: true }),
    specimen_number: z.string(),
    date_received: z.string().nullable().meta({ deprecated: true }),
    status: z.enum(['partial', 'final']),
    interpretation: z.string(),
    patient_id: z.string().nullable(),
    account_id: z.string().nullable(),
  })
  .meta({ id: 'LabResultsMetadata' });

export const labResultsRaw = z
  .object({
    metadata: labResultsMetadata,
    results: z.array(biomarkerResult),
    missing_results: z.array(missingBiomarkerResult),
    sample_information: z.record(z.string(), sampleData),
    order_transaction: clientFacingOrderTransaction,
  })
  .meta({ id: 'LabResultsRaw' });
