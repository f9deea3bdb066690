/** One OBX as an observation: its value, status, flags and, when it can't be had, the reason. */
import type {
  FailureType,
  Interpretation,
  Observation,
  ReportedStatus,
} from '../../../../domain/results/lab-report.ts';
import { joiningLines } from './free-text.ts';
import type { Hl7Problem, ReceivedSegment } from './hl7-message.ts';
import { isoInstant } from './hl7-time.ts';
import { failureOf, type ReasonTable } from './missing-reasons.ts';
import type { Pace, Steps } from './steps.ts';

/** OBX-11, table 0085. `pending` observations say that a value will come and are left out of a report. */
const STATUSES: Readonly<Record<string, ReportedStatus | 'pending'>> = {
  F: 'final',
  U: 'final',
  C: 'corrected',
  P: 'preliminary',
  R: 'preliminary',
  S: 'preliminary',
  I: 'pending',
  X: 'cancelled',
  D: 'cancelled',
  W: 'cancelled',
};

/** OBX-8, table 0078; a flag that isn't here is `unknown`. */
const FLAGS: Readonly<Record<string, Interpretation>> = {
  N: 'normal',
  H: 'abnormal',
  L: 'abnormal',
  A: 'abnormal',
  '>': 'abnormal',
  '<': 'abnormal',
  HH: 'critical',
  LL: 'critical',
  AA: 'critical',
};
const WORST_FIRST: readonly Interpretation[] = ['critical', 'abnormal', 'unknown', 'normal'];

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)$/;
const RANGE = /^([<>]=?\d*(\.\d+)?|(\d*(\.\d+)?-\d*(\.\d+)?))$/;
/** Documents inside a message: kept with the message in the inbox, and no observation. */
const DOCUMENT_TYPES = ['ED', 'RP'];

/** What an observation takes over from around it. */
export interface ObservationContext {
  /** NTE lines below the OBX, with the blanks that begin them. */
  notes: readonly string[];
  /** The specimen's reject reason (SPM-21), for a cancelled result without a reason of its own. */
  rejection: RejectReason | undefined;
  /** When the specimen was collected, for an OBX without a time. */
  collectedAt: string | null;
  reasons: ReasonTable;
  /** IANA zone of timestamps without an offset. */
  zone: string;
  /** Where everything that is wrong is put. */
  problems: Hl7Problem[];
  pace: Pace;
}

/** A coded reason for which there is no result. */
export interface RejectReason {
  failure_type: FailureType;
  text: string;
}

/** The code and name that identify a test or a result: a `LOINC^name^LN^lab code^lab name^L` field. */
export function codesOf(segment: ReceivedSegment, field: number) {
  const [code, name, system, otherCode, otherName, otherSystem] = [1, 2, 3, 4, 5, 6].map((component) =>
    segment.text(field, component),
  ) as [string, string, string, string, string, string];
  const otherIsLoinc = otherSystem === 'LN' && system !== 'LN';
  const loinc = system === 'LN' ? code : otherIsLoinc ? otherCode : '';
  const local = system === 'LN' ? otherCode : code || otherCode;
  return { loinc: loinc || null, local: local || null, name: name || otherName || local || loinc };
}

/** The reason in a coded field (`code^text^table`); undefined when the field has no code and no text. */
export function rejectReason(segment: ReceivedSegment, field: number, reasons: ReasonTable): RejectReason | undefined {
  const code = segment.text(field, 1);
  const text = segment.text(field, 2) || segment.text(field, 9);
  return code || text ? { failure_type: failureOf(code, reasons), text: text || code } : undefined;
}

/**
 * Reads an OBX, in steps. Undefined when it holds nothing to report: its value is still to come, it carries a
 * document, or something is wrong, which is then among `context.problems`.
 */
export function* readingObservation(obx: ReceivedSegment, context: ObservationContext): Steps<Observation | undefined> {
  const { problems } = context;
  const status = statusOf(obx, problems);
  const { loinc, local, name } = codesOf(obx, 3);
  if (!loinc && !local) problems.push(obx.problem('101', 'OBX-3 must have the code of the result', 3));
  const observed_at = instantIn(obx, 14, context.zone, problems) ?? context.collectedAt;
  if (!status || status === 'pending') return undefined;

  const notes = yield* joiningLines(context.notes, context.pace);
  const flags = flagsOf(obx);
  const facts = {
    loinc,
    provider_id: local,
    name,
    unit: obx.text(6) || null,
    reference_range: obx.freeText(7) || null,
    source_interpretation: flags.join('~'),
    observed_at,
    performing_laboratory: obx.part(23) || null,
  };
  if (status === 'cancelled') {
    const reason = rejectReason(obx, 5, context.reasons) ?? context.rejection;
    return {
      ...facts,
      status,
      type: 'comment',
      value: null,
      failure_type: reason?.failure_type ?? 'unknown_failure',
      interpretation: 'unknown',
      notes: [reason?.text, notes].filter(Boolean).join('\n') || null,
    };
  }

  const reading = readValue(obx, status, notes, problems);
  if (!reading) return undefined;
  return {
    ...facts,
    notes: notes || null,
    ...reading,
    status,
    failure_type: null,
    interpretation: interpretationOf(flags),
  };
}

