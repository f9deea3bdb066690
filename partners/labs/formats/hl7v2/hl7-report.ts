/** A laboratory's ORU^R01 in our own terms: docs/hl7.md, "Results". */
import type {
  LabReport,
  Observation,
  ReportedStatus,
  ReportedTest,
  Specimen,
} from '../../../../domain/results/lab-report.ts';
import { joiningLines } from './free-text.ts';
import { MESSAGE_LIMITS } from './hl7-limits.ts';
import { type Hl7Problem, Hl7Refused, type ReceivedSegment, readingMessage } from './hl7-message.ts';
import { codesOf, instantIn, joiningText, readingObservation, rejectReason } from './hl7-observation.ts';
import { groupingOrders, type OrderSegments, type TestSegments } from './hl7-report-segments.ts';
import { isoDate } from './hl7-time.ts';
import type { ReasonTable } from './missing-reasons.ts';
import { atOnce, Pace, type Steps } from './steps.ts';

/** What is known about the laboratory that sends a message. */
export interface ReportingLab {
  slug: string;
  /** Its local reason codes; they win over the common ones. */
  reasons: ReasonTable;
  /** IANA zone of its timestamps without an offset; America/New_York when absent. */
  time_zone?: string;
  /** The message came on its sandbox connection, where tests of the line (MSH-11 `T`, `D`) are results like any other. */
  sandbox?: boolean;
}

/** The envelope of a message: what the inbox knows it by. */
export interface ReportMessage {
  /** MSH-10. */
  control_id: string;
  type: 'ORU^R01';
  /** MSH-4.1. */
  sending_facility: string;
  /** MSH-11: `P` production, `T` training, `D` debugging. */
  processing_id: 'P' | 'T' | 'D';
}

/**
 * Reads a message into one report for each patient and placer order number in it; a message is taken whole or not at
 * all.
 * @throws Hl7Refused when it holds too much, which is counted first (hl7-limits.ts), else with the first places that are
 * wrong, so that a lab can mend them at once.
 */
export const readReports = (text: string, lab: ReportingLab): ReadMessage => atOnce(readingReports(text, lab));

/** What a message is and says. */
interface ReadMessage {
  message: ReportMessage;
  reports: LabReport[];
}

/** The same, in steps: a long message holds nobody up. */
export function* readingReports(text: string, lab: ReportingLab): Steps<ReadMessage> {
  const pace = new Pace();
  const [header, ...segments] = (yield* readingMessage(text, pace)) as [ReceivedSegment, ...ReceivedSegment[]];
  const problems: Hl7Problem[] = [];
  const message = readHeader(header, lab, problems);
  if (!message) throw new Hl7Refused(problems);

  const zone = lab.time_zone ?? 'America/New_York';
  const sentAt = instantIn(header, 7, zone, problems);
  const reading = { lab, zone, sentAt, controlId: message.control_id, problems, pace };
  const orders = yield* groupingOrders(segments, header, problems, pace);
  if (specimensOfTests(orders) > MESSAGE_LIMITS.specimens_of_tests) {
    const words = `The tests in a message can have at most ${MESSAGE_LIMITS.specimens_of_tests} specimens; split it into several messages`;
    throw new Hl7Refused([header.problem('100', words)]);
  }
  const reports: LabReport[] = [];
  for (const order of orders) reports.push(yield* readingOrder(order, reading));
  if (problems.length > 0) throw new Hl7Refused(problems);
  return { message, reports };
}

/** How many specimens there are to read, an order's own for each of its tests without any. */
function specimensOfTests(orders: readonly OrderSegments[]): number {
  let count = 0;
  for (const { tests } of orders) {
    const own = tests.reduce((sum, { specimens }) => sum + specimens.length, 0);
    for (const { specimens } of tests) count += specimens.length || own;
  }
  return count;
}

interface Reading {
  lab: ReportingLab;
  zone: string;
  /** MSH-7. */
  sentAt: string | null;
  controlId: string;
  problems: Hl7Problem[];
  pace: Pace;
}

const PROCESSING_IDS = ['P', 'T', 'D'] as const;

