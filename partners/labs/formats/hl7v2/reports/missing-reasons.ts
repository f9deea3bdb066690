/** Why a result is missing, from the code a laboratory gives: docs/hl7.md, "Missing results". */
import type { FailureType } from '../../../../../domain/results/lab-report.ts';

/** Reason codes (upper case) with the failure they stand for. */
type ReasonTable = Readonly<Record<string, FailureType>>;

/** HL7 table 0490, specimen reject reasons, and the local codes of docs/hl7.md. */
const SPECIMEN_REJECT_REASONS: ReasonTable = {
  QS: 'quantity_not_sufficient_failure',
  IV: 'insufficient_volume',
  RC: 'collection_process_failure',
  RH: 'collection_process_failure',
  RM: 'collection_process_failure',
  RB: 'collection_process_failure',
  RR: 'collection_process_failure',
  EX: 'drop_off_failure',
  DO: 'drop_off_failure',
  RN: 'internal_lab_failure',
  LE: 'internal_lab_failure',
  OE: 'order_entry_failure',
  RI: 'order_entry_failure',
  RS: 'order_entry_failure',
  PC: 'patient_condition_failure',
  NP: 'non_failure',
  CM: 'missing_result_calc_failure',
  CD: 'missing_demo_aoe_calc_failure',
  RD: 'missing_demo_aoe_calc_failure',
  RE: 'missing_demo_aoe_calc_failure',
};

/** The failure behind a reason code; `unknown_failure` for a code that no table has, or none. @param local The laboratory's own. */
export function failureOf(code: string, local: ReasonTable = {}): FailureType {
  const key = code.toUpperCase();
  if (Object.hasOwn(local, key)) return local[key] as FailureType;
  if (Object.hasOwn(SPECIMEN_REJECT_REASONS, key)) return SPECIMEN_REJECT_REASONS[key] as FailureType;
  return 'unknown_failure';
}
