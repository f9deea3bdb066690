/** FHIR messages that are not as they should be: each line of the tables in docs/fhir.md, and what Venule makes of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabProfile } from '../../domain/catalogue/lab-profile.ts';
import type { LabReport, Observation } from '../../domain/results/lab-report.ts';
import { readBundle } from '../../partners/labs/formats/fhir/fhir-report.ts';
import { reportingLab } from '../../partners/labs/registry.ts';

const RECEIVED = '2026-11-18T16:00:00.000Z';
const OURS = 'V00000055501';
// biome-ignore lint/suspicious/noExplicitAny: resources as they come, right or wrong.
type Json = any;

const ferritin = (changes: Json = {}): Json => ({
  resourceType: 'Observation',
  id: 'ferritin',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '2276-4' }], text: 'Ferritin' },
  effectiveDateTime: '2026-11-17T10:10:00-06:00',
  valueQuantity: { value: 48, unit: 'ng/mL' },
  ...changes,
});
const patient = (changes: Json = {}): Json => ({
  resourceType: 'Patient',
  id: 'p7',
  name: [{ family: 'Okafor', given: ['Ngozi'] }],
  birthDate: '1979-09-22',
  gender: 'female',
  ...changes,
});
const summary = (changes: Json = {}): Json => ({
  resourceType: 'DiagnosticReport',
  id: 'r1',
  identifier: [{ value: 'F-301' }],
  status: 'final',
  code: { coding: [{ system: 'https://river.example', code: '2200' }], text: 'Ferritin' },
  basedOn: [{ identifier: { value: OURS } }],
  subject: { reference: 'Patient/p7' },
  issued: '2026-11-18T09:00:00-06:00',
  result: [{ reference: 'Observation/ferritin' }],
  ...changes,
});
const bundle = (...resources: Json[]): Json => ({
  resourceType: 'Bundle',
  type: 'collection',
  entry: resources.map((resource) => ({ resource })),
});
/** A report on ferritin, with other facts in its Observation. */
const withResult = (changes: Json, ...more: Json[]) => bundle(patient(), summary(), ferritin(changes), ...more);
/** The same with another value, or none. */
const withValue = (changes: Json) => withResult({ valueQuantity: undefined, ...changes });
const withReport = (changes: Json, ...more: Json[]) => bundle(patient(), summary(changes), ferritin(), ...more);
const specimen = (changes: Json) => ({
  resourceType: 'Specimen',
  id: 's1',
  identifier: [{ value: 'S-1' }],
  ...changes,
});
const OUR_ID = '0f1d7bb2-57d3-4c0a-9d4f-2f5b0c6a1e77';
const request = (changes: Json) => ({ resourceType: 'ServiceRequest', ...changes });
const filler = (number: string) => ({ type: { coding: [{ code: 'FILL' }] }, value: number });
/** A result that nobody ordered. */
const transferrin = (changes: Json = {}): Json => ({
  resourceType: 'Observation',
  id: 'transferrin',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '3034-6' }], text: 'Transferrin' },
  valueInteger: 210,
  ...changes,
});
const onSpecimen = { specimen: [{ reference: 'Specimen/s1' }] };

const PDF = btoa('%PDF-1.7\n');

const bytesOf = (message: Json) => (Buffer.isBuffer(message) ? message : Buffer.from(JSON.stringify(message)));
const read = (message: Json, profile: LabProfile = {}) =>
  readBundle(bytesOf(message), { ...reportingLab('riverlab', profile), received_at: RECEIVED }).reports;

interface Case {
  /** The line of a table, word for word. */
  line: string;
  message: Json;
  profile?: LabProfile;
  /** What stands in the observation, when there is to be exactly one. */
  observation?: Partial<Observation>;
  /** What holds of the only report. */
  report?: (report: LabReport) => void;
  /** Where the report's remarks are; none when nothing is odd enough to be told. */
  remarks?: string[];
}

const asUsual = { type: 'numeric', value: '48', unit: 'ng/mL', status: 'final', loinc: '2276-4' } as const;
const only = (report: LabReport) => report.tests[0] as LabReport['tests'][number];
const none = (report: LabReport) => expect(only(report).observations).toEqual([]);
const value = (line: string, sent: Json, observation: Partial<Observation>): Case => ({
  line,
  message: withValue(sent),
  observation,
});
const OBSERVATION = 'Bundle.entry[2].resource';
const REPORT = 'Bundle.entry[1].resource';
const PATIENT = 'Bundle.entry[0].resource';

