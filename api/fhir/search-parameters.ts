/** What each resource can be searched by: read by the search, and told by the CapabilityStatement. */
import type {
  Appointment,
  CodeableConcept,
  DiagnosticReport,
  Identifier,
  Observation,
  Patient,
  Reference,
  Resource,
  ServiceRequest,
  Specimen,
} from '@medplum/fhirtypes';

export const RESOURCE_TYPES = [
  'ServiceRequest',
  'DiagnosticReport',
  'Observation',
  'Specimen',
  'Patient',
  'Appointment',
] as const;
export type ServedType = (typeof RESOURCE_TYPES)[number];

/** A code in its system, which some do not have. */
export interface Token {
  system?: string | undefined;
  code: string;
}

interface Described {
  name: string;
  /** Its canonical definition in FHIR R4. */
  definition: string;
  documentation: string;
}

/** A parameter, and what of a resource it looks at. */
export type SearchParameter = Described &
  (
    | { type: 'token'; of(resource: Resource): Token[] }
    | { type: 'reference'; target: ServedType; of(resource: Resource): string[] }
    | { type: 'date'; of(resource: Resource): string[] }
  );

const tokensOf = (concepts: readonly (CodeableConcept | undefined)[] = []): Token[] =>
  concepts.flatMap((concept) => concept?.coding ?? []).map(({ system, code = '' }) => ({ system, code }));
const numbersOf = (identifiers: readonly (Identifier | undefined)[] = []): Token[] =>
  identifiers.flatMap((one) => (one?.value ? [{ system: one.system, code: one.value }] : []));
const referencesOf = (references: readonly (Reference | undefined)[] = []): string[] =>
  references.flatMap((one) => one?.reference ?? []);
const present = (texts: readonly (string | undefined)[]) => texts.filter((text) => text !== undefined);

const define = (name: string, definition: string, documentation: string): Described => ({
  name,
  definition: `http://hl7.org/fhir/SearchParameter/${definition}`,
  documentation,
});
function token<R>(about: Described, of: (resource: R) => Token[]): SearchParameter {
  return { ...about, type: 'token', of: of as never };
}
function reference<R>(about: Described, target: ServedType, of: (resource: R) => string[]): SearchParameter {
  return { ...about, type: 'reference', target, of: of as never };
}
function date<R>(about: Described, of: (resource: R) => string[]): SearchParameter {
  return { ...about, type: 'date', of: of as never };
}

const OF_ALL: SearchParameter[] = [
  token<Resource>(define('_id', 'Resource-id', 'Its id; several with commas'), ({ id }) => [{ code: id ?? '' }]),
  date<Resource>(define('_lastUpdated', 'Resource-lastUpdated', 'When the order last changed'), ({ meta }) =>
    present([meta?.lastUpdated]),
  ),
];

type AboutPatient = ServiceRequest | DiagnosticReport | Observation | Specimen;
const subject = (patient: string, subjectOf: string): SearchParameter[] => {
  const of = (resource: AboutPatient) => referencesOf([resource.subject]);
  return [
    reference(define('patient', patient, 'Whom it is about'), 'Patient', of),
    reference(define('subject', subjectOf, 'The same'), 'Patient', of),
  ];
};

