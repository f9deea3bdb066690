/** Why a result is missing, from the code a laboratory gives: docs/hl7.md, "Missing results". */
import type { FailureType } from '../../../../domain/results/lab-report.ts';

/** Reason codes (upper case) with the failure they stand for. */
export type ReasonTable = Readonly<Record<string, FailureType>>;

/** HL7 table 0490, specimen reject reasons, and the local codes of our profile. */
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

/** Codes that a laboratory uses beside the common ones, by its slug; they win over the common table. */
export const LOCAL_REASONS: Readonly<Record<string, ReasonTable>> = {
  labcorp: {
    QNS: 'quantity_not_sufficient_failure',
    HEM: 'collection_process_failure',
    CLT: 'collection_process_failure',
    NSR: 'drop_off_failure',
    LABACC: 'internal_lab_failure',
  },
  quest: {
    QNS: 'quantity_not_sufficient_failure',
    HEMO: 'collection_process_failure',
    CLOT: 'collection_process_failure',
    STAB: 'drop_off_failure',
    LA: 'internal_lab_failure',
  },
  bioreference: {
    QNS: 'quantity_not_sufficient_failure',
  },
};

/** The failure behind a reason code; `unknown_failure` for a code that no table has, or none. */
export function failureOf(code: string, local: ReasonTable): FailureType {
  const key = code.toUpperCase();
  if (Object.hasOwn(local, key)) return local[key] as FailureType;
  if (Object.hasOwn(SPECIMEN_REJECT_REASONS, key)) return SPECIMEN_REJECT_REASONS[key] as FailureType;
  return 'unknown_failure';
}