const values: Case[] = [
  value('`valueQuantity`', { valueQuantity: { value: 5.1 } }, { type: 'numeric', value: '5.1', unit: null }),
  {
    line: '`valueQuantity`',
    message: Buffer.from(JSON.stringify(withResult({})).replace('"value":48', '"value":48.500')),
    observation: { type: 'numeric', value: '48.500' },
  },
  value(
    '`valueQuantity`',
    { valueQuantity: { value: 5, comparator: '<', unit: 'ng/mL' } },
    { type: 'range', value: '<5', unit: 'ng/mL' },
  ),
  value('`valueInteger`, `valueDecimal`', { valueInteger: 7 }, { type: 'numeric', value: '7' }),
  value('`valueString`', { valueString: '12.5 H' }, { type: 'numeric', value: '12.5', interpretation: 'abnormal' }),
  value(
    '`valueString`',
    { valueString: 'QNS' },
    { status: 'cancelled', failure_type: 'quantity_not_sufficient_failure', notes: 'QNS' },
  ),
  value('`valueString`', { valueString: 'Seen\n twice' }, { type: 'comment', value: 'Seen\n twice' }),
  value(
    '`valueCodeableConcept`, `valueCoding`',
    { valueCodeableConcept: { coding: [{ code: 'R', display: 'Reactive' }, { code: 'X' }] } },
    { type: 'coded_value', value: 'Reactive, X' },
  ),
  value(
    '`valueCodeableConcept`, `valueCoding`',
    { valueCoding: { code: 'NEG' } },
    { type: 'coded_value', value: 'NEG' },
  ),
  value(
    '`valueRange`',
    { valueRange: { low: { value: 10, unit: '/HPF' }, high: { value: 20 } } },
    { type: 'range', value: '10-20', unit: '/HPF' },
  ),
  value('`valueRange`', { valueRange: { low: { value: 10 } } }, { type: 'range', value: '>=10' }),
  value(
    '`valueRatio`',
    { valueRatio: { numerator: { value: 1 }, denominator: { value: 128 } } },
    { type: 'comment', value: '1:128' },
  ),
  value('`valueBoolean`', { valueBoolean: true }, { type: 'comment', value: 'Yes' }),
  value(
    '`valueDateTime`, `valueTime`, `valuePeriod`, `valueSampledData`',
    { valueDateTime: '2026-11-02T08:15:00Z' },
    { type: 'comment', value: '2026-11-02 08:15:00Z' },
  ),
  value(
    '`valueDateTime`, `valueTime`, `valuePeriod`, `valueSampledData`',
    { valuePeriod: { start: '2026-11-02', end: '2026-11-03' } },
    { type: 'comment', value: '2026-11-02 - 2026-11-03' },
  ),
];

