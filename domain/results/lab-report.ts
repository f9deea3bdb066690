/**
 * A laboratory's report in our own terms, whatever wire it came on. One inbound
 * message makes one `LabReport`; an order's result is the fold of its reports.
 */
import type { PostalAddress } from '../orders/order.ts';

export const FAILURE_TYPES = [
  'quantity_not_sufficient_failure',
  'collection_process_failure',
  'drop_off_failure',
  'internal_lab_failure',
  'order_entry_failure',
  'non_failure',
  'unknown_failure',
  'patient_condition_failure',
  'missing_result_calc_failure',
  'missing_demo_aoe_calc_failure',
  'insufficient_volume',
] as const;
/** Why a result is missing, as inferred from the lab's coded reason. */
export type FailureType = (typeof FAILURE_TYPES)[number];

export const INTERPRETATIONS = ['normal', 'abnormal', 'critical', 'unknown'] as const;
export type Interpretation = (typeof INTERPRETATIONS)[number];

/** Status of a result or of an ordered test: OBX-11 / OBR-25 in HL7. A value that the lab takes back is `withdrawn`. */
export type ReportedStatus = 'preliminary' | 'final' | 'corrected' | 'cancelled' | 'withdrawn';

/** One observation (OBX) with its status. */
export interface Observation {
  /** LOINC code of the result. */
  loinc: string | null;
  /** The lab's own result code. */
  provider_id: string | null;
  /** A result of this code, or a test of it, brought it about, as the laboratory says of this result. Absent in all others. */
  reflex_of?: string;
  /** What tells it from others of the same code (OBX-4); absent where the lab gives none. */
  sub_id?: string;
  name: string;
  status: ReportedStatus;
  /** Set when `status` is `cancelled` or `withdrawn`: why there is no value. */
  failure_type: FailureType | null;
  type: 'numeric' | 'range' | 'comment' | 'coded_value';
  /** The value as text, as the lab printed it; null when cancelled or withdrawn. */
  value: string | null;
  /** The value says that there is none, and nothing says why: a person has to look at it. Absent in all others. */
  is_unexplained?: true;
  unit: string | null;
  /** As printed by the lab, for example `70-99`, `<5.7`. */
  reference_range: string | null;
  interpretation: Interpretation;
  /** OBX-8 as sent (`H`, `LL`, `A` …). */
  source_interpretation: string;
  /** Notes (NTE) under the observation, joined by line breaks. */
  notes: string | null;
  /** ISO instant of the observation. */
  observed_at: string | null;
  /** Name of the performing laboratory (OBX-23), a key of `performing_laboratories`. */
  performing_laboratory: string | null;
}

/** A specimen that a test was done on. */
export interface Specimen {
  /** Specimen or accession number. */
  number: string | null;
  /** ISO instants. */
  collected_at: string | null;
  received_at: string | null;
}

/** One ordered test in a report (OBR) with its observations. */
export interface ReportedTest {
  /** The lab's test code (OBR-4.1); matches `OrderedMarker.provider_id`. */
  provider_id: string;
  name: string;
  status: ReportedStatus;
  /** Nobody ordered it: a result of this code (OBR-26) brought it about. Absent in all others. */
  reflex_of?: string;
  /** The lab did not say what its status is: it is preliminary until its results are final. Absent in all others. */
  is_status_unclear?: true;
  observations: Observation[];
  /** What it was done on, at least one; a test that names none was done on the report's. */
  specimens: Specimen[];
  /** Why results that the test lacks are missing, as far as the lab said so of the whole specimen. */
  failure_type: FailureType | null;
  /** Notes about the test as a whole. */
  notes: string | null;
}

/** A document that came with a report: the laboratory's own PDF, a picture. Its content is kept beside the report. */
export interface ReportedDocument {
  /** The lab's code of what it is (OBX-3.1); a later one of that code may take it back. */
  code: string | null;
  /** What the lab calls it. */
  name: string;
  status: 'preliminary' | 'final' | 'corrected' | 'withdrawn';
  /** SHA-256 of its content, hex; null where there is none, as of one that is taken back. */
  hash: string | null;
  /** `application/pdf` only where it is said to be one and begins like one; null without a content. */
  media_type: string | null;
  /** Of its content. */
  bytes: number;
}

export interface PerformingLaboratory {
  name: string;
  phone_number: string | null;
  medical_director: string | null;
  address: PostalAddress | null;
}

/** A report about one order (one ORU^R01 may hold several). */
export interface LabReport {
  lab_slug: string;
  placer_order_number: string | null;
  filler_order_number: string | null;
  /** The id of an order of ours, where a reference in the report (FHIR) names one. Absent in all others. */
  order_id?: string;
  /** It has no number of ours, and all of its tests have this filler order number, by which its order may be found. Absent in all others. */
  is_known_by_filler?: true;
  /** MSH-10 of the message that carried it. */
  control_id: string;
  patient: { first_name: string; last_name: string; dob: string | null; gender: string | null };
  /** Of the first specimen. */
  specimen_number: string | null;
  collected_at: string | null;
  received_at: string | null;
  reported_at: string;
  fasting: boolean | null;
  clinical_information: string | null;
  total_volume: string | null;
  account_number: string | null;
  ordering_provider: string | null;
  performing_laboratories: Record<string, PerformingLaboratory & { clia_number: string | null }>;
  tests: ReportedTest[];
  /** Absent where none came with it. */
  documents?: ReportedDocument[];
  /** What in the message was not as it should be, and what was made of it; never a value. Absent where nothing was. */
  remarks?: string[];
}

/** Whether the lab corrects with this report something that it said before (OBR-25 or OBX-11 `C`), or takes it back. */
export function isCorrection({ tests }: LabReport): boolean {
  const corrects = (status: ReportedStatus) => status === 'corrected' || status === 'withdrawn';
  return tests.some((test) => corrects(test.status) || test.observations.some(({ status }) => corrects(status)));
}
