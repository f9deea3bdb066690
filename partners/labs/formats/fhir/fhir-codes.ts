/** Codes, people, places, and times as FHIR has them, in our own terms. */
import { DateTime } from 'luxon';
import type { LabProfile } from '../../../../domain/catalogue/lab-profile.ts';
import type { FailureType, LabReport, PerformingLaboratory } from '../../../../domain/results/lab-report.ts';
import { failureOf } from '../hl7v2/reports/missing-reasons.ts';
import type { FhirElement, Remarks } from './fhir-element.ts';

const LOINC = ['http://loinc.org', 'https://loinc.org', 'urn:oid:2.16.840.1.113883.6.1'];
/** Neither LOINC nor the laboratory's own. */
const OTHERS = ['http://snomed.info/sct', 'urn:oid:2.16.840.1.113883.6.96', 'urn:venule:result', 'urn:venule:lab-test'];

/** The codes and the name of a test or a result. */
export function codesOf(concept: FhirElement | undefined) {
  const codings = concept?.all('coding') ?? [];
  const loinc = codings.find((one) => LOINC.includes(one.text('system')) && one.text('code'));
  const local = codings.find((one) => ![...LOINC, ...OTHERS].includes(one.text('system')) && one.text('code'));
  const names = [concept?.text('text'), ...[loinc, local, ...codings].map((one) => one?.text('display'))];
  const [loincCode, localCode] = [loinc?.text('code') || null, local?.text('code') || null];
  return { loinc: loincCode, local: localCode, name: names.find(Boolean) || (localCode ?? loincCode ?? '') };
}

/** A concept as people read it. */
export function wordsOf(concept: FhirElement): string {
  const codings = concept.all('coding').map((one) => one.text('display') || one.text('code'));
  return concept.text('text') || [...new Set(codings)].filter(Boolean).join(', ');
}

/** Why there is no result. */
export interface AbsentReason {
  failure_type: FailureType;
  text: string;
}

const OUR_REASONS = 'urn:venule:failure-type';
/** Of FHIR's own reasons, those that say more than that there is none. */
const FHIR_REASONS: Readonly<Record<string, FailureType>> = {
  error: 'internal_lab_failure',
  'not-applicable': 'non_failure',
};

/** A reason as a code of ours, of HL7, of the laboratory, or of FHIR, whichever says most; undefined where there is none. */
export function absentReason(concept: FhirElement | undefined, { reasons }: LabProfile): AbsentReason | undefined {
  if (!concept) return undefined;
  const codings = concept.all('coding');
  const known = codings.map((one) => {
    const code = one.text('code');
    if (one.text('system') === OUR_REASONS) return code as FailureType;
    const failure = failureOf(code, reasons);
    return failure === 'unknown_failure' && Object.hasOwn(FHIR_REASONS, code)
      ? (FHIR_REASONS[code] as FailureType)
      : failure;
  });
  return {
    failure_type: known.find((one) => one !== 'unknown_failure') ?? 'unknown_failure',
    text: wordsOf(concept),
  };
}

const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}(:\d{2}(:\d{2}(\.\d{1,20})?)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * The instant of a date and time as ISO in UTC; a day without a time, or a time without a zone, is the laboratory's. Null
 * where there is none, or none that can be told, which is among the remarks.
 */
export function instantIn(
  element: FhirElement | undefined,
  name: string,
  zone: string,
  remarks: Remarks,
): string | null {
  const text = element?.text(name) ?? '';
  if (!element || text === '') return null;
  const read = INSTANT.test(text) ? DateTime.fromISO(text, { zone }).toUTC() : undefined;
  if (read?.isValid) return read.toISO();
  remarks.add(element, name, 'this is not a date and time with at least a day: it is left out');
  return null;
}

/** `effective[x]` or `collected[x]`: an instant, or when a period begins. */
export function instantOf(
  element: FhirElement | undefined,
  name: string,
  zone: string,
  remarks: Remarks,
): string | null {
  if (!element) return null;
  return (
    instantIn(element, `${name}DateTime`, zone, remarks) ??
    instantIn(element, `${name}Instant`, zone, remarks) ??
    instantIn(element.one(`${name}Period`), 'start', zone, remarks)
  );
}

/** `Given Family`, or as it is written. */
export function personName(name: FhirElement | undefined): string {
  return name
    ? [name.texts('given').join(' '), name.text('family')].filter(Boolean).join(' ') || name.text('text')
    : '';
}

const GENDERS = ['female', 'male', 'other', 'unknown'];

export function patientIn(
  patient: FhirElement | undefined,
  report: FhirElement,
  remarks: Remarks,
): LabReport['patient'] {
  if (!patient) {
    remarks.add(report, 'subject', 'this leads to no Patient in the message: nobody knows whose it is');
    return { first_name: '', last_name: '', dob: null, gender: null };
  }
  const names = patient.all('name');
  const name = names.find((one) => one.text('use') === 'official') ?? names[0];
  const [first_name = '', last_name = ''] = namesIn(name, remarks);
  const birth = patient.text('birthDate');
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(birth) && DateTime.fromISO(birth).isValid;
  if (birth !== '' && !isDay) remarks.add(patient, 'birthDate', 'this is not a date (YYYY-MM-DD): it is left out');
  const gender = patient.text('gender').toLowerCase();
  return {
    first_name,
    last_name,
    dob: isDay ? birth : null,
    gender: gender === '' ? null : GENDERS.includes(gender) ? gender : 'unknown',
  };
}

/** First and last name. One that is only written out ends with the last name. */
function namesIn(name: FhirElement | undefined, remarks: Remarks): string[] {
  if (!name) return [];
  const [given = ''] = name.texts('given');
  const family = name.text('family');
  if (given || family) return [given, family];
  const words = name.text('text').split(/\s+/);
  remarks.add(name, 'text', 'the name is not divided: its last word is taken for the last name');
  return [words.slice(0, -1).join(' '), words.at(-1) ?? ''];
}

const CLIA_NUMBER = /^\d{2}D\d{7}$/;

/** A laboratory that made a result, from its Organization or from how a reference names it. */
export function laboratoryIn(organization: FhirElement): PerformingLaboratory & { clia_number: string | null } {
  const [address] = organization.all('address');
  const numbers = organization.all('identifier').map((one) => one.text('value'));
  const director = organization
    .all('contact')
    .map((one) => personName(one.one('name')) || one.one('name')?.text('text'));
  const phone = organization.all('telecom').find((one) => one.text('system') === 'phone');
  const [first_line = '', second_line = ''] = address?.texts('line') ?? [];
  return {
    name: organization.text('name') || organization.text('display'),
    phone_number: phone?.text('value') || null,
    medical_director: director.find(Boolean) || null,
    address:
      address && first_line
        ? {
            first_line,
            second_line: second_line || null,
            city: address.text('city'),
            state: address.text('state'),
            zip: address.text('postalCode'),
            country: address.text('country'),
          }
        : null,
    clia_number: numbers.find((number) => CLIA_NUMBER.test(number)) ?? null,
  };
}