const deviations: Case[] = [
  {
    line: 'No Bundle, but a DiagnosticReport with what it contains',
    message: summary({
      contained: [patient({ id: 'p' }), ferritin({ id: 'o' })],
      subject: { reference: '#p' },
      result: [{ reference: '#o' }],
    }),
    observation: asUsual,
    report: (report) => expect(report.patient.last_name).toBe('Okafor'),
    remarks: ['DiagnosticReport'],
  },
  ...(
    [
      [{ reference: 'Observation/ferritin' }, {}],
      [{ reference: 'https://river.example/fhir/Observation/ferritin/_history/2' }, {}],
      [{ reference: 'urn:uuid:1' }, { fullUrl: 'urn:uuid:1' }],
      [{ type: 'Observation', identifier: { system: 's', value: 'n' } }, { identifier: [{ system: 's', value: 'n' }] }],
    ] as const
  ).map(([reference, of]: readonly [Json, Json]): Case => {
    const { fullUrl, ...changes } = of;
    const message = bundle(patient(), summary({ result: [reference] }), ferritin(changes));
    message.entry[2].fullUrl = fullUrl;
    return {
      line: 'A reference by `fullUrl`, by type and id, by address, to a contained resource, or by `identifier`',
      message,
      observation: asUsual,
    };
  }),
  {
    line: 'One element where a list belongs, or a list where one belongs',
    message: bundle(
      patient({ name: { family: ['Okafor'], given: 'Ngozi' } }),
      summary({ result: { reference: 'Observation/ferritin' }, identifier: { value: 'F-301' } }),
      ferritin({ valueQuantity: [{ value: 48, unit: 'ng/mL' }] }),
    ),
    observation: asUsual,
    report: (report) =>
      expect(report).toMatchObject({
        patient: { last_name: 'Okafor', first_name: 'Ngozi' },
        filler_order_number: 'F-301',
      }),
  },
  ...['"48"', '4.8e1'].map(
    (number): Case => ({
      line: 'A number in quotes, an exponent, a byte order mark',
      message: Buffer.from(`\uFEFF${JSON.stringify(withResult({})).replace('"value":48', `"value":${number}`)}`),
      observation: asUsual,
    }),
  ),
  {
    line: 'An entry without a resource',
    message: { ...withResult({}), entry: [null, ...withResult({}).entry, { fullUrl: 'urn:uuid:9' }] },
    observation: asUsual,
    remarks: ['Bundle.entry[0].resource', 'Bundle.entry[4].resource'],
  },
  ...[undefined, 'done'].map(
    (status): Case => ({
      line: 'A DiagnosticReport whose status is blank or unknown',
      message: withReport({ status }),
      observation: asUsual,
      report: (report) => expect(only(report).status).toBe('preliminary'),
      remarks: [`${REPORT}.status`],
    }),
  ),
  {
    line: 'A DiagnosticReport whose status is blank or unknown',
    message: withReport({ status: 'unknown' }),
    report: (report) => expect(only(report).status).toBe('preliminary'),
  },
  ...(
    [
      ['amended', 'corrected'],
      ['corrected', 'corrected'],
      ['appended', 'final'],
    ] as const
  ).map(
    ([status, expected]): Case => ({
      line: 'A DiagnosticReport that is `amended` or `corrected`; `appended`',
      message: withReport({ status }),
      report: (report) => expect(only(report).status).toBe(expected),
    }),
  ),
  {
    line: 'A DiagnosticReport that was `entered-in-error`',
    message: withReport({ status: 'entered-in-error' }),
    observation: { status: 'withdrawn', value: null, failure_type: 'unknown_failure' },
    report: (report) => expect(only(report).status).toBe('corrected'),
  },
  {
    line: 'A DiagnosticReport that is `cancelled` although its results have values',
    message: withReport({ status: 'cancelled' }),
    observation: asUsual,
    report: (report) => expect(only(report).status).toBe('cancelled'),
  },
  {
    line: 'An Observation whose status is blank or unknown',
    message: withResult({ status: undefined }),
    observation: asUsual,
    remarks: [`${OBSERVATION}.status`],
  },
  {
    line: 'An Observation whose status is blank or unknown',
    message: bundle(patient(), summary({ status: 'cancelled' }), ferritin({ status: 'ok' })),
    observation: { ...asUsual, status: 'preliminary' },
    remarks: [`${OBSERVATION}.status`],
  },
  {
    line: 'An Observation that is `registered`, or `preliminary` without a value',
    message: withValue({ status: 'registered' }),
    report: none,
  },
  {
    line: 'An Observation that is `registered`, or `preliminary` without a value',
    message: withValue({ status: 'preliminary', dataAbsentReason: { text: 'to follow' } }),
    report: none,
  },
  {
    line: 'An Observation that is `cancelled`',
    message: withResult({ status: 'cancelled' }),
    observation: { status: 'cancelled', value: null, failure_type: 'unknown_failure', unit: null },
  },
  {
    line: 'An Observation that was `entered-in-error`',
    message: withResult({ status: 'entered-in-error' }),
    observation: { status: 'withdrawn', value: null, unit: null, notes: 'Withdrawn by the laboratory.' },
  },
  {
    line: 'A word for no value, and nothing that says why',
    message: withValue({ valueString: 'TNP' }),
    observation: { status: 'preliminary', value: 'TNP', is_unexplained: true },
    remarks: [`${OBSERVATION}.value[x]`],
  },
  {
    line: 'A word for no value, and nothing that says why',
    message: withValue({ valueString: 'TNP', note: [{ text: 'LE, sorry' }] }),
    observation: { status: 'cancelled', value: null, failure_type: 'internal_lab_failure' },
  },
  ...(
    [
      [[{ system: 'urn:venule:failure-type', code: 'drop_off_failure' }], 'drop_off_failure'],
      [[{ system: 'http://terminology.hl7.org/CodeSystem/v2-0490', code: 'QS' }], 'quantity_not_sufficient_failure'],
      [[{ code: 'unknown' }, { system: 'https://river.example', code: 'spilt' }], 'internal_lab_failure'],
      [[{ code: 'error' }], 'internal_lab_failure'],
      [[{ code: 'not-applicable' }], 'non_failure'],
      [[{ code: 'asked-unknown' }], 'unknown_failure'],
    ] as const
  ).map(
    ([coding, failure_type]): Case => ({
      line: '`dataAbsentReason` instead of a value',
      message: withValue({ dataAbsentReason: { coding, text: 'Not done' }, note: [{ text: 'See the next one' }] }),
      profile: { reasons: { SPILT: 'internal_lab_failure' } },
      observation: { status: 'cancelled', value: null, failure_type, notes: 'Not done\nSee the next one' },
    }),
  ),
  {
    line: 'A final Observation without a value, with notes',
    message: withValue({ note: [{ text: 'No growth' }, { text: 'after 5 days' }] }),
    observation: { status: 'final', type: 'comment', value: 'No growth\nafter 5 days', notes: null },
  },
  {
    line: 'A final Observation without a value, without notes',
    message: withValue({}),
    report: none,
    remarks: [OBSERVATION],
  },
  {
    line: 'An Observation with components',
    message: withResult({
      component: [
        { code: { coding: [{ system: 'http://loinc.org', code: '1-8' }], text: 'Part' }, valueQuantity: { value: 2 } },
        { code: { text: 'Lost' }, dataAbsentReason: { coding: [{ code: 'QS' }] }, extension: [] },
      ],
    }),
    report: (report) => {
      expect(only(report).observations.map(({ loinc, value: found }) => [loinc, found])).toEqual([
        ['2276-4', '48'],
        ['1-8', '2'],
      ]);
      expect(only(report).notes).toBe('Lost');
    },
    remarks: [`${OBSERVATION}.component[1].code`],
  },
  {
    line: 'An Observation with members and no value',
    message: bundle(patient(), summary({ result: [{ reference: 'Observation/panel' }] }), ferritin(), {
      resourceType: 'Observation',
      id: 'panel',
      status: 'corrected',
      code: { coding: [{ system: 'https://river.example', code: '900' }], text: 'Iron panel' },
      hasMember: [{ reference: 'Observation/ferritin' }, { reference: 'Observation/panel' }],
    }),
    report: (report) => {
      expect(
        report.tests.map(({ provider_id, status, observations }) => [provider_id, status, observations.length]),
      ).toEqual([
        ['2200', 'final', 0],
        ['900', 'corrected', 1],
      ]);
    },
  },
  {
    line: 'An Observation that no report names',
    message: bundle(patient(), summary({ result: undefined }), ferritin()),
    observation: asUsual,
    remarks: [OBSERVATION],
  },
  {
    line: 'An Observation that no report names',
    message: bundle(
      patient(),
      ferritin({ subject: { reference: 'Patient/p7' }, basedOn: [{ identifier: { value: OURS } }] }),
    ),
    observation: asUsual,
    report: (report) => {
      expect(report).toMatchObject({ placer_order_number: OURS, patient: { last_name: 'Okafor' } });
      expect(only(report)).toMatchObject({ provider_id: '2276-4', status: 'final' });
    },
    remarks: ['Bundle.entry[1].resource'],
  },
  {
    line: 'An Observation without a code',
    message: withResult({ code: { text: 'Remark' } }),
    report: (report) => {
      none(report);
      expect(only(report).notes).toBe('Remark\n48');
    },
    remarks: [`${OBSERVATION}.code`],
  },
  {
    line: 'A DiagnosticReport whose code has no coding',
    message: withReport({ code: { text: 'Ferritin' } }),
    observation: asUsual,
    report: (report) => expect(only(report)).toMatchObject({ provider_id: '', name: 'Ferritin' }),
    remarks: [`${REPORT}.code`],
  },
  {
    line: 'A result or specimen that is not in the message',
    message: withReport({
      result: [{ reference: 'Observation/ferritin' }, { reference: 'Observation/2' }],
      ...onSpecimen,
    }),
    observation: asUsual,
    remarks: [`${REPORT}.result[1]`, `${REPORT}.specimen[0]`],
  },
  {
    line: 'A subject that is not in the message',
    message: bundle(summary(), ferritin()),
    observation: asUsual,
    report: (report) => expect(report.patient).toEqual({ first_name: '', last_name: '', dob: null, gender: null }),
    remarks: ['Bundle.entry[0].resource.subject'],
  },
  {
    line: 'A name that is not divided into family and given',
    message: bundle(patient({ name: [{ text: 'Ngozi Ada Okafor' }] }), summary(), ferritin()),
    report: (report) => expect(report.patient).toMatchObject({ first_name: 'Ngozi Ada', last_name: 'Okafor' }),
    remarks: [`${PATIENT}.name[0].text`],
  },
  ...['1979', '1979-02-31'].map(
    (birthDate): Case => ({
      line: 'A birth date that is none',
      message: bundle(patient({ birthDate }), summary(), ferritin()),
      report: (report) => expect(report.patient.dob).toBeNull(),
      remarks: [`${PATIENT}.birthDate`],
    }),
  ),
  {
    line: 'A time that has no day',
    message: withResult({ effectiveDateTime: '2026-11' }),
    observation: { observed_at: null },
    remarks: [`${OBSERVATION}.effectiveDateTime`],
  },
  {
    line: 'A time without an offset',
    message: withResult({ effectiveDateTime: '2026-11-17T10:10:00' }),
    profile: { time_zone: 'America/Denver' },
    observation: { observed_at: '2026-11-17T17:10:00.000Z' },
  },
  {
    line: 'No `issued`',
    message: { ...withReport({ issued: undefined }), timestamp: '2026-11-18T10:00:00Z' },
    report: (report) => expect(report.reported_at).toBe('2026-11-18T10:00:00.000Z'),
  },
  {
    line: 'No `issued`',
    message: withReport({ issued: undefined }),
    report: (report) => expect(report.reported_at).toBe(RECEIVED),
  },
  {
    line: 'Several Observations of one code',
    message: withResult({
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/observation-v2-subid', valueString: '2' }],
    }),
    observation: { sub_id: '2' },
  },
  ...[
    [
      { url: 'group', valueDecimal: 3 },
      { url: 'sequence', valueDecimal: 10 },
    ],
    [
      { url: 'original-sub-identifier', valueString: '3.10' },
      { url: 'group', valueDecimal: 7 },
    ],
  ].map((extension) => ({
    line: 'Several Observations of one code',
    message: withResult({
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/observation-v2-subid', extension }],
    }),
    observation: { sub_id: '3.10' },
  })),
  {
    line: 'An interpretation in words, or with a code that is not known',
    message: withResult({ interpretation: [{ text: 'borderline' }, { coding: [{ code: 'ZZ' }] }] }),
    observation: { source_interpretation: 'borderline~ZZ', interpretation: 'unknown' },
  },
  {
    line: 'A reference range without text',
    message: withResult({ referenceRange: [{ low: { value: 15 }, high: { value: 150 } }, { high: { value: 200 } }] }),
    observation: { reference_range: '15-150; <=200' },
  },
  {
    line: 'A unit with only its code',
    message: withResult({ valueQuantity: { value: 48, system: 'http://unitsofmeasure.org', code: 'ng/mL' } }),
    observation: asUsual,
  },
  ...(
    [
      [{ status: 'unsatisfactory' }, 'unknown_failure'],
      [
        { status: 'unsatisfactory', condition: [{ text: 'dropped' }, { coding: [{ code: 'RH' }] }] },
        'collection_process_failure',
      ],
      [{ condition: [{ coding: [{ code: 'RC' }] }] }, 'collection_process_failure'],
    ] as const
  ).map(
    ([changes, failure_type]): Case => ({
      line: 'A specimen that is `unsatisfactory`, or whose condition is a reason',
      message: bundle(patient(), summary({ ...onSpecimen }), ferritin({ status: 'cancelled' }), specimen(changes)),
      observation: { status: 'cancelled', failure_type },
      report: (report) => expect([report.specimen_number, only(report).failure_type]).toEqual(['S-1', failure_type]),
    }),
  ),
  {
    line: 'A specimen that is `unsatisfactory`, or whose condition is a reason',
    message: bundle(patient(), summary({ ...onSpecimen }), ferritin(), specimen({ condition: [{ text: 'cold' }] })),
    observation: asUsual,
    report: (report) => expect(only(report).failure_type).toBeNull(),
  },
  {
    line: 'A DiagnosticReport without results',
    message: bundle(patient(), summary({ result: undefined, conclusion: 'Sorry.\nQNS for this test' })),
    report: (report) =>
      expect(only(report)).toMatchObject({
        failure_type: 'quantity_not_sufficient_failure',
        notes: 'Sorry.\nQNS for this test',
      }),
  },
  ...(
    [
      { basedOn: [{ identifier: { value: OURS.toLowerCase() } }] },
      { basedOn: undefined, identifier: [{ value: 'F-301' }, { value: OURS }] },
      { basedOn: [{ reference: 'ServiceRequest/q' }] },
    ] as const
  ).map(
    (changes): Case => ({
      line: 'The placer order number in lower case, in the report, in its order, or only in the reference to it',
      message: withReport(changes, { resourceType: 'ServiceRequest', id: 'q', identifier: [{ value: OURS }] }),
      observation: asUsual,
      report: (report) => expect([report.placer_order_number, report.filler_order_number]).toEqual([OURS, 'F-301']),
    }),
  ),
  {
    line: 'The placer order number on only the first of several reports',
    message: withReport({}, summary({ id: 'r2', basedOn: undefined, result: undefined })),
    report: (report) => expect([report.placer_order_number, report.tests.length]).toEqual([OURS, 2]),
  },
  ...(
    [
      [{ basedOn: [{ reference: `ServiceRequest/${OUR_ID}` }] }],
      [
        {
          basedOn: [{ reference: `https://venule.example/fhir/r4/ServiceRequest/${OUR_ID.toUpperCase()}/_history/2` }],
        },
      ],
      [{ basedOn: [{ reference: 'urn:uuid:q' }] }, { fullUrl: 'urn:uuid:q', resource: request({ id: OUR_ID }) }],
      [
        { basedOn: [{ reference: 'urn:uuid:q' }] },
        {
          fullUrl: 'urn:uuid:q',
          resource: request({
            id: '5d0a7c0e-6f0e-4b53-9a55-30a3b4b1f3aa',
            basedOn: [{ reference: `ServiceRequest/${OUR_ID}` }],
          }),
        },
      ],
    ] as const
  ).map(([changes, entry]): Case => {
    const sent = withReport(changes, ...(entry ? [entry.resource] : []));
    if (entry) sent.entry.at(-1).fullUrl = entry.fullUrl;
    return {
      line: 'A reference to our `ServiceRequest` by its id, from the report, its results, or the order that it is based on',
      message: sent,
      observation: asUsual,
      report: ({ order_id, placer_order_number }) => expect([order_id, placer_order_number]).toEqual([OUR_ID, null]),
    };
  }),
  {
    line: 'A reference to our `ServiceRequest` by its id, from the report, its results, or the order that it is based on',
    message: bundle(
      patient(),
      summary({ basedOn: undefined }),
      ferritin({ basedOn: [{ reference: `ServiceRequest/${OUR_ID}` }] }),
    ),
    report: ({ order_id }) => expect(order_id).toBe(OUR_ID),
  },
  ...(
    [
      ['F-301', true],
      ['F-302', undefined],
    ] as const
  ).map(
    ([second, isKnown]): Case => ({
      line: "Only the laboratory's number of the order (an identifier of type `FILL`), the same in all reports",
      message: withReport(
        { basedOn: undefined, identifier: [filler('F-301')] },
        summary({ id: 'r2', basedOn: [{ identifier: filler(second) }], result: undefined }),
      ),
      report: ({ filler_order_number, is_known_by_filler }) =>
        expect([filler_order_number, is_known_by_filler]).toEqual(['F-301', isKnown]),
    }),
  ),
  ...[
    [transferrin({ derivedFrom: [{ reference: 'Observation/ferritin' }] })],
    [transferrin(), { ...ferritin(), hasMember: [{ reference: 'Observation/transferrin' }] }],
    [
      transferrin({ derivedFrom: [{ reference: 'Observation/between' }] }),
      transferrin({
        id: 'between',
        code: { text: 'Between', coding: [{ code: 'B' }] },
        derivedFrom: [{ reference: 'Observation/ferritin' }],
      }),
    ],
    [
      transferrin(),
      transferrin({
        id: 'panel',
        valueInteger: undefined,
        hasMember: [{ reference: 'Observation/transferrin' }],
        derivedFrom: [{ reference: 'Observation/ferritin' }],
      }),
    ],
  ].map(
    ([reflex, ...more]): Case => ({
      line: 'A result that is `derivedFrom` another, or its member although that has a value',
      message: bundle(
        patient(),
        summary(),
        more.find(({ id }) => id === 'ferritin') ?? ferritin(),
        reflex,
        summary({
          id: 'r2',
          result: [reflex, ...more]
            .filter(({ id }) => id !== 'ferritin')
            .map(({ id }) => ({ reference: `Observation/${id}` })),
        }),
        ...more.filter(({ id }) => id !== 'ferritin'),
      ),
      report: ({ tests }) => {
        const all = tests.flatMap(({ observations }) => observations);
        expect(all.filter(({ name }) => name === 'Transferrin')).toMatchObject([{ reflex_of: '2276-4' }]);
        expect(all.find(({ name }) => name === 'Ferritin')).not.toHaveProperty('reflex_of');
      },
    }),
  ),
  ...(
    [
      [{ reasonReference: [{ reference: 'Observation/ferritin' }] }, '2276-4'],
      [{ basedOn: [{ reference: 'ServiceRequest/q' }] }, '2200'],
    ] as const
  ).map(
    ([changes, reflex_of]): Case => ({
      line: 'A report or result on an order that was placed because of a result (`reasonReference`), or is `basedOn` another',
      message: bundle(
        patient(),
        summary({ basedOn: [{ reference: 'ServiceRequest/q' }] }),
        ferritin(),
        request({ id: 'q', identifier: [{ value: OURS }] }),
        request({ id: 'q2', identifier: [{ value: OURS }], ...changes }),
        summary({
          id: 'r2',
          basedOn: [{ reference: 'ServiceRequest/q2' }],
          result: [{ reference: 'Observation/transferrin' }],
        }),
        transferrin(),
      ),
      report: ({ tests }) =>
        expect(tests.map(({ observations }) => observations.map((one) => one.reflex_of))).toEqual([
          [undefined],
          [reflex_of],
        ]),
    }),
  ),
  {
    line: 'A performing laboratory of which there is only a name in the reference',
    message: withResult({
      performer: [{ reference: 'Practitioner/1', display: 'Dr. Lee' }, { display: 'River Laboratory' }],
    }),
    observation: { performing_laboratory: 'River Laboratory' },
    report: (report) => expect(Object.keys(report.performing_laboratories)).toEqual(['River Laboratory']),
  },
  {
    line: '`presentedForm`',
    message: withReport({ presentedForm: [{ contentType: 'application/pdf', title: 'Report', data: PDF }] }),
    observation: asUsual,
    report: ({ documents }) =>
      expect(documents).toMatchObject([
        { code: '2200', name: 'Report', status: 'final', media_type: 'application/pdf', bytes: 9 },
      ]),
  },
  {
    line: '`presentedForm`',
    message: withReport(
      { presentedForm: [{ url: 'Binary/b' }, { contentType: 'application/pdf', data: btoa('no PDF') }] },
      { resourceType: 'Binary', id: 'b', contentType: 'application/pdf', data: PDF },
    ),
    report: ({ documents }) =>
      expect(documents?.map(({ media_type }) => media_type)).toEqual(['application/pdf', 'application/octet-stream']),
  },
  {
    line: '`presentedForm`',
    message: bundle(patient(), summary({ status: 'entered-in-error', presentedForm: [{ data: PDF }], result: [] })),
    report: ({ tests, documents }) =>
      expect([tests, documents]).toMatchObject([[], [{ code: '2200', status: 'withdrawn', hash: null }]]),
  },
  {
    line: '`presentedForm` that is not base64, or only a pointer',
    message: withReport({ presentedForm: [{ data: '*' }, { url: 'https://river.example/1.pdf' }] }),
    report: ({ documents }) => expect(documents).toBeUndefined(),
    remarks: [`${REPORT}.presentedForm[0].data`, `${REPORT}.presentedForm[1].url`],
  },
];

