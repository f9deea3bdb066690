/** A report as a Bundle of FHIR resources, by a hand that has read FHIR and not Venule. */
import type {
  Bundle,
  BundleEntry,
  CodeableConcept,
  DiagnosticReport,
  Observation as FhirObservation,
  Organization,
  Practitioner,
  Quantity,
  ServiceRequest,
} from '@medplum/fhirtypes';
import type { LabReport, Observation, ReportedTest } from '../../../domain/results/lab-report.ts';
import { REASON_CODES } from './any-report.ts';

const TYPES = 'http://terminology.hl7.org/CodeSystem/v2-0203';
const FLAGS = 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation';
const LAB = 'https://lab.example/codes';

/** A number that is written with these digits. */
class Digits {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  toJSON(): unknown {
    return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(this.#text);
  }
}

const typed = (code: string, value: string) => ({ type: { coding: [{ system: TYPES, code }] }, value });

const STATUSES = {
  preliminary: 'preliminary',
  final: 'final',
  corrected: 'corrected',
  cancelled: 'cancelled',
  withdrawn: 'entered-in-error',
} as const;

export function fhirBundle(report: LabReport): Bundle {
  const { patient, control_id, account_number, ordering_provider } = report;
  const request: ServiceRequest = {
    resourceType: 'ServiceRequest',
    id: 'order',
    identifier: [
      typed('PLAC', report.placer_order_number as string),
      typed('FILL', report.filler_order_number as string),
    ],
    status: 'active',
    intent: 'order',
    subject: { reference: 'urn:uuid:patient' },
    ...(ordering_provider && { requester: { reference: '#orderer' }, contained: [practitioner(ordering_provider)] }),
  };
  return {
    resourceType: 'Bundle',
    type: 'collection',
    identifier: { system: 'https://lab.example/messages', value: control_id },
    timestamp: report.reported_at,
    entry: [
      {
        fullUrl: 'urn:uuid:patient',
        resource: {
          resourceType: 'Patient',
          ...(account_number && { identifier: [typed('AN', account_number)] }),
          name: [{ family: patient.last_name, given: [patient.first_name] }],
          ...(patient.dob && { birthDate: patient.dob }),
          ...(patient.gender && { gender: patient.gender as 'female' }),
        },
      },
      { fullUrl: 'https://lab.example/ServiceRequest/order', resource: request },
      ...report.tests.flatMap((test, index) => testEntries(report, test, index)),
    ],
  };
}

function practitioner(name: string): Practitioner {
  const words = name.split(' ');
  return {
    resourceType: 'Practitioner',
    id: 'orderer',
    name: [{ family: words.at(-1) as string, given: [words.slice(0, -1).join(' ')] }],
  };
}

function testEntries(report: LabReport, test: ReportedTest, index: number): BundleEntry[] {
  const observations = test.observations.map(
    (one, number): BundleEntry => ({
      fullUrl: `urn:uuid:result-${index}-${number}`,
      resource: observationOf(report, one),
    }),
  );
  const { fasting, total_volume } = report;
  const [volume = '', unit = null] = total_volume?.split(' ') ?? [];
  const specimens = test.specimens.map((one, number): BundleEntry => {
    const collection = {
      ...(one.collected_at && { collectedDateTime: one.collected_at }),
      ...(fasting !== null && { fastingStatusCodeableConcept: { coding: [{ code: fasting ? 'F' : 'NF' }] } }),
      ...(volume && { quantity: quantity(volume, unit) }),
    };
    return {
      fullUrl: `urn:uuid:specimen-${index}-${number}`,
      resource: {
        resourceType: 'Specimen',
        identifier: [{ value: one.number as string }],
        ...(one.received_at && { receivedTime: one.received_at }),
        ...(Object.keys(collection).length > 0 && { collection }),
      },
    };
  });
  const summary: DiagnosticReport = {
    resourceType: 'DiagnosticReport',
    identifier: [typed('FILL', report.filler_order_number as string)],
    basedOn: [{ reference: 'ServiceRequest/order' }],
    status: STATUSES[test.status],
    code: { coding: [{ system: LAB, code: test.provider_id }], text: test.name },
    subject: { reference: 'urn:uuid:patient' },
    issued: report.reported_at,
    specimen: specimens.map(({ fullUrl }) => ({ reference: fullUrl as string })),
    result: observations.map(({ fullUrl }) => ({ reference: fullUrl as string })),
    ...(test.notes && { conclusion: test.notes }),
  };
  return [{ fullUrl: `urn:uuid:report-${index}`, resource: summary }, ...observations, ...specimens];
}

function observationOf(report: LabReport, one: Observation): FhirObservation {
  const { loinc, provider_id, name, source_interpretation, failure_type, performing_laboratory: site } = one;
  const laboratory = site === null ? undefined : report.performing_laboratories[site];
  const [reason = '', ...rest] = failure_type === null ? [] : (one.notes ?? '').split('\n');
  const notes = failure_type === null ? one.notes : rest.join('\n') || null;
  return {
    resourceType: 'Observation',
    ...(laboratory && { contained: [organizationOf(laboratory)], performer: [{ reference: '#site' }] }),
    ...(one.sub_id && {
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/observation-v2-subid', valueString: one.sub_id }],
    }),
    status: STATUSES[one.status],
    code: {
      coding: [
        ...(loinc ? [{ system: 'http://loinc.org', code: loinc }] : []),
        ...(provider_id ? [{ system: LAB, code: provider_id }] : []),
      ],
      text: name,
    },
    subject: { reference: 'urn:uuid:patient' },
    ...(one.observed_at && { effectiveDateTime: one.observed_at }),
    ...(failure_type === null
      ? valueIn(one)
      : { dataAbsentReason: { coding: [{ system: LAB, code: REASON_CODES[failure_type] }], text: reason } }),
    ...(source_interpretation && { interpretation: source_interpretation.split('~').map(flag) }),
    ...(notes && { note: [{ text: notes }] }),
    ...(one.reference_range && { referenceRange: [{ text: one.reference_range }] }),
  };
}

const flag = (code: string): CodeableConcept => ({ coding: [{ system: FLAGS, code }] });

function valueIn({ type, value, unit }: Observation): Partial<FhirObservation> {
  const text = value ?? '';
  if (type === 'numeric') return { valueQuantity: quantity(text, unit) };
  if (type === 'coded_value') return { valueCodeableConcept: { text } };
  if (type === 'comment') return { valueString: text };
  const [, comparator, bound = ''] = /^([<>]=?)(.*)$/.exec(text) ?? [];
  if (comparator) return { valueQuantity: { ...quantity(bound, unit), comparator: comparator as '<' } };
  const [low = '', high = ''] = text.split('-');
  return { valueRange: { low: quantity(low, unit), high: quantity(high, unit) } };
}

const quantity = (digits: string, unit: string | null): Quantity => ({
  value: new Digits(digits) as unknown as number,
  ...(unit && { unit }),
});

function organizationOf(site: LabReport['performing_laboratories'][string]): Organization {
  const { name, clia_number, address, medical_director } = site;
  return {
    resourceType: 'Organization',
    id: 'site',
    name,
    ...(clia_number && { identifier: [{ value: clia_number }] }),
    ...(address && {
      address: [
        {
          line: [address.first_line, ...(address.second_line ? [address.second_line] : [])],
          city: address.city,
          state: address.state,
          postalCode: address.zip,
          country: address.country,
        },
      ],
    }),
    ...(medical_director && { contact: [{ name: { text: medical_director } }] }),
  };
}
