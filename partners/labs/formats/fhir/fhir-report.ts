/** A laboratory's results from a FHIR Bundle, in our own terms: docs/fhir.md, "In". */
import { isOurNumber } from '../../../../domain/orders/placer-order-number.ts';
import type { LabReport, ReportedTest, Specimen } from '../../../../domain/results/lab-report.ts';
import { controlIdOf } from '../hl7v2/hl7-message.ts';
import type { DocumentContents } from '../hl7v2/reports/hl7-document.ts';
import type { ReportingLab } from '../hl7v2/reports/hl7-report.ts';
import { atOnce, Pace, type Steps } from '../hl7v2/steps.ts';
import { type ReceivedBundle, readingBundle } from './fhir-bundle.ts';
import { instantIn, laboratoryIn, patientIn, personName } from './fhir-codes.ts';
import { type FhirElement, Remarks } from './fhir-element.ts';
import { fillerNumberOf, isOfType, ownFillerNumberOf, placerNumberOf, requestOf } from './fhir-order-numbers.ts';
import { FhirRefused } from './fhir-refused.ts';
import { type ReadTest, readingTests } from './fhir-tests.ts';

/** What a message is and says. */
export interface ReadBundle {
  message: {
    control_id: string;
    /** It is test data, and came on a connection that is not there for that: nothing in it is a result. */
    is_test: boolean;
  };
  reports: LabReport[];
  /** The contents of the documents in it, by the hash under which its reports name them. */
  contents: DocumentContents;
}

/**
 * Reads a message into one report for each patient and placer order number in it.
 * @throws FhirRefused when it holds too much, which is counted first (fhir-limits.ts); when it is no FHIR with results
 */
export const readBundle = (bytes: Buffer, lab: ReportingLab): ReadBundle => atOnce(readingReportsInBundle(bytes, lab));

/** The same, in steps: a long message holds nobody up. */
export function* readingReportsInBundle(bytes: Buffer, lab: ReportingLab): Steps<ReadBundle> {
  const pace = new Pace();
  const ofAll = new Remarks();
  const bundle = yield* readingBundle(bytes, ofAll, pace);
  const { root, resources } = bundle;
  const contents: DocumentContents = new Map();
  const zone = lab.profile.time_zone ?? 'America/New_York';
  const tests = yield* readingTests(bundle, { lab, zone, contents, remarks: ofAll, pace });
  if (tests.length === 0) {
    throw new FhirRefused(422, 'required', 'There is no DiagnosticReport and no Observation in the message', root.path);
  }
  const control_id = numberOf(root) || root.text('id') || controlIdOf('', bytes.toString('latin1'));
  const sentAt = instantIn(root, 'timestamp', zone, ofAll) ?? lab.received_at;
  const reports: LabReport[] = [];
  for (const ofOrder of ordersOf(tests)) {
    reports.push(reportOf(bundle, ofOrder, { lab, control_id, sentAt, ofAll }));
    yield;
  }
  const is_test = !lab.sandbox && [root, ...resources].some(isTest);
  return { message: { control_id, is_test }, reports, contents };
}

const TEST_DATA = ['HTEST'];

const isTest = (resource: FhirElement): boolean =>
  ['tag', 'security'].some((list) =>
    resource
      .one('meta')
      ?.all(list)
      .some((one) => TEST_DATA.includes(one.text('code'))),
  );

/** Of the Bundle, or of the header of its message. */
const numberOf = (root: FhirElement) => root.one('identifier')?.text('value') ?? '';

/**
 * Tests of one patient and one number belong together, and so do those of one order that is named by its id; one without
 * either belongs to the one before, and one that names an order only by its id to a number before it.
 */
function ordersOf(tests: readonly ReadTest[]): ReadTest[][] {
  const orders = new Map<FhirElement | undefined, Map<string, ReadTest[]>>();
  let before: ReadTest | undefined;
  let number = '';
  for (const test of tests) {
    const known = before && before.patient === test.patient ? number : '';
    const reference = test.numbers.orderId && `ServiceRequest/${test.numbers.orderId}`;
    number = placerNumberOf(test.numbers) ?? (reference && /^(ServiceRequest\/|$)/.test(known) ? reference : known);
    before = test;
    const ofPatient = orders.get(test.patient) ?? new Map<string, ReadTest[]>();
    orders.set(test.patient, ofPatient);
    const others = ofPatient.get(number);
    if (others) others.push(test);
    else ofPatient.set(number, [test]);
  }
  return [...orders.values()].flatMap((ofPatient) => [...ofPatient.values()]);
}