test.each([...values, ...deviations].map((one, index) => ({ ...one, index })))(
  '$line ($index)',
  ({ message, profile, observation, report, remarks }) => {
    const reports = read(message, profile);
    expect(reports).toHaveLength(1);
    const [first] = reports as [LabReport];
    if (observation) {
      expect(only(first).observations).toHaveLength(1);
      expect(only(first).observations[0]).toMatchObject(observation);
    }
    report?.(first);
    expect((first.remarks ?? []).map((remark) => remark.split(':', 1)[0])).toEqual(remarks ?? []);
  },
);

test.each([
  ['Values', values],
  ['Deviations', deviations],
] as const)(
  'the table “%s” in docs/fhir.md has a test for each of its lines, and no test is without one',
  (heading, cases) => {
    const docs = readFileSync(join(import.meta.dirname, '../../docs/fhir.md'), 'utf8');
    const [, section = ''] = docs.split(`### ${heading}\n`);
    const [table = ''] = section.split('\n###');
    const rows = [...table.matchAll(/^\| (.+?) \| .+ \|$/gm)].map(([, line]) => line).slice(1);
    expect(new Set(rows)).toEqual(new Set(cases.map(({ line }) => line)));
  },
);

test('remarks never repeat what the message said, and are not endless', () => {
  const odd = Array.from({ length: 60 }, (_, index) => ferritin({ id: `o${index}`, status: 'secret' }));
  const message = bundle(
    patient(),
    summary({ result: odd.map(({ id }) => ({ reference: `Observation/${id}` })) }),
    ...odd,
  );
  const [report] = read(message);
  expect(report?.remarks).toHaveLength(21);
  expect(report?.remarks?.at(-1)).toBe('and 40 more');
  expect(report?.remarks?.join()).not.toMatch(/secret|Okafor/);
});