function readHeader(header: ReceivedSegment, lab: ReportingLab, problems: Hl7Problem[]): ReportMessage | undefined {
  const processingId = PROCESSING_IDS.find((id) => id === header.text(11));
  if (header.text(9, 1) !== 'ORU')
    problems.push(header.problem('200', 'Only results (ORU^R01) are accepted here', 9, 1));
  else if (header.text(9, 2) !== 'R01') problems.push(header.problem('201', 'Only ORU^R01 is accepted here', 9, 2));
  if (header.text(10) === '') problems.push(header.problem('101', 'MSH-10, the message control id, is required', 10));
  if (!processingId) {
    const code = header.text(11) === '' ? '101' : '202';
    problems.push(header.problem(code, 'MSH-11, the processing id, must be P, T, or D', 11));
  } else if (processingId !== 'P' && !lab.sandbox) {
    problems.push(
      header.problem('202', 'Test messages (MSH-11 T or D) are accepted on the sandbox connection only', 11),
    );
  }
  if (!/^(2(\.\d)*)?$/.test(header.text(12))) {
    problems.push(header.problem('203', 'MSH-12, the version, must be 2.5.1 or another version 2', 12));
  }
  if (problems.length > 0 || !processingId) return undefined;
  return {
    control_id: header.text(10),
    type: 'ORU^R01',
    sending_facility: header.text(4),
    processing_id: processingId,
  };
}

function* readingOrder({ pid, orc, placerOrderNumber, tests }: OrderSegments, reading: Reading): Steps<LabReport> {
  const { lab, zone, problems, pace } = reading;
  const requests = tests.map((test) => test.obr);
  const ofTheOrder = tests.flatMap((test) => test.specimens);
  const instant = (segment: ReceivedSegment, field: number) => instantIn(segment, field, zone, problems);

  const specimens: Specimen[][] = [];
  const reportTimes: (string | null)[] = [];
  for (const test of tests) {
    specimens.push(yield* readingSpecimens(test, ofTheOrder, reading));
    reportTimes.push(instant(test.obr, 22));
    if (pace.isTurnOver(test.obr.length)) yield;
  }
  const reportedAt = present(reportTimes).sort().at(-1) ?? reading.sentAt;
  if (!reportedAt) {
    problems.push(
      ...requests.map((obr) => obr.problem('101', 'The time of the report is required: OBR-22, or MSH-7', 22)),
    );
  }
  const read: ReportedTest[] = [];
  for (const [index, test] of tests.entries()) {
    yield;
    read.push(yield* readingTest(test, ofTheOrder, specimens[index] ?? [], reading));
  }
  const clinicalInformation = first(requests, (obr) => obr.freeText(13));

  return {
    lab_slug: lab.slug,
    placer_order_number: placerOrderNumber || null,
    filler_order_number: first(requests, (obr) => obr.text(3)) ?? (orc?.text(3) || null),
    control_id: reading.controlId,
    patient: readPatient(pid, problems),
    specimen_number: first(specimens.flat(), ({ number }) => number ?? ''),
    collected_at: first(specimens.flat(), ({ collected_at }) => collected_at ?? ''),
    received_at: first(specimens.flat(), ({ received_at }) => received_at ?? ''),
    reported_at: reportedAt ?? '',
    fasting: clinicalInformation === null ? null : fastingIn(clinicalInformation),
    clinical_information: clinicalInformation,
    total_volume: first(requests, (obr) => [obr.text(9, 1), obr.part(9, 2)].join(' ').trim()),
    account_number: pid.text(18) || null,
    ordering_provider: first(requests, (obr) => personIn(obr, 16)) ?? ((orc && personIn(orc, 12)) || null),
    performing_laboratories: performingLaboratories(tests),
    tests: read,
  };
}

const SEXES: Readonly<Record<string, string>> = { F: 'female', M: 'male', O: 'other', A: 'other', U: 'unknown' };

function readPatient(pid: ReceivedSegment, problems: Hl7Problem[]): LabReport['patient'] {
  const birth = pid.text(7);
  const dob = birth ? isoDate(birth) : null;
  if (dob === undefined) problems.push(pid.problem('102', 'PID-7, the date of birth, is not a date (YYYYMMDD)', 7));
  const sex = pid.text(8);
  return {
    first_name: pid.text(5, 2),
    last_name: pid.part(5, 1),
    dob: dob ?? null,
    gender: sex === '' ? null : (SEXES[sex] ?? 'unknown'),
  };
}

/** OBR-25, table 0123. */
const TEST_STATUSES: Readonly<Record<string, ReportedStatus>> = {
  P: 'preliminary',
  A: 'preliminary',
  R: 'preliminary',
  I: 'preliminary',
  S: 'preliminary',
  O: 'preliminary',
  F: 'final',
  C: 'corrected',
  X: 'cancelled',
};

