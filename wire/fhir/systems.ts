/** The systems that codes and identifiers in our FHIR resources belong to. */
import { createHash } from 'node:crypto';
import type { CodeableConcept, Coding, Identifier, Meta } from '@medplum/fhirtypes';

export const LOINC = 'http://loinc.org';
export const UCUM = 'http://unitsofmeasure.org';
export const SNOMED = 'http://snomed.info/sct';
export const ICD_10 = 'http://hl7.org/fhir/sid/icd-10-cm';
export const NPI = 'http://hl7.org/fhir/sid/us-npi';
export const CLIA = 'urn:oid:2.16.840.1.113883.4.7';
export const OBSERVATION_CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';
export const DIAGNOSTIC_SERVICE = 'http://terminology.hl7.org/CodeSystem/v2-0074';
export const INTERPRETATION = 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation';
export const ABSENT_REASON = 'http://terminology.hl7.org/CodeSystem/data-absent-reason';
const IDENTIFIER_TYPE = 'http://terminology.hl7.org/CodeSystem/v2-0203';
const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';

/** What Venule numbers itself; the same at every installation, as these numbers do not repeat. */
export const PLACER_ORDER_NUMBER = 'urn:venule:placer-order-number';
export const ORDER_TRANSACTION = 'urn:venule:order-transaction';
export const ORDER_STATUS = 'urn:venule:order-status';
export const CLIENT_USER_ID = 'urn:venule:client-user-id';
export const LAB_TEST = 'urn:venule:lab-test';
export const RESULT = 'urn:venule:result';
export const FAILURE_TYPE = 'urn:venule:failure-type';

/** A laboratory's own codes and numbers of a kind. */
export const ofLab = (slug: string, kind: 'test' | 'result' | 'order' | 'specimen') => `urn:venule:lab:${slug}:${kind}`;
/** The same of a provider of appointments. */
export const ofProvider = (provider: string) => `urn:venule:provider:${provider}:appointment`;

export const coding = (system: string, code: string, display?: string): Coding => ({
  system,
  code,
  ...(display && { display }),
});

/** Codes and words for one thing: at least one of them. */
export function concept(codings: readonly (Coding | null | undefined)[], text?: string | null): CodeableConcept {
  const known = codings.filter((one) => one !== null && one !== undefined);
  return { ...(known.length > 0 && { coding: known }), ...(text && { text }) };
}

/** An identifier of a type of HL7 table 0203. */
export function identifier(system: string, value: string, type?: 'PLAC' | 'FILL' | 'ACSN'): Identifier {
  return { ...(type && { type: { coding: [coding(IDENTIFIER_TYPE, type)] } }), system, value };
}

/** What is true of every resource about an order: when it last changed, and whether it is only a test (G5). */
export function metaOf(updated_at: Date, sandbox: boolean): Meta {
  return {
    lastUpdated: updated_at.toISOString(),
    ...(sandbox && { tag: [coding(ACT_REASON, 'HTEST', 'test health data')] }),
  };
}

/** The id of a part of an order: the same for the same part, however often the laboratory reports. */
export function partId(orderId: string, part: string): string {
  return `${orderId}.${createHash('sha256').update(part).digest('hex').slice(0, 16)}`;
}

/** The order that a resource belongs to, by the resource's id. */
export const orderIdIn = (resourceId: string): string => resourceId.split('.', 1)[0] ?? '';