test('the example in docs/fhir.md is read as the page says', () => {
  const docs = readFileSync(join(import.meta.dirname, '../../docs/fhir.md'), 'utf8');
  const [, example = ''] = /```json\n([\s\S]*?)```/.exec(docs) ?? [];
  const [report] = read(Buffer.from(example));
  expect(report).toMatchObject({
    placer_order_number: 'V0123456789A',
    patient: { last_name: 'Bell', dob: '1985-03-12' },
  });
  expect(report?.tests[0]).toMatchObject({ provider_id: '303756', observations: [{ value: '190.50', unit: 'mg/dL' }] });
  expect(report?.remarks).toBeUndefined();
});

test.each([
  ['a document', (data: string) => ({ presentedForm: [{ contentType: 'application/pdf', data }] })],
  ['one with escapes', (data: string) => ({ presentedForm: [{ contentType: 'application/pdf', data: `${data}\n` }] })],
])('long texts are read like others: %s', (_what, changes) => {
  const content = Buffer.concat([Buffer.from('%PDF-'), Buffer.alloc(300_000, 'x')]);
  const words = `Seen “twice”\n${'long '.repeat(40_000)}end`;
  const { reports, contents } = readBundle(
    bytesOf(
      bundle(
        patient(),
        summary(changes(content.toString('base64'))),
        ferritin({ valueQuantity: undefined, valueString: words }),
      ),
    ),
    reportingLab('riverlab', {}),
  );
  expect(reports[0]?.tests[0]?.observations[0]?.value).toBe(words);
  expect([...contents.values()].map((kept) => kept.equals(content))).toEqual([true]);
});