/** By resource. Whatever is not here is refused. */
export const SEARCH_PARAMETERS: Readonly<Record<ServedType, readonly SearchParameter[]>> = {
  ServiceRequest: [
    ...OF_ALL,
    ...subject('clinical-patient', 'ServiceRequest-subject'),
    token<ServiceRequest>(define('identifier', 'clinical-identifier', 'Placer or filler order number'), (one) =>
      numbersOf(one.identifier),
    ),
    token<ServiceRequest>(
      define('requisition', 'ServiceRequest-requisition', 'The order transaction, which an order and its redraw share'),
      (one) => numbersOf([one.requisition]),
    ),
    token<ServiceRequest>(define('status', 'ServiceRequest-status', 'active, completed, or revoked'), ({ status }) => [
      { system: 'http://hl7.org/fhir/request-status', code: status ?? '' },
    ]),
    token<ServiceRequest>(define('category', 'ServiceRequest-category', 'Always laboratory procedure'), (one) =>
      tokensOf(one.category),
    ),
    token<ServiceRequest>(define('code', 'clinical-code', 'The lab test'), (one) => tokensOf([one.code])),
    date<ServiceRequest>(define('authored', 'ServiceRequest-authored', 'When it was ordered'), (one) =>
      present([one.authoredOn]),
    ),
  ],
  DiagnosticReport: [
    ...OF_ALL,
    ...subject('clinical-patient', 'DiagnosticReport-subject'),
    token<DiagnosticReport>(define('identifier', 'clinical-identifier', 'Placer or filler order number'), (one) =>
      numbersOf(one.identifier),
    ),
    reference<DiagnosticReport>(define('based-on', 'DiagnosticReport-based-on', 'The order'), 'ServiceRequest', (one) =>
      referencesOf(one.basedOn),
    ),
    token<DiagnosticReport>(
      define('status', 'DiagnosticReport-status', 'registered, partial, final, corrected, or cancelled'),
      ({ status }) => [{ system: 'http://hl7.org/fhir/diagnostic-report-status', code: status ?? '' }],
    ),
    token<DiagnosticReport>(define('category', 'DiagnosticReport-category', 'Always LAB'), (one) =>
      tokensOf(one.category),
    ),
    token<DiagnosticReport>(define('code', 'clinical-code', 'The lab test'), (one) => tokensOf([one.code])),
    date<DiagnosticReport>(define('date', 'clinical-date', 'When the specimen was collected'), (one) =>
      present([one.effectiveDateTime]),
    ),
    date<DiagnosticReport>(define('issued', 'DiagnosticReport-issued', 'When the laboratory last reported'), (one) =>
      present([one.issued]),
    ),
  ],
  Observation: [
    ...OF_ALL,
    ...subject('clinical-patient', 'Observation-subject'),
    reference<Observation>(define('based-on', 'Observation-based-on', 'The order'), 'ServiceRequest', (one) =>
      referencesOf(one.basedOn),
    ),
    token<Observation>(
      define('status', 'Observation-status', 'preliminary, final, corrected, or cancelled'),
      ({ status }) => [{ system: 'http://hl7.org/fhir/observation-status', code: status ?? '' }],
    ),
    token<Observation>(define('category', 'Observation-category', 'Always laboratory'), (one) =>
      tokensOf(one.category),
    ),
    token<Observation>(define('code', 'clinical-code', 'LOINC, the lab’s own code, or our slug'), (one) =>
      tokensOf([one.code]),
    ),
    date<Observation>(define('date', 'clinical-date', 'When it was observed'), (one) =>
      present([one.effectiveDateTime]),
    ),
    reference<Observation>(define('specimen', 'Observation-specimen', 'What it was done on'), 'Specimen', (one) =>
      referencesOf([one.specimen]),
    ),
  ],
  Specimen: [
    ...OF_ALL,
    ...subject('Specimen-patient', 'Specimen-subject'),
    token<Specimen>(define('identifier', 'Specimen-identifier', 'The lab’s number of the specimen'), (one) =>
      numbersOf(one.identifier),
    ),
    token<Specimen>(define('accession', 'Specimen-accession', 'The lab’s number of the order'), (one) =>
      numbersOf([one.accessionIdentifier]),
    ),
    date<Specimen>(define('collected', 'Specimen-collected', 'When it was collected'), (one) =>
      present([one.collection?.collectedDateTime]),
    ),
  ],
  Patient: [
    ...OF_ALL,
    token<Patient>(define('identifier', 'Patient-identifier', 'Your own id of the user (client_user_id)'), (one) =>
      numbersOf(one.identifier),
    ),
  ],
  Appointment: [
    ...OF_ALL,
    reference<Appointment>(define('patient', 'Appointment-patient', 'Who is visited, or visits'), 'Patient', (one) =>
      referencesOf((one.participant ?? []).map(({ actor }) => actor)),
    ),
    token<Appointment>(define('identifier', 'Appointment-identifier', 'The provider’s numbers of it'), (one) =>
      numbersOf(one.identifier),
    ),
    reference<Appointment>(define('based-on', 'Appointment-based-on', 'The order'), 'ServiceRequest', (one) =>
      referencesOf(one.basedOn),
    ),
    token<Appointment>(
      define('status', 'Appointment-status', 'proposed, pending, booked, arrived, fulfilled, or cancelled'),
      ({ status }) => [{ system: 'http://hl7.org/fhir/appointmentstatus', code: status ?? '' }],
    ),
    date<Appointment>(define('date', 'Appointment-date', 'When it begins'), (one) => present([one.start])),
  ],
};
