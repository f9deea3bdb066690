/** An order or its cancellation as ORM^O01 or OML^O21: docs/hl7.md, "Orders". */
import type { Hl7Segment } from '@medplum/core';
import type { AoeQuestion, Marker } from '../../../../domain/catalogue/catalogue.ts';
import { FASTING_REQUIRED } from '../../../../domain/messages/fasting.ts';
import type {
  Order,
  OrderInsurance,
  PatientDetails,
  Physician,
  PostalAddress,
} from '../../../../domain/orders/order.ts';
import type { LabOrderMessage, OrderPurpose } from '../../laboratory-adapter.ts';
import { controlIdOf, type WrittenField, writeMessage, writeSegment } from './hl7-message.ts';
import { hl7Date, hl7Timestamp } from './hl7-time.ts';

const STRUCTURES = { 'ORM^O01': ['ORM', 'O01', 'ORM_O01'], 'OML^O21': ['OML', 'O21', 'OML_O21'] } as const;
const SEXES = { female: 'F', male: 'M', other: 'O', unknown: 'U' } as const;
const RELATIONSHIPS = { Self: ['SEL', 'Self'], Spouse: ['SPO', 'Spouse'], Other: ['OTH', 'Other'] } as const;

const RACES: Readonly<Record<string, WrittenField>> = {
  african_american_or_black: ['2054-5', 'Black or African American', 'HL70005'],
  asian: ['2028-9', 'Asian', 'HL70005'],
  indigenous_native_american_alaska_native: ['1002-5', 'American Indian or Alaska Native', 'HL70005'],
  pacific_islander_or_hawaiian: ['2076-8', 'Native Hawaiian or Other Pacific Islander', 'HL70005'],
  white_caucasian: ['2106-3', 'White', 'HL70005'],
  other: ['2131-1', 'Other Race', 'HL70005'],
};

const ETHNICITIES: Readonly<Record<string, WrittenField>> = {
  hispanic: ['H', 'Hispanic or Latino', 'HL70189'],
  non_hispanic: ['N', 'Not Hispanic or Latino', 'HL70189'],
  ashkenazi_jewish: ['ashkenazi_jewish', 'Ashkenazi Jewish', 'L'],
  other: ['U', 'Unknown', 'HL70189'],
};

/** MSH-10 of an order's message: one for each purpose, however often it is sent (F4). */
export function orderControlId(orderId: string, purpose: OrderPurpose): string {
  return controlIdOf(`${orderId}:${purpose}`);
}

/**
 * The text of an order message, in the structure that the laboratory's catalogue entry asks for. The
 * same input gives the same bytes. A cancellation names the patient and the tests and leaves out
 * insurance, diagnoses, answers and notes. Throws when `markers` lacks a marker of the order, or a
 * marker lacks a question that was answered.
 */
export function orderMessage({
  order,
  laboratory,
  account,
  markers,
  profile,
  purpose,
  sentAt,
  is_test = false,
}: LabOrderMessage & { purpose: OrderPurpose }): string {
  const structure = laboratory.hl7.order_message;
  const isNew = purpose === 'NW';
  const ordered = order.markers.map(({ marker_id }) => markerOf(markers, marker_id));

  const header = writeSegment('MSH', {
    3: 'VENULE',
    4: account.provider_account_id,
    5: laboratory.hl7.application,
    6: laboratory.hl7.facility,
    7: hl7Timestamp(sentAt),
    9: STRUCTURES[structure],
    10: orderControlId(order.id, purpose),
    11: is_test ? 'T' : 'P',
    12: '2.5.1',
    18: 'UNICODE UTF-8',
  });
  const visit = writeSegment('PV1', { 1: '1', 2: 'O', 7: clinician(order.physician) });
  const control = writeSegment('ORC', {
    1: purpose,
    2: order.placer_order_number,
    9: hl7Timestamp(sentAt),
    12: clinician(order.physician),
  });

  const orderTime = profile.order_time === 'sending' ? hl7Timestamp(sentAt) : '';
  const requests = ordered.flatMap((marker, index) => [
    control,
    observationRequest(order, marker, index + 1, orderTime),
    ...(isNew && index === 0 ? notes(order.clinical_notes) : []),
    // A test without its diagnoses is not paid for.
    ...(isNew ? [...diagnoses(order), ...answers(order, marker)] : []),
  ]);
  const insured = isNew && order.billing_type === 'commercial_insurance' && order.insurance;
  return writeMessage([
    header,
    patient(order, account.provider_account_id),
    visit,
    ...(insured ? [insurance(insured)] : []),
    ...requests,
  ]);
}

