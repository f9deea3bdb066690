/** Whether a report belongs to the order whose placer order number it carries (F5). */
import type { LabReport } from './lab-report.ts';
import type { Order } from './order.ts';

/** Why a report cannot be given to a journey, in the words of match review. */
export type MatchDecision =
  | 'no_match'
  | 'wrong_lab'
  | 'match_sample_id_mismatch_demo'
  | 'match_cancelled'
  | 'match_completed'
  | 'wrong_collection';

/**
 * The reason why the report is not this order's, or null when it is.
 * @param order The order with the report's placer order number, if there is one.
 */
export function mismatch(report: LabReport, order: Order | null): MatchDecision | null {
  if (!order) return 'no_match';
  if (order.lab_slug !== report.lab_slug) return 'wrong_lab';
  const { patient } = order;
  const samePerson =
    letters(patient.last_name) === letters(report.patient.last_name) &&
    letters(patient.first_name) === letters(report.patient.first_name) &&
    (report.patient.dob === null || report.patient.dob === patient.dob);
  return samePerson ? null : 'match_sample_id_mismatch_demo';
}

/** A name as labs compare them: letters and digits only, accents and case aside. */
const letters = (name: string) =>
  name
    .normalize('NFD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase();
