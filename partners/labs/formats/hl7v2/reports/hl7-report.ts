/** A laboratory's results in our own terms: docs/hl7.md, "Results". */
import type { LabProfile } from '../../../../../domain/catalogue/lab-profile.ts';
import { isOurNumber } from '../../../../../domain/orders/placer-order-number.ts';
import type {
  FailureType,
  LabReport,
  Observation,
  ReportedDocument,
  ReportedStatus,
  ReportedTest,
  Specimen,
} from '../../../../../domain/results/lab-report.ts';
import { joiningLines } from '../free-text.ts';
import { MESSAGE_LIMITS, NAMED_REMARKS } from '../hl7-limits.ts';
import {
  controlIdOf,
  type Hl7Problem,
  Hl7Refused,
  locationOf,
  type ReceivedSegment,
  readingMessage,
} from '../hl7-message.ts';
import { isoDate } from '../hl7-time.ts';
import { atOnce, Pace, type Steps } from '../steps.ts';
import { catalogued, codesOf } from './hl7-codes.ts';
import { type DocumentContents, isDocument, readingDocument } from './hl7-document.ts';
import { failureInNotes, instantIn, joiningText, readingObservation } from './hl7-observation.ts';
import { performingLaboratories, personIn, type Sites, sitesIn } from './hl7-performing-laboratories.ts';
import { groupingOrders, type OrderSegments, type TestSegments } from './hl7-report-segments.ts';
import { readingSpecimens, rejectionOf, segmentsOf, specimensOfTests } from './hl7-specimens.ts';

/** What is known about the laboratory that sends a message. */
export interface ReportingLab {
  slug: string;
  /** What it writes differently than docs/hl7.md has it. */
  profile: LabProfile;
  /** The message came on its sandbox connection, where tests of the line (MSH-11 `T`, `D`) are results like any other. */
  sandbox?: boolean;
  /** When the message came (ISO instant), for one that does not say when it was written. */
  received_at: string;
}

/** The envelope of a message: what the inbox knows it by. */
export interface ReportMessage {
  /** MSH-10; made from the content where it is blank. */
  control_id: string;
  /** MSH-9. */
  type: string;
  /** MSH-4.1. */
  sending_facility: string;
  /** MSH-11: `P` production, `T` training, `D` debugging. */
  processing_id: 'P' | 'T' | 'D';
  /** It tests the line (`T`, `D`), and came on a connection that is not there for that: nothing in it is a result. */
  is_test: boolean;
}

/**
 * Reads a message into one report for each patient and placer order number in it. What is not as it should be is taken as
 * docs/hl7.md says under "Deviations", and is among the remarks of its report.
 * @throws Hl7Refused when it holds too much, which is counted first (hl7-limits.ts); when it is no message with results, or
 * one that its sender must send elsewhere
 */
export const readReports = (text: string, lab: ReportingLab): ReadMessage => atOnce(readingReports(text, lab));

/** What a message is and says. */
interface ReadMessage {
  message: ReportMessage;
  reports: LabReport[];
  /** The contents of the documents in it, by the hash under which its reports name them. */
  contents: DocumentContents;
}

/** The same, in steps: a long message holds nobody up. */
export function* readingReports(text: string, lab: ReportingLab): Steps<ReadMessage> {
  const pace = new Pace();
  const all = yield* readingMessage(text, pace);
  assertResults(all);
  const [header, ...segments] = all as [ReceivedSegment, ...ReceivedSegment[]];
  const remarks: Hl7Problem[] = [];
  const message = readHeader(header, lab, text, remarks);

  const zone = lab.profile.time_zone ?? 'America/New_York';
  const sentAt = instantIn(header, 7, zone, remarks) ?? lab.received_at;
  const orders = yield* groupingOrders(segments, header, lab.profile, remarks, pace);
  if (specimensOfTests(orders) > MESSAGE_LIMITS.specimens_of_tests) {
    const words = `The tests in a message can have at most ${MESSAGE_LIMITS.specimens_of_tests} specimens; split it into several messages`;
    throw new Hl7Refused(header.problem('100', words));
  }
  const reports: LabReport[] = [];
  const contents: DocumentContents = new Map();
  const ofAll = remarks.slice(0, NAMED_REMARKS);
  const sites = sitesIn(segments);
  for (const order of orders) {
    const reading = { lab, zone, sites, sentAt, controlId: message.control_id, contents, remarks: [...ofAll], pace };
    reports.push(yield* readingOrder(order, reading));
  }
  return { message, reports, contents };
}