function patient({ user_id, patient, address }: Order, accountNumber: string): Hl7Segment {
  return writeSegment('PID', {
    1: '1',
    3: [user_id, '', '', 'VENULE', 'PI'],
    5: [patient.last_name, patient.first_name],
    7: hl7Date(patient.dob),
    8: SEXES[patient.gender],
    10: coded(RACES, patient.race),
    11: [...postal(address), 'H'],
    13: reachedAt(patient),
    18: accountNumber,
    22: coded(ETHNICITIES, patient.ethnicity),
  });
}

function insurance(insurance: OrderInsurance): Hl7Segment {
  const { insured } = insurance;
  return writeSegment('IN1', {
    1: '1',
    2: [insurance.payor_code, insurance.payor_name],
    3: insurance.payor_code,
    4: insurance.payor_name,
    5: postal(insurance.payor_address),
    8: insurance.group_id ?? '',
    16: [insured.last_name, insured.first_name],
    17: [...RELATIONSHIPS[insurance.relationship], 'HL70063'],
    18: hl7Date(insured.dob),
    19: postal(insured.address),
    36: insurance.member_id,
  });
}

function observationRequest(order: Order, marker: Marker, setId: number, orderTime: string): Hl7Segment {
  return writeSegment('OBR', {
    1: String(setId),
    2: order.placer_order_number,
    4: [marker.provider_id, marker.name, 'L'],
    5: order.priority ? 'S' : 'R',
    6: hl7Timestamp(order.activate_at ?? order.created_at),
    7: orderTime,
    13: marker.fasting ? FASTING_REQUIRED : '',
    16: clinician(order.physician),
  });
}

function notes(text: string | null): Hl7Segment[] {
  return (text ?? '')
    .split(/\r\n|\r|\n/)
    .filter((line) => line.trim() !== '')
    .map((line, index) => writeSegment('NTE', { 1: String(index + 1), 2: 'P', 3: line }));
}

function diagnoses(order: Order): Hl7Segment[] {
  return order.icd_codes.map((code, index) =>
    writeSegment('DG1', { 1: String(index + 1), 3: [code, '', 'I10'], 6: 'W' }),
  );
}

function answers(order: Order, marker: Marker): Hl7Segment[] {
  return order.aoe_answers
    .filter((answer) => answer.marker_id === marker.id)
    .map(({ question_id, answer }, index) => {
      const question = marker.aoe.questions.find((candidate) => candidate.id === question_id);
      if (!question) throw new Error(`Marker ${marker.id} has no question ${question_id}, yet the order answers it`);
      return writeSegment('OBX', {
        1: String(index + 1),
        2: ANSWER_TYPES[question.type],
        3: [question.code, question.value, 'L'],
        5: answerValue(question, answer),
        11: 'F',
      });
    });
}

const ANSWER_TYPES = { choice: 'CE', multi_choice: 'CE', text: 'ST', numeric: 'NM' } as const;

/** A choice with its words; the choices of a multiple one, given as one text with commas, repeat. */
function answerValue(question: AoeQuestion, answer: string): WrittenField {
  if (question.type === 'text' || question.type === 'numeric') return answer;
  const choice = (code: string) => question.answers.find((candidate) => candidate.code === code);
  const codes = question.type === 'choice' || choice(answer) ? [answer] : answer.split(',').map((code) => code.trim());
  return codes.map((code) => [code, choice(code)?.value ?? '', 'L']);
}

function markerOf(markers: readonly Marker[], id: number): Marker {
  const marker = markers.find((candidate) => candidate.id === id);
  if (!marker) throw new Error(`The order message needs marker ${id}, and its catalog entry was not given`);
  return marker;
}

function clinician(physician: Physician | null): WrittenField {
  if (!physician) return '';
  return [physician.npi, physician.last_name, physician.first_name, '', '', '', '', '', 'NPI'];
}

function postal(address: PostalAddress): string[] {
  return [address.first_line, address.second_line ?? '', address.city, address.state, address.zip, address.country];
}

function reachedAt({ phone_number, email }: PatientDetails): WrittenField {
  return [
    [phone_number, 'PRN', 'PH'],
    ['', 'NET', 'Internet', email],
  ];
}

function coded(table: Readonly<Record<string, WrittenField>>, value: string | null): WrittenField {
  if (value === null) return '';
  return table[value] ?? ['', value];
}
