/**
 * What must be true of an order before a laboratory hears of it (A2). The API asks before it accepts an order and
 * refuses it; the journey asks again before the requisition and cancels it, since the world may have changed (F3).
 */
import { ageOn } from '../calendar.ts';
import type { AoeQuestion, LabAccount, Laboratory, LabTest, Marker } from '../catalogue/catalogue.ts';
import { isIcd10Code, isNpi } from '../catalogue/clinical-codes.ts';
import { usState } from '../people/us-states.ts';
import type { Order } from './order.ts';
import { unansweredQuestions } from './order-entry-questions.ts';
import type { CollectionMethod } from './status.ts';

/** An order and what has to be known to judge it. */
export interface OrderFacts {
  order: Order;
  /** Undefined where the catalogue has none with that id. */
  labTest: LabTest | undefined;
  laboratory: Laboratory | undefined;
  labAccount: LabAccount | undefined;
  /** The ordered markers that the catalogue knows. */
  markers: readonly Marker[];
  minorOrderingEnabled: boolean;
  /** Today in the team's time zone. */
  today: string;
}

/** One rule: says what is wrong, in words for the caller; nothing when all is well. */
export type Check = (facts: OrderFacts) => string[];

const MAJORITY = 18;
/** In years. */
export const OLDEST_PATIENT = 130;
/** A physician signs for the order under these agreements with the lab. */
const PHYSICIAN_REQUIRED: readonly LabAccount['delegated_flow'][] = ['order_delegated', 'fully_delegated'];
/** A physician network signs for the order under this one, and needs the patient's word. */
const CONSENT_REQUIRED: readonly LabAccount['delegated_flow'][] = ['result_delegated'];

const when = (broken: boolean, message: string) => (broken ? [message] : []);

const patientIsPlausible: Check = ({ order: { patient }, today }) => [
  ...when(patient.first_name.trim() === '' || patient.last_name.trim() === '', 'The patient has no name'),
  ...when(patient.dob > today, 'The patient’s date of birth is in the future'),
  ...when(ageOn(patient.dob, today) > OLDEST_PATIENT, `The patient would be older than ${OLDEST_PATIENT} years`),
  ...when(!patient.email.includes('@'), 'The patient’s email address is incomplete'),
];

const minorsHaveAProxy: Check = ({ order: { patient }, minorOrderingEnabled, today }) => {
  if (patient.dob > today || ageOn(patient.dob, today) >= MAJORITY) return [];
  if (!minorOrderingEnabled) return ['Ordering for patients under 18 is not enabled for this team'];
  return when(!patient.medical_proxy, 'medical_proxy is required for a patient under 18');
};

const labTestIsActive: Check = ({ order, labTest }) => {
  if (!labTest) return [`Lab test ${order.lab_test_id} does not exist`];
  if (order.origin === 'redraw') return [];
  return when(!labTest.is_active || labTest.status !== 'active', `Lab test ${labTest.id} is not active`);
};

const markersAreOrderable: Check = ({ order, laboratory, markers }) => {
  if (order.markers.length === 0) return ['The order has no markers'];
  return order.markers.flatMap(({ marker_id }) => {
    const marker = markers.find((candidate) => candidate.id === marker_id);
    const offered = order.origin === 'redraw' || (marker?.is_active && marker.is_orderable);
    const orderable = offered && marker?.lab_id === laboratory?.id;
    return when(!orderable, `Marker ${marker_id} cannot be ordered at ${laboratory?.name ?? order.lab_slug}`);
  });
};

const laboratoryCollectsThatWay: Check = ({ order, laboratory }) => {
  if (!laboratory) return [`Laboratory ${order.lab_slug} does not exist`];
  const offered = laboratory.collection_methods.includes(order.collection_method);
  return when(!offered, `${laboratory.name} does not offer ${order.collection_method}`);
};

const labAccountMayBillThere: Check = ({ order, labAccount }) => {
  if (!labAccount) return [`Lab account ${order.lab_account_id} does not exist`];
  if (labAccount.lab !== order.lab_slug) return [`Lab account ${labAccount.id} is not an account at ${order.lab_slug}`];
  if (labAccount.status !== 'active') return [`Lab account ${labAccount.id} is not active`];
  const states = labAccount.allowed_billing[order.billing_type] ?? [];
  const state = usState(order.address.state);
  return when(
    !state || !states.includes(state),
    `The lab account may not bill ${order.billing_type} for patients in ${order.address.state}`,
  );
};

const insuranceIsComplete: Check = ({ order }) => {
  if (order.billing_type !== 'commercial_insurance') return [];
  return [
    ...when(order.icd_codes.length === 0, 'commercial_insurance requires at least one valid icd_code'),
    ...when(!order.insurance, 'commercial_insurance requires the patient’s primary insurance, and none is stored'),
  ];
};

const icdCodesAreValid: Check = ({ order }) =>
  order.icd_codes.filter((code) => !isIcd10Code(code)).map((code) => `"${code}" is not an ICD-10-CM code`);