interface Reading {
  lab: ReportingLab;
  zone: string;
  sites: Sites;
  /** MSH-7. */
  sentAt: string;
  controlId: string;
  contents: DocumentContents;
  remarks: Hl7Problem[];
  pace: Pace;
}

const PROCESSING_IDS = ['P', 'T', 'D'] as const;
/** Results, with or without an order before them, and results by specimen. */
const TYPES = /^(ORU\^|OUL\^R2[1-4]$)/;

/** @param segments MSH first. @throws Hl7Refused where they are no message with results */
export function assertResults(segments: readonly ReceivedSegment[]): void {
  const header = segments[0] as ReceivedSegment;
  if (!TYPES.test(typeOf(header))) {
    throw new Hl7Refused(header.problem('200', 'Only results (ORU, OUL) are accepted here', 9, 1));
  }
  if (!segments.some(({ name }) => name === 'OBR')) {
    throw new Hl7Refused({ ...header.problem('100', 'A report needs an OBR segment'), segment: 'OBR' });
  }
}

const typeOf = (header: ReceivedSegment) => `${header.text(9, 1)}^${header.text(9, 2)}`;

function readHeader(header: ReceivedSegment, lab: ReportingLab, text: string, remarks: Hl7Problem[]): ReportMessage {
  const processingId = PROCESSING_IDS.find((id) => id === header.text(11));
  if (!processingId) {
    const words = 'MSH-11, the processing id, is not P, T, or D: it is taken for P';
    remarks.push(header.problem(header.text(11) === '' ? '101' : '202', words, 11));
  }
  if (header.text(10) === '') {
    remarks.push(header.problem('101', 'MSH-10 has no control id: the message is known by its content', 10));
  }
  if (!/^2/.test(header.text(12) || '2')) {
    remarks.push(header.problem('203', 'MSH-12 is not a version 2: it is read as 2.5.1', 12));
  }
  return {
    control_id: header.text(10) || controlIdOf('', text),
    type: typeOf(header),
    sending_facility: header.text(4),
    processing_id: processingId ?? 'P',
    is_test: (processingId ?? 'P') !== 'P' && !lab.sandbox,
  };
}

function* readingOrder({ pid, orc, placerOrderNumber, tests }: OrderSegments, reading: Reading): Steps<LabReport> {
  const { lab, zone, sites, remarks, pace } = reading;
  const requests = tests.map((test) => test.obr);
  const ofTheOrder = tests.flatMap((test) => test.specimens);
  const instant = (segment: ReceivedSegment, field: number) => instantIn(segment, field, zone, remarks);

  const specimens: Specimen[][] = [];
  const reportTimes: (string | null)[] = [];
  for (const test of tests) {
    specimens.push(yield* readingSpecimens(test, ofTheOrder, reading));
    reportTimes.push(instant(test.obr, 22));
    if (pace.isTurnOver(test.obr.length)) yield;
  }
  const reportedAt = present(reportTimes).sort().at(-1) ?? reading.sentAt;
  if (!reportedAt)
    throw new Error('Whoever reads a report that does not say when it was written must know when it came');
  const read: ReportedTest[] = [];
  const documents: ReportedDocument[] = [];
  for (const [index, test] of tests.entries()) {
    yield;
    const found = yield* readingTest(test, ofTheOrder, specimens[index] ?? [], reading);
    if (found.test) read.push(found.test);
    for (const document of found.documents) documents.push(document);
  }
  const fillers = new Set(requests.map((obr) => obr.text(3) || orc?.text(3) || ''));
  const isKnownByFiller = fillers.size === 1 && !fillers.has('') && !isOurNumber(placerOrderNumber);
  const clinicalInformation = first(requests, (obr) => obr.freeText(13));

  return {
    lab_slug: lab.slug,
    placer_order_number: placerOrderNumber || null,
    filler_order_number: first(requests, (obr) => obr.text(3)) ?? (orc?.text(3) || null),
    ...(isKnownByFiller && { is_known_by_filler: true as const }),
    control_id: reading.controlId,
    patient: readPatient(pid, remarks),
    specimen_number: first(specimens.flat(), ({ number }) => number ?? ''),
    collected_at: first(specimens.flat(), ({ collected_at }) => collected_at ?? ''),
    received_at: first(specimens.flat(), ({ received_at }) => received_at ?? ''),
    reported_at: reportedAt,
    fasting: clinicalInformation === null ? null : fastingIn(clinicalInformation),
    clinical_information: clinicalInformation,
    total_volume: first(requests, (obr) => [obr.text(9, 1), obr.part(9, 2)].join(' ').trim()),
    account_number: pid.text(18) || null,
    ordering_provider: first(requests, (obr) => personIn(obr, 16)) ?? ((orc && personIn(orc, 12)) || null),
    performing_laboratories: performingLaboratories(tests, sites),
    tests: read,
    ...(documents.length > 0 && { documents }),
    ...(remarks.length > 0 && { remarks: inWords(remarks) }),
  };
}

