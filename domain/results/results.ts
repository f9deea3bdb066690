/** The result of an order, as it is stored, served and printed; made by folding the lab's reports. */
import type { FailureType, Interpretation, PerformingLaboratory, ReportedStatus } from './lab-report.ts';

export interface ParentBiomarker {
  marker_id: number;
  name: string;
  slug: string;
  provider_id: string | null;
}

/** A reported result. */
export interface BiomarkerResult {
  name: string;
  slug: string;
  /** Always text, as the lab printed it. */
  result: string;
  type: 'numeric' | 'range' | 'comment' | 'coded_value';
  /** Deprecated float; −1 unless `type` is `numeric`. */
  value: number;
  unit: string | null;
  timestamp: string | null;
  notes: string | null;
  reference_range: string | null;
  min_range_value: number | null;
  max_range_value: number | null;
  is_above_max_range: boolean;
  is_below_min_range: boolean;
  interpretation: Interpretation;
  source_interpretation: string;
  loinc: string | null;
  loinc_slug: string | null;
  provider_id: string | null;
  /** Null for a result nobody asked for. */
  source_markers: ParentBiomarker[] | null;
  performing_laboratory: string | null;
  source_sample_id: string | null;
  /** How settled it is, for FHIR; callers of the API do not read it, and results from before it lack it. */
  reported_status?: ReportedStatus;
}

/** A result that was expected and is not there. */
export interface MissingBiomarkerResult {
  name: string;
  slug: string;
  inferred_failure_type: FailureType;
  note: string | null;
  loinc: string | null;
  loinc_slug: string | null;
  provider_id: string | null;
  source_markers: ParentBiomarker[];
}

/** An instant with the offset it was given in, in minutes. */
export interface ZonedTimestamp {
  timestamp: string;
  timezone_offset: number;
}

/** One specimen of an order. */
export interface SampleData {
  sample_id: string | null;
  control_number: string | null;
  date_collected: ZonedTimestamp | null;
  date_received: ZonedTimestamp | null;
  date_reported: ZonedTimestamp | null;
  performing_laboratories: Record<string, PerformingLaboratory>;
  clinical_information: {
    fasting: boolean;
    notes: string | null;
    information: string | null;
    total_volume: string | null;
  };
}

export interface ResultMetadata {
  age: string;
  dob: string;
  'clia_#': string | null;
  clia_number: string | null;
  patient: string;
  provider: string | null;
  laboratory: string | null;
  date_reported: string;
  date_collected: string | null;
  specimen_number: string;
  date_received: string | null;
  status: 'partial' | 'final';
  interpretation: Interpretation;
  patient_id: string | null;
  account_id: string | null;
}

/** An order's result at one version, or the combined result of a transaction (D10). */
export interface OrderResult {
  metadata: ResultMetadata;
  results: BiomarkerResult[];
  missing_results: MissingBiomarkerResult[];
  sample_information: Record<string, SampleData>;
}