interface Around {
  lab: ReportingLab;
  control_id: string;
  sentAt: string;
  ofAll: Remarks;
}

function reportOf(
  bundle: ReceivedBundle,
  tests: readonly ReadTest[],
  { lab, control_id, sentAt, ofAll }: Around,
): LabReport {
  const remarks = new Remarks();
  remarks.addAll(ofAll);
  for (const test of tests) remarks.addAll(test.remarks);
  const [{ patient, source }] = tests as [ReadTest];
  const known = patientIn(patient, source, remarks);
  const filler = first(tests, ({ numbers }) => fillerNumberOf(numbers));
  const placer = first(tests, ({ numbers }) => placerNumberOf(numbers) ?? '');
  const orderId = first(tests, ({ numbers }) => numbers.orderId ?? '');
  const fillers = new Set(tests.map(({ numbers }) => ownFillerNumberOf(numbers)));
  const isNumbered = placer !== null && isOurNumber(placer);
  const specimensOfOrder = tests.flatMap((test) => test.specimens);
  const documents = tests.flatMap((test) => test.documents);
  const read = tests.flatMap((test) => (test.isForDocuments ? [] : testOf(test, specimensOfOrder, filler)));
  const specimens = read.flatMap((test) => test.specimens);
  const words = remarks.inWords();
  return {
    lab_slug: lab.slug,
    placer_order_number: placer,
    filler_order_number: filler,
    ...(orderId !== null && !isNumbered && { order_id: orderId }),
    ...(fillers.size === 1 && !fillers.has('') && !isNumbered && { is_known_by_filler: true as const }),
    control_id,
    patient: known,
    specimen_number: first(specimens, ({ number }) => number ?? ''),
    collected_at: first(specimens, ({ collected_at }) => collected_at ?? ''),
    received_at: first(specimens, ({ received_at }) => received_at ?? ''),
    reported_at:
      tests
        .flatMap(({ issued }) => issued ?? [])
        .sort()
        .at(-1) ?? sentAt,
    fasting: tests.map((test) => test.fasting).find((fasting) => fasting !== null) ?? null,
    clinical_information: null,
    total_volume: first(tests, (test) => test.total_volume),
    account_number: patient ? accountOf(patient) : null,
    ordering_provider: first(tests, (test) => ordererOf(bundle, test)),
    performing_laboratories: laboratoriesOf(tests),
    tests: read,
    ...(documents.length > 0 && { documents }),
    ...(words.length > 0 && { remarks: words }),
  };
}

/** A test that names no specimen was done on those of its order; without any, on what the report says of one. */
function testOf(
  { test, specimens, effective }: ReadTest,
  ofOrder: readonly Specimen[],
  filler: string | null,
): ReportedTest {
  const chosen = specimens.length > 0 ? specimens : ofOrder;
  const all = chosen.length > 0 ? chosen : [{ number: null, collected_at: null, received_at: null }];
  return {
    ...test,
    specimens: all.map(({ number, collected_at, received_at }) => ({
      number: number ?? filler,
      collected_at: collected_at ?? effective,
      received_at,
    })),
  };
}

const accountOf = (patient: FhirElement): string | null =>
  patient
    .all('identifier')
    .find((number) => isOfType(number, 'AN'))
    ?.text('value') || null;

function ordererOf(bundle: ReceivedBundle, { source }: ReadTest): string {
  const request = requestOf(bundle, source);
  const requester = request?.one('requester');
  const person = request && bundle.follow(requester, request, 'Practitioner');
  return personName(person?.one('name')) || (requester?.text('display') ?? '');
}

function laboratoriesOf(tests: readonly ReadTest[]): LabReport['performing_laboratories'] {
  const laboratories: LabReport['performing_laboratories'] = {};
  for (const [name, performer] of tests.flatMap((test) => [...test.performers])) {
    if (!Object.hasOwn(laboratories, name)) laboratories[name] = laboratoryIn(performer);
  }
  return laboratories;
}

function first<T>(values: readonly T[], read: (value: T) => string): string | null {
  for (const value of values) {
    const found = read(value);
    if (found !== '') return found;
  }
  return null;
}
