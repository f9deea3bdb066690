/** Composing results as a FHIR R4 Bundle, for who wants them so: what docs/fhir.md has a laboratory send. */
import type { Analyte, Laboratory } from './catalogue.ts';
import { parseMessage, segmentsOf, valueAt } from './hl7.ts';
import { newControlId } from './order-message.ts';
import type { LabOrder, Report, TestStatus } from './orders.ts';
import { fillerNumber, REASONS, type ReportTimes, reasonTable, type TestFindings } from './report.ts';
import { printedRange, type Value } from './values.ts';

const STATUSES: Readonly<Record<TestStatus, string>> = { P: 'preliminary', F: 'final', C: 'corrected', X: 'cancelled' };
const SEXES: Readonly<Record<string, string>> = { F: 'female', M: 'male', O: 'other', U: 'unknown' };
const TYPES = 'http://terminology.hl7.org/CodeSystem/v2-0203';
const FLAGS = 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation';

/** A number with the digits that it was given. */
const digits = (text: string) => (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);

/** A report on an order, to be sent at `dueAt`. `rejected` is the reason the whole specimen was of no use. */
export function composeFhirReport(
  lab: Laboratory,
  order: LabOrder,
  findings: TestFindings[],
  times: ReportTimes,
  rejected?: string,
): Report {
  if (!order.accepted) throw new Error(`order ${order.placer} was never accepted`);
  const controlId = newControlId();
  const filler = fillerNumber(lab, order.placer);
  const resources: object[] = [
    patientOf(order.accepted.requisition.patient),
    laboratoryOf(lab),
    {
      resourceType: 'ServiceRequest',
      id: 'order',
      identifier: [typed('PLAC', order.placer), typed('FILL', filler)],
      status: 'active',
      intent: 'order',
      subject: { reference: 'Patient/patient' },
    },
    {
      resourceType: 'Specimen',
      id: 'specimen',
      identifier: [{ value: `S${filler}` }],
      status: rejected ? 'unsatisfactory' : 'available',
      subject: { reference: 'Patient/patient' },
      receivedTime: times.receivedAt.toISOString(),
      collection: { collectedDateTime: times.collectedAt.toISOString() },
      ...(rejected && { condition: [reason(rejected)] }),
    },
  ];
  findings.forEach((finding, index) => {
    const results = finding.results.map(({ analyte, found }, number) =>
      observation(lab, { id: `result-${index}-${number}`, analyte, found, status: finding.status, times }),
    );
    resources.push(diagnosticReport(finding, filler, index, results, times), ...results);
  });
  const base = `https://${lab.slug}.example/fhir`;
  return {
    controlId,
    dueAt: times.dueAt.toISOString(),
    tests: findings.map(({ test, status }) => ({ code: test.provider_id, status })),
    format: 'fhir',
    text: JSON.stringify({
      resourceType: 'Bundle',
      type: 'collection',
      identifier: { system: `${base}/messages`, value: controlId },
      timestamp: times.dueAt.toISOString(),
      entry: resources.map((resource) => {
        const { resourceType, id } = resource as { resourceType: string; id: string };
        return { fullUrl: `${base}/${resourceType}/${id}`, resource };
      }),
    }),
  };
}

/** From the PID of the order. */
function patientOf(pid: string): object {
  const [segment] = segmentsOf(parseMessage(`MSH|^~\\&|\r${pid}`)).filter(({ name }) => name === 'PID');
  return {
    resourceType: 'Patient',
    id: 'patient',
    name: [{ family: valueAt(segment, '5.1'), given: [valueAt(segment, '5.2')] }],
    birthDate: valueAt(segment, '7').replace(/^(\d{4})(\d{2})(\d{2}).*$/, '$1-$2-$3'),
    gender: SEXES[valueAt(segment, '8')] ?? 'unknown',
  };
}

function laboratoryOf(lab: Laboratory): object {
  return {
    resourceType: 'Organization',
    id: 'laboratory',
    identifier: [{ value: lab.clia_number }],
    name: lab.name,
    address: [
      { line: [lab.first_line_address], city: lab.city, state: lab.state, postalCode: lab.zipcode, country: 'USA' },
    ],
    contact: [{ name: { text: lab.medical_director.split(', ')[0] } }],
  };
}

function diagnosticReport(
  { test, status }: TestFindings,
  filler: string,
  index: number,
  results: { id: string }[],
  times: ReportTimes,
): object {
  return {
    resourceType: 'DiagnosticReport',
    id: `report-${index}`,
    identifier: [typed('FILL', filler)],
    basedOn: [{ reference: 'ServiceRequest/order' }],
    status: STATUSES[status],
    code: { coding: [{ system: 'https://lab.example/tests', code: test.provider_id }], text: test.name },
    subject: { reference: 'Patient/patient' },
    effectiveDateTime: times.collectedAt.toISOString(),
    issued: times.dueAt.toISOString(),
    performer: [{ reference: 'Organization/laboratory' }],
    specimen: [{ reference: 'Specimen/specimen' }],
    result: results.map(({ id }) => ({ reference: `Observation/${id}` })),
  };
}

interface Finding {
  id: string;
  analyte: Analyte;
  found: Value | { missing: string };
  status: TestStatus;
  times: ReportTimes;
}

function observation(lab: Laboratory, { id, analyte, found, status, times }: Finding) {
  const range = printedRange(analyte);
  return {
    resourceType: 'Observation',
    id,
    status: 'missing' in found ? 'cancelled' : STATUSES[status],
    code: {
      coding: [
        { system: 'http://loinc.org', code: analyte.loinc.code, display: analyte.loinc.name },
        { system: `https://${lab.slug}.example/results`, code: analyte.provider_id },
      ],
      text: analyte.name,
    },
    subject: { reference: 'Patient/patient' },
    effectiveDateTime: times.dueAt.toISOString(),
    performer: [{ reference: 'Organization/laboratory' }],
    ...('missing' in found ? { dataAbsentReason: reason(found.missing) } : valued(found, analyte)),
    ...(range && { referenceRange: [{ text: range }] }),
  };
}

function valued({ type, components, flag }: Value, { loinc }: Analyte): object {
  const [first = '', second = ''] = components;
  const interpretation = [{ coding: [{ system: FLAGS, code: flag }] }];
  if (type === 'ST') return { valueString: first, interpretation };
  const unit = loinc.unit ? { unit: loinc.unit } : {};
  const quantity =
    type === 'SN' ? { value: digits(second), comparator: first, ...unit } : { value: digits(first), ...unit };
  return { valueQuantity: quantity, interpretation };
}

function reason(code: string): object {
  const system =
    reasonTable(code) === 'L' ? 'https://lab.example/reasons' : 'http://terminology.hl7.org/CodeSystem/v2-0490';
  return { coding: [{ system, code }], text: REASONS[code] ?? code };
}

const typed = (code: string, value: string) => ({ type: { coding: [{ system: TYPES, code }] }, value });
