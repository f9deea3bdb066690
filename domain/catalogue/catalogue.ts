/** The catalogue: what a laboratory offers, what a marker yields, what a lab test bundles. */
import type { CollectionMethod } from '../orders/status.ts';
import type { LabProfile } from './lab-profile.ts';

export const SAMPLE_TYPES = ['dried_blood_spot', 'arm_collector', 'serum', 'saliva', 'urine', 'stool'] as const;
export type SampleType = (typeof SAMPLE_TYPES)[number];

/** A laboratory, with the facts that decide what it can do. */
export interface Laboratory {
  /** Small stable integer, `lab_id` on the wire. */
  id: number;
  slug: string;
  name: string;
  first_line_address: string;
  city: string;
  state: string;
  zipcode: string;
  /** Where a patient or caller can reach the lab. */
  phone: string;
  /** Where a patient finds a service center. */
  psc_locator_url: string;
  clia_number: string;
  medical_director: string;
  collection_methods: CollectionMethod[];
  sample_types: SampleType[];
  /** HL7 identity: MSH-5/6 of our orders, MSH-3/4 of the lab's results. */
  hl7: { application: string; facility: string; order_message: 'ORM^O01' | 'OML^O21' };
  /** What it writes differently, until an operator says otherwise; absent where that is nothing. */
  profile?: LabProfile;
}

/** One analyte that a marker yields: what a report carries and what can be missing. */
export interface ExpectedResult {
  id: number;
  name: string;
  slug: string;
  /** The lab's own result code (OBX-3.4 beside the LOINC). */
  provider_id: string;
  required: boolean;
  loinc: { id: number; code: string; name: string; slug: string; unit: string | null };
  /** Adult reference range in `loinc.unit`; null at an end that is open. Absent for text results. */
  reference_range?: { low: number | null; high: number | null };
  /** Critical (panic) limits, same unit. */
  critical_range?: { low: number | null; high: number | null };
}

export interface AoeAnswerChoice {
  id: number;
  code: string;
  value: string;
}

/** A question to be answered at order entry. */
export interface AoeQuestion {
  id: number;
  required: boolean;
  code: string;
  value: string;
  type: 'choice' | 'text' | 'numeric' | 'multi_choice';
  sequence: number;
  answers: AoeAnswerChoice[];
  constraint: string | null;
  default: string | null;
}

/** The orderable unit at one lab: a single biomarker or a panel. */
export interface Marker {
  id: number;
  lab_id: number;
  /** The lab's test code (OBR-4.1). */
  provider_id: string;
  name: string;
  slug: string;
  description: string;
  type: 'biomarker' | 'panel';
  unit: string | null;
  /** US dollars, two decimals, as text. */
  price: string;
  a_la_carte_enabled: boolean;
  is_orderable: boolean;
  is_active: boolean;
  common_tat_days: number | null;
  worst_case_tat_days: number | null;
  /** What the phlebotomist draws, for example `1 × SST (gold top), 5 mL`. */
  specimen: string;
  fasting: boolean;
  aoe: { questions: AoeQuestion[] };
  expected_results: ExpectedResult[];
}

/** A named bundle of markers at one lab, collected one way. */
export interface LabTest {
  id: string;
  /** Null for the catalogue that every team sees. */
  team_id: string | null;
  slug: string;
  name: string;
  description: string;
  lab_id: number;
  method: CollectionMethod;
  sample_type: SampleType;
  /** US dollars. */
  price: number;
  is_active: boolean;
  status: 'active' | 'pending_approval' | 'inactive';
  fasting: boolean;
  /** Made for one order from its add-on markers. */
  auto_generated: boolean;
  marker_ids: number[];
  /** Shown to the patient with the requisition. */
  collection_instructions: string | null;
  created_at: string;
  updated_at: string;
}

export const LAB_ACCOUNT_STATUSES = ['active', 'pending', 'suspended', 'ready_to_launch'] as const;
export const DELEGATED_FLOWS = ['order_delegated', 'result_delegated', 'fully_delegated', 'not_delegated'] as const;
export const BILLING_TYPES = [
  'client_bill',
  'commercial_insurance',
  'patient_bill_passthrough',
  'patient_bill',
] as const;
export type BillingType = (typeof BILLING_TYPES)[number];

/** The account a team (or the platform) has with a laboratory. */
export interface LabAccount {
  id: string;
  lab: string;
  org_id: string | null;
  status: (typeof LAB_ACCOUNT_STATUSES)[number];
  delegated_flow: (typeof DELEGATED_FLOWS)[number];
  /** The account number the lab knows us by. */
  provider_account_id: string;
  account_name: string | null;
  default_clinical_notes: string | null;
  business_units: string[];
  /** States in which each billing type is allowed. */
  allowed_billing: Partial<Record<BillingType, string[]>>;
  /** Teams it serves; empty means every team (the platform account). */
  team_id_allowlist: string[];
}