/** The first remarks, each with its place, and how many more there are. */
function inWords(remarks: readonly Hl7Problem[]): string[] {
  const all = [...new Set(remarks.map((remark) => `${locationOf(remark)}: ${remark.text}`))];
  const more = all.length - NAMED_REMARKS;
  return more > 0 ? [...all.slice(0, NAMED_REMARKS), `and ${more} more`] : all;
}

const SEXES: Readonly<Record<string, string>> = { F: 'female', M: 'male', O: 'other', A: 'other', U: 'unknown' };

function readPatient(pid: ReceivedSegment, remarks: Hl7Problem[]): LabReport['patient'] {
  const birth = pid.text(7);
  const dob = birth ? isoDate(birth) : null;
  if (dob === undefined) {
    remarks.push(pid.problem('102', 'PID-7, the date of birth, is not a date (YYYYMMDD): it is left out', 7));
  }
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

/** An OBR: the test that it is, unless there is nothing under it but documents, and those. */
interface ReadObr {
  test: ReportedTest | null;
  documents: ReportedDocument[];
}

function* readingTest(
  test: TestSegments,
  ofTheOrder: readonly ReceivedSegment[],
  specimens: Specimen[],
  { lab, zone, sites, contents, remarks, pace }: Reading,
): Steps<ReadObr> {
  const { obr } = test;
  const reflexOf = obr.part(26) || obr.part(26, 1, 4);
  const isForDocuments = test.observations.length > 0 && test.observations.every(({ obx }) => isDocument(obx));
  const { loinc, local, name } = codesOf(obr, 4);
  const code = catalogued(local ?? loinc, lab.profile.tests);
  if (!code && !isForDocuments)
    remarks.push(obr.problem('101', "OBR-4 has no code of the lab's test: it has only its name", 4));
  const code25 = obr.text(25).toUpperCase();
  const status = Object.hasOwn(TEST_STATUSES, code25) ? TEST_STATUSES[code25] : undefined;
  if (!status && !isForDocuments) {
    const words = 'OBR-25 is not a status of table 0123: the test is final when all results that it must have are';
    remarks.push(obr.problem(code25 === '' ? '101' : '103', words, 25));
  }
  const rejection = firstOf(segmentsOf(test, ofTheOrder), (specimen) => rejectionOf(specimen, lab.profile));
  const collectedAt = specimens[0]?.collected_at ?? null;
  const observations: Observation[] = [];
  const uncoded: string[] = [];
  const documents: ReportedDocument[] = [];
  for (const { obx, notes } of test.observations) {
    if (isDocument(obx)) {
      const document = yield* readingDocument(obx, contents, remarks, pace);
      if (typeof document === 'object') documents.push(document);
      if (document !== 'text') continue;
    }
    const around = {
      notes,
      rejection,
      testStatus: status,
      collectedAt,
      profile: lab.profile,
      zone,
      sites,
      remarks,
      pace,
    };
    const { observation, note } = yield* readingObservation(obx, around);
    if (observation) observations.push(observation);
    if (note) uncoded.push(note);
    if (pace.isTurnOver(obx.length)) yield;
  }
  if (isForDocuments && observations.length + uncoded.length === 0) return { test: null, documents };
  const notes = yield* joiningLines([...test.notes, ...uncoded], pace);
  const read = {
    provider_id: code ?? '',
    name,
    status: status ?? ('preliminary' as const),
    ...(reflexOf !== '' && { reflex_of: reflexOf }),
    ...(!status && { is_status_unclear: true as const }),
    observations: yield* joiningText(observations, pace),
    specimens,
    failure_type:
      rejection?.failure_type ?? (test.observations.length === 0 ? reasonInNotes(notes, lab.profile) : null),
    notes: notes || null,
  };
  return { test: read, documents };
}

/** The reason that the notes of a test without results give by a code; null without one. */
function reasonInNotes(notes: string, profile: LabProfile): FailureType | null {
  const reason = failureInNotes(notes, profile);
  return reason === 'unknown_failure' ? null : reason;
}

function fastingIn(clinicalInformation: string): boolean | null {
  if (/\b(non|not|no)\b[- ]?fasting|\bfasting\s*[:=?-]?\s*(no?|false)\b|^NF\b/i.test(clinicalInformation)) return false;
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