const physicianIsNamed: Check = ({ order: { physician }, labAccount }) => {
  const needed = labAccount !== undefined && PHYSICIAN_REQUIRED.includes(labAccount.delegated_flow);
  if (!physician) return when(needed, `physician is required for a lab account that is ${labAccount?.delegated_flow}`);
  return when(!isNpi(physician.npi), 'The physician’s NPI is not valid: its check digit is wrong');
};

const patientConsented: Check = ({ order, labAccount }) => {
  const needed = labAccount !== undefined && CONSENT_REQUIRED.includes(labAccount.delegated_flow);
  return when(needed && order.consents.length === 0, 'consents are required when a physician network orders');
};

const questionsAreAnswered: Check = ({ order, markers }) => {
  if (order.origin === 'redraw') return [];
  const asked = markers.flatMap((marker) => marker.aoe.questions.map((question) => ({ marker, question })));
  const unanswered = markers.flatMap((marker) => unansweredQuestions(marker, order.aoe_answers));
  const missing = [...new Set(unanswered.map((question) => `"${question.value}"`))];
  const unfit = order.aoe_answers.flatMap(({ marker_id, question_id, answer }) => {
    const match = asked.find(({ marker, question }) => marker.id === marker_id && question.id === question_id);
    if (!match) return [`Marker ${marker_id} of this order has no question ${question_id}`];
    return when(!fits(match.question, answer), `"${answer}" does not answer "${match.question.value}"`);
  });
  return [...when(missing.length > 0, `Missing required questions - ${missing.join(', ')}`), ...unfit];
};

function fits(question: AoeQuestion, answer: string): boolean {
  const codes = question.answers.map(({ code }) => code);
  switch (question.type) {
    case 'choice':
      return codes.includes(answer);
    case 'multi_choice':
      return answer.split(',').every((code) => codes.includes(code.trim()));
    case 'numeric':
      return answer.trim() !== '' && Number.isFinite(Number(answer));
    case 'text':
      return answer.trim() !== '';
  }
}

/** Every check, in the order in which a caller hears of them. */
const CHECKS: readonly Check[] = [
  patientIsPlausible,
  minorsHaveAProxy,
  labTestIsActive,
  laboratoryCollectsThatWay,
  markersAreOrderable,
  labAccountMayBillThere,
  physicianIsNamed,
  patientConsented,
  insuranceIsComplete,
  icdCodesAreValid,
  questionsAreAnswered,
];

/** Answers to numeric questions: what can be measured of a person. */
const MEASURE = /^\d{1,6}(\.\d{1,4})?$/;
/** How far ahead an order can be placed, in days. */
const PLACED_AHEAD_DAYS = 731;

const answersAreSensible: Check = ({ order, markers }) => {
  const given = order.aoe_answers.map(({ marker_id, question_id }) => `${marker_id}:${question_id}`);
  const twice = order.aoe_answers.filter((_answer, place) => given.indexOf(given[place] as string) < place);
  const immeasurable = order.aoe_answers.filter(({ marker_id, question_id, answer }) => {
    const marker = markers.find(({ id }) => id === marker_id);
    const question = marker?.aoe.questions.find(({ id }) => id === question_id);
    return question?.type === 'numeric' && !MEASURE.test(answer.trim());
  });
  return [
    ...twice.map(({ marker_id, question_id }) => `Question ${question_id} of marker ${marker_id} is answered twice`),
    ...immeasurable.map(({ answer }) => `"${answer.slice(0, 40)}" is not a number from 0 to 999999`),
  ];
};

const isPlacedForAnAppointedTime: Check = ({ order: { activate_by }, today }) => {
  if (activate_by === null) return [];
  const latest = new Date(Date.parse(`${today}T00:00:00Z`) + PLACED_AHEAD_DAYS * 86_400_000).toISOString().slice(0, 10);
  return [
    ...when(activate_by < today, 'activate_by must be today or later'),
    ...when(activate_by > latest, `activate_by must be within ${PLACED_AHEAD_DAYS} days`),
  ];
};

/** Ways of collecting a specimen whose journeys Venule does not walk yet, in words. */
const NOT_YET: Partial<Record<CollectionMethod, string>> = {
  testkit: 'Test kits cannot be ordered yet: Venule cannot ship them',
};

/** Ways of collecting a specimen in which no order is accepted. */
export const NOT_COLLECTED_YET = Object.keys(NOT_YET) as CollectionMethod[];

const canBeCollected: Check = ({ order }) => {
  const reason = NOT_YET[order.collection_method];
  return reason === undefined ? [] : [reason];
};

/** What only a new order is asked: one that was accepted before a rule was made keeps its journey. */
const ASKED_AT_THE_DOOR: readonly Check[] = [canBeCollected, isPlacedForAnAppointedTime, answersAreSensible];

/** Everything for which an order is not accepted (A2, F3). */
export function refusals(facts: OrderFacts): string[] {
  return [...ASKED_AT_THE_DOOR, ...CHECKS].flatMap((check) => check(facts));
}

/** Everything that is wrong with the order; empty when the laboratory may hear of it (A2). */
export function failedChecks(facts: OrderFacts): string[] {
  return CHECKS.flatMap((check) => check(facts));
}