test('test data (HTEST) on a production connection is read, and is no result', () => {
  const body = bytesOf(withReport({ meta: { tag: [{ code: 'HTEST' }] } }));
  const isTest = (environment: 'sandbox' | 'production') =>
    readBundle(body, reportingLab('riverlab', {}, environment)).message.is_test;
  expect([isTest('production'), isTest('sandbox')]).toEqual([true, false]);
  expect(readBundle(bytesOf(withResult({})), reportingLab('riverlab', {})).message.is_test).toBe(false);
});

describe('what is refused', () => {
  const levels = (count: number) => `{"resourceType":"Bundle","x":${'['.repeat(count)}${']'.repeat(count)}}`;
  const many = (count: number, text: string) => `{"resourceType":"Bundle","entry":[${Array(count).fill(text).join()}]}`;
  const members = Array.from({ length: 300 }, (_, index) => ({ reference: `Observation/${index}` }));
  const panels = Array.from({ length: 100 }, (_, index) => summary({ id: `r${index}`, result: members }));

  test.each([
    ['no JSON', 'MSH|^~\\&|', 400, 'structure'],
    ['half a body', JSON.stringify(withResult({})).slice(0, -40), 400, 'structure'],
    ['a list without an end', '{"resourceType":"Bundle","entry":[{}', 400, 'structure'],
    ['bytes that are no text', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400, 'structure'],
    ['a list', '[]', 400, 'structure'],
    ['nothing', '', 400, 'structure'],
    ['an empty Bundle', '{"resourceType":"Bundle"}', 422, 'required'],
    ['a Bundle of patients', JSON.stringify(bundle(patient())), 422, 'required'],
    ['too many levels', levels(100_000), 413, 'too-long'],
    ['too many entries', many(10_001, '{}'), 413, 'too-long'],
    ['too many elements', many(10, `{"x":${JSON.stringify(Array(40_000).fill([0]))}}`), 413, 'too-long'],
    ['too many elements in an entry', many(1, `{"x":${JSON.stringify(Array(60_000).fill(0))}}`), 413, 'too-long'],
    [
      'too many elements beside the entries',
      `{"resourceType":"Bundle","x":${JSON.stringify(Array(60_000).fill(0))}}`,
      413,
      'too-long',
    ],
    ['too many observations', JSON.stringify(bundle(...panels)), 413, 'too-long'],
  ])('%s', (_what, body, status, code) => {
    expect(() => read(Buffer.from(body as string))).toThrow(expect.objectContaining({ status, code }));
  });

  test('names that are special to JavaScript are names like any other', () => {
    const message = JSON.stringify(withResult({})).replace('{', '{"__proto__":{"entry":[]},"constructor":1,');
    expect(read(Buffer.from(message))[0]?.tests[0]?.observations).toHaveLength(1);
  });
});
