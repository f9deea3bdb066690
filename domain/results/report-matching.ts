/** Whether a report belongs to the order whose placer order number it carries (F5). */

import type { Order } from '../orders/order.ts';
import type { LabReport } from './lab-report.ts';

/** Why a report cannot be given to a journey, in the words of match review. */
export type MatchDecision =
  | 'no_match'
  | 'wrong_lab'
  | 'match_sample_id'
  | 'match_sample_id_mismatch_demo'
  | 'match_cancelled'
  | 'match_completed'
  | 'wrong_collection';

/** What makes a report doubtful that carries the order's number: for the person who decides about it. */
export const DOUBTS = {
  another_name: 'it names a different patient',
  another_birth_date: 'it has a different birth date',
  no_birth_date: 'it has no birth date',
  another_sex: 'the sex contradicts the order',
  reported_in_the_future: 'its report time is more than a day after it was received',
  too_long_for_its_result: 'with the other reports on its order, it is more than one result can hold',
  too_many_for_its_order: 'its order has as many reports as it may have',
} as const;
export type Doubt = keyof typeof DOUBTS;

/** Whom a report is about, as the laboratory says. */
export type ReportedPatient = LabReport['patient'];

export interface Mismatch {
  decision: MatchDecision;
  doubts: Doubt[];
}

/** How much later than its receipt a report may say that it was made, in milliseconds: clocks differ, by a day at most. */
export const CLOCKS_DIFFER = 24 * 60 * 60 * 1000;

/**
 * The reason why the report is not this order's, or has to be looked at by a person first; null when it is.
 * @param order The order with the report's placer order number, if there is one.
 * @param received_at When the report came.
 * @param approved Patients of reports that a person has found to be this order's.
 */
export function mismatch(
  report: LabReport,
  order: Order | null,
  received_at: Date,
  approved: readonly ReportedPatient[] = [],
): Mismatch | null {
  if (!order) return { decision: 'no_match', doubts: [] };
  if (order.lab_slug !== report.lab_slug) return { decision: 'wrong_lab', doubts: [] };
  const aboutPatient = approved.some((known) => isSame(known, report.patient))
    ? []
    : doubtsAbout(report.patient, order);
  const isOfTheFuture = Date.parse(report.reported_at) - received_at.getTime() > CLOCKS_DIFFER;
  const doubts: Doubt[] = [...aboutPatient, ...(isOfTheFuture ? (['reported_in_the_future'] as const) : [])];
  if (doubts.length === 0) return null;
  return { decision: aboutPatient.length > 0 ? 'match_sample_id_mismatch_demo' : 'match_sample_id', doubts };
}

/** What speaks against the report's patient being the order's. */
function doubtsAbout(reported: ReportedPatient, { patient }: Order): Doubt[] {
  const isNamesake =
    letters(patient.last_name) === letters(reported.last_name) &&
    letters(patient.first_name) === letters(reported.first_name);
  return [
    ...(isNamesake ? [] : (['another_name'] as const)),
    ...(reported.dob === null ? (['no_birth_date'] as const) : []),
    ...(reported.dob !== null && reported.dob !== patient.dob ? (['another_birth_date'] as const) : []),
    ...(contradict(patient.gender, reported.gender) ? (['another_sex'] as const) : []),
  ];
}

/** Only male and female contradict each other: labs and patients have many words for the rest. */
const contradict = (one: string | null, other: string | null) =>
  (one === 'male' && other === 'female') || (one === 'female' && other === 'male');

const isSame = (one: ReportedPatient, other: ReportedPatient) =>
  letters(one.last_name) === letters(other.last_name) &&
  letters(one.first_name) === letters(other.first_name) &&
  one.dob === other.dob &&
  one.gender === other.gender;

/** A name as labs compare them: letters and digits only, accents and case aside. */
const letters = (name: string) =>
  name
    .normalize('NFD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase();