function* readingTest(
  test: TestSegments,
  ofTheOrder: readonly ReceivedSegment[],
  specimens: Specimen[],
  { lab, zone, problems, pace }: Reading,
): Steps<ReportedTest> {
  const { obr } = test;
  const { loinc, local, name } = codesOf(obr, 4);
  const code = local ?? loinc;
  if (!code) problems.push(obr.problem('101', "OBR-4 must have the lab's test code", 4));
  const status = TEST_STATUSES[obr.text(25)];
  if (!status) {
    problems.push(
      obr.text(25) === ''
        ? obr.problem('101', 'OBR-25, the status of the test, is required', 25)
        : obr.problem('103', 'OBR-25 is not a status of table 0123 that a test can have: P, A, R, I, F, C, X', 25),
    );
  }
  const rejection = firstOf(segmentsOf(test, ofTheOrder), (specimen) => rejectReason(specimen, 21, lab.reasons));
  const collectedAt = specimens[0]?.collected_at ?? null;
  const observations: (Observation | undefined)[] = [];
  for (const { obx, notes } of test.observations) {
    const around = { notes, rejection, collectedAt, reasons: lab.reasons, zone, problems, pace };
    observations.push(yield* readingObservation(obx, around));
    if (pace.isTurnOver(obx.length)) yield;
  }
  return {
    provider_id: code ?? '',
    name,
    status: status ?? 'preliminary',
    observations: yield* joiningText(present(observations), pace),
    specimens,
    failure_type: rejection?.failure_type ?? null,
    notes: (yield* joiningLines(test.notes, pace)) || null,
  };
}

/** The SPM of a test; one without any was done on the specimens of its order. */
const segmentsOf = (test: TestSegments, ofTheOrder: readonly ReceivedSegment[]) =>
  test.specimens.length > 0 ? test.specimens : ofTheOrder;

/** What a test was done on; what no SPM says, its OBR does. */
function* readingSpecimens(
  test: TestSegments,
  ofTheOrder: readonly ReceivedSegment[],
  { zone, problems, pace }: Reading,
): Steps<Specimen[]> {
  const { obr } = test;
  const instant = (segment: ReceivedSegment, field: number) => instantIn(segment, field, zone, problems);
  const byRequest = {
    number: obr.text(3) || null,
    collected_at: instant(obr, 7),
    received_at: instant(obr, 14),
  };
  const specimens: Specimen[] = [];
  for (const spm of segmentsOf(test, ofTheOrder)) {
    specimens.push({
      number: specimenNumber(spm) || byRequest.number,
      collected_at: instant(spm, 17) ?? byRequest.collected_at,
      received_at: instant(spm, 18) ?? byRequest.received_at,
    });
    if (pace.isTurnOver(spm.length)) yield;
  }
  return specimens.length > 0 ? specimens : [byRequest];
}

const CLIA_NUMBER = /^\d{2}D\d{7}$/;

/** The performing laboratories (OBX-23, its address in OBX-24, its director in OBX-25) by name. */
function performingLaboratories(tests: readonly TestSegments[]): LabReport['performing_laboratories'] {
  const firstOf = new Map<string, ReceivedSegment>();
  for (const { obx } of tests.flatMap((test) => test.observations)) {
    const name = obx.part(23);
    if (name !== '' && !firstOf.has(name)) firstOf.set(name, obx);
  }
  return Object.fromEntries(
    [...firstOf].map(([name, obx]) => [
      name,
      {
        name,
        phone_number: null,
        medical_director: personIn(obx, 25) || null,
        address: obx.part(24, 1) === '' ? null : readAddress(obx),
        clia_number: [obx.text(23, 10), obx.text(23, 3)].find((id) => CLIA_NUMBER.test(id)) ?? null,
      },
    ]),
  );
}

function readAddress(obx: ReceivedSegment) {
  return {
    first_line: obx.part(24, 1),
    second_line: obx.text(24, 2) || null,
    city: obx.text(24, 3),
    state: obx.text(24, 4),
    zip: obx.text(24, 5),
    country: obx.text(24, 6),
  };
}

/** `id^family^given` as people write it. */
function personIn(segment: ReceivedSegment, field: number): string {
  return [segment.text(field, 3), segment.part(field, 2)].filter((name) => name !== '').join(' ');
}

/** SPM-2: the lab's own specimen id, else ours. */
function specimenNumber(specimen: ReceivedSegment): string {
  return specimen.part(2, 2) || specimen.part(2, 1);
}

function fastingIn(clinicalInformation: string): boolean | null {
  if (/\b(non|not|no)\b[- ]?fasting|^NF\b/i.test(clinicalInformation)) return false;
  return /\bfasting\b|^F\b/i.test(clinicalInformation) ? true : null;
}

function present<T>(values: readonly (T | null | undefined)[]): T[] {
  return values.filter((value) => value !== null && value !== undefined);
}

function firstOf<T, R>(values: readonly T[], read: (value: T) => R | undefined): R | undefined {
  for (const value of values) {
    const found = read(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first text that isn't empty. */
function first<T>(values: readonly T[], read: (value: T) => string): string | null {
  return firstOf(values, (value) => read(value) || undefined) ?? null;
}