/** The instant in a timestamp field; null when the field is empty, or wrong and so among the problems. */
export function instantIn(
  segment: ReceivedSegment,
  field: number,
  zone: string,
  problems: Hl7Problem[],
): string | null {
  const text = segment.text(field);
  if (text === '') return null;
  const instant = isoInstant(text, zone);
  if (instant) return instant;
  problems.push(segment.problem('102', `${segment.name}-${field} is not a date and time (YYYYMMDDHHMM)`, field));
  return null;
}

function statusOf(obx: ReceivedSegment, problems: Hl7Problem[]) {
  const text = obx.text(11);
  if (Object.hasOwn(STATUSES, text)) return STATUSES[text];
  problems.push(
    text === ''
      ? obx.problem('101', 'OBX-11, the status of the result, is required', 11)
      : obx.problem('103', 'OBX-11 is not a status of table 0085 that a result can have: P, F, C, X', 11),
  );
  return undefined;
}

type Reading = Pick<Observation, 'type' | 'value'> & { notes?: null };

/** The value; the notes become one that is empty, since labs also report in words only. */
function readValue(
  obx: ReceivedSegment,
  status: ReportedStatus,
  notes: string,
  problems: Hl7Problem[],
): Reading | undefined {
  const type = obx.text(2);
  if (DOCUMENT_TYPES.includes(type)) return undefined;
  if (obx.freeText(5) === '') {
    if (status === 'preliminary') return undefined;
    if (notes) return { type: 'comment', value: notes, notes: null };
    problems.push(obx.problem('101', 'OBX-5, the value, is required unless OBX-11 is X', 5));
    return undefined;
  }
  const read = Object.hasOwn(VALUE_TYPES, type) ? VALUE_TYPES[type] : undefined;
  if (!read) {
    problems.push(obx.problem(type ? '103' : '101', 'OBX-2 must be one of NM, SN, ST, TX, FT, CE, CWE', 2));
    return undefined;
  }
  const reading = read(obx);
  if (typeof reading !== 'string') return reading;
  problems.push(obx.problem('102', reading, 5));
  return undefined;
}

/** How each type of OBX-2 is read; a text says what is wrong with the value. */
const VALUE_TYPES: Readonly<Record<string, (obx: ReceivedSegment) => Reading | string>> = {
  NM: (obx) => numberOrRange(obx.freeText(5)) ?? 'OBX-5 is not a number (OBX-2 is NM)',
  SN: structuredNumber,
  ST: (obx) => numberOrRange(obx.freeText(5)) ?? words(obx),
  TX: words,
  FT: words,
  CE: codedValue,
  CWE: codedValue,
};

/** With the blanks that begin its lines: the text may go on in other OBX (`joiningText`). */
function words(obx: ReceivedSegment): Reading {
  return { type: 'comment', value: obx.lines(5).join('\n') };
}

function numberOrRange(text: string): Reading | undefined {
  if (NUMBER.test(text)) return { type: 'numeric', value: text };
  const closed = text.replace(/\s/g, '');
  return /\d/.test(closed) && RANGE.test(closed) ? { type: 'range', value: closed } : undefined;
}

/** `<^5.0` is `<5.0`, `^10^-^20` is `10-20`, `^98` is a number, a titre such as `^1^:^128` is text. */
function structuredNumber(obx: ReceivedSegment): Reading | string {
  const [comparator = '', first = '', separator = '', second = ''] = obx.components(5);
  if (![first, second].every((number) => number === '' || NUMBER.test(number)) || first + second === '') {
    return 'OBX-5 is not comparator^number^separator^number (OBX-2 is SN)';
  }
  const text = `${comparator === '=' ? '' : comparator}${first}${separator}${second}`;
  return numberOrRange(text) ?? { type: 'comment', value: text };
}

function codedValue(obx: ReceivedSegment): Reading {
  const values = obx.repetitions(5, 2, 9, 1).map((texts) => texts.find((text) => text !== ''));
  return { type: 'coded_value', value: values.filter((value) => value !== undefined).join(', ') };
}

function flagsOf(obx: ReceivedSegment): string[] {
  return obx
    .repetitions(8, 1)
    .flat()
    .filter((flag) => flag !== '');
}

/** The worst of the flags; none means normal. */
function interpretationOf(flags: readonly string[]): Interpretation {
  const meanings = flags.map((flag) => (Object.hasOwn(FLAGS, flag) ? FLAGS[flag] : 'unknown'));
  return WORST_FIRST.find((interpretation) => meanings.includes(interpretation)) ?? 'normal';
}

/** Text that a lab spread over several OBX of the same code and status becomes one observation. */
export function* joiningText(observations: readonly Observation[], pace: Pace): Steps<Observation[]> {
  const joined: { observation: Observation; lines: string[] | null }[] = [];
  const texts = new Map<string, string[]>();
  for (const observation of observations) {
    const { loinc, provider_id, status, type, value } = observation;
    if (type !== 'comment' || value === null) {
      joined.push({ observation, lines: null });
      continue;
    }
    const key = JSON.stringify([loinc, provider_id, status]);
    const begun = texts.get(key);
    if (begun) {
      begun.push(value);
      continue;
    }
    const lines = [value];
    texts.set(key, lines);
    joined.push({ observation, lines });
  }
  const whole: Observation[] = [];
  for (const { observation, lines } of joined) {
    whole.push(lines ? { ...observation, value: yield* joiningLines(lines, pace) } : observation);
  }
  return whole;
}
