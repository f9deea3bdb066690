/** One OBX as an observation: its value, status, flags and, when it can't be had, the reason. */
import type { LabProfile } from '../../../../../domain/catalogue/lab-profile.ts';
import type {
  FailureType,
  Interpretation,
  Observation,
  ReportedStatus,
} from '../../../../../domain/results/lab-report.ts';
import { joiningLines } from '../free-text.ts';
import type { Hl7Problem, ReceivedSegment } from '../hl7-message.ts';
import { isoInstant } from '../hl7-time.ts';
import type { Pace, Steps } from '../steps.ts';
import { resultCodesOf } from './hl7-codes.ts';
import { performerOf, type Sites } from './hl7-performing-laboratories.ts';
import { inParts, isText, isValueType, type Reading, valueIn, withoutCommas, wordForNoValue } from './hl7-values.ts';
import { failureOf } from './missing-reasons.ts';

/**
 * OBX-11, table 0085. Observations with `none` carry no result, now or at all (to come, not asked for, only describing the
 * order), and are left out of a report.
 */
const STATUSES: Readonly<Record<string, ReportedStatus | 'none'>> = {
  F: 'final',
  U: 'final',
  C: 'corrected',
  P: 'preliminary',
  R: 'preliminary',
  S: 'preliminary',
  I: 'none',
  N: 'none',
  O: 'none',
  X: 'cancelled',
  D: 'withdrawn',
  W: 'withdrawn',
};

/** OBX-8, table 0078, in capitals and without a `*`; a flag that isn't here is `unknown`. */
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
  // Beyond the table, as laboratories write them: panic, and reactive.
  HP: 'critical',
  LP: 'critical',
  HU: 'critical',
  LU: 'critical',
  R: 'abnormal',
};
const WORST_FIRST: readonly Interpretation[] = ['critical', 'abnormal', 'unknown', 'normal'];

/** What an observation takes over from around it. */
export interface ObservationContext {
  /** NTE lines below the OBX, with the blanks that begin them. */
  notes: readonly string[];
  /** The specimen's reject reason (SPM-21), for a cancelled result without a reason of its own. */
  rejection: RejectReason | undefined;
  /** OBR-25, for an OBX without a status that means anything; undefined where that doesn't either. */
  testStatus: ReportedStatus | undefined;
  /** When the specimen was collected, for an OBX without a time. */
  collectedAt: string | null;
  profile: LabProfile;
  /** IANA zone of timestamps without an offset. */
  zone: string;
  sites: Sites;
  /** Where everything is put that is not as it should be, with what was made of it. */
  remarks: Hl7Problem[];
  pace: Pace;
}

/** A coded reason for which there is no result. */
export interface RejectReason {
  failure_type: FailureType;
  text: string;
}

/** The reason in a coded field (`code^text^table`), of several the first that is known; undefined when the field has no code and no text. */
export function rejectReason(
  segment: ReceivedSegment,
  field: number,
  { reasons }: LabProfile,
): RejectReason | undefined {
  const given = segment.coded(field).flatMap(({ codes, texts }): RejectReason[] => {
    const text = texts[0] ?? codes[0];
    const failures = codes.map((code) => failureOf(code, reasons));
    return text === undefined ? [] : [{ failure_type: failures.find(isKnown) ?? 'unknown_failure', text }];
  });
  return given.find(({ failure_type }) => isKnown(failure_type)) ?? given[0];
}

const isKnown = (failure: FailureType) => failure !== 'unknown_failure';

/** What an OBX says. */
interface ReadObx {
  /** Null when it holds nothing to report: its value is still to come. */
  observation: Observation | null;
  /** What it says although it has no code to say it under: a note of its test. */
  note: string | null;
}

const NOTHING: ReadObx = { observation: null, note: null };

/** Reads an OBX, in steps. Whatever is odd about it is among `context.remarks`. */
export function* readingObservation(obx: ReceivedSegment, context: ObservationContext): Steps<ReadObx> {
  const { profile, remarks } = context;
  const status = statusOf(obx, context);
  const { loinc, local, name } = resultCodesOf(obx, profile);
  const observed_at = instantIn(obx, 14, context.zone, remarks) ?? context.collectedAt;
  if (status === 'none') return NOTHING;

  const notes = yield* joiningLines(context.notes, context.pace);
  if (!loinc && !local) {
    if (status === 'withdrawn') return NOTHING;
    remarks.push(obx.problem('101', 'OBX-3 has no code of the result: it is shown as a note of its test', 3));
    const text = [name, obx.freeText(5), notes].filter(Boolean).join('\n');
    return { observation: null, note: text || null };
  }
  const flags = flagsOf(obx);
  const sub_id = subIdOf(obx);
  const facts = {
    loinc,
    provider_id: local,
    ...(sub_id && { sub_id }),
    name,
    unit: unitOf(obx) || null,
    reference_range: withoutCommas(obx.freeText(7), profile) || null,
    source_interpretation: flags.join('~'),
    observed_at,
    performing_laboratory: performerOf(obx, context.sites) || null,
  };
  const missing = (
    failure_type: FailureType,
    reason: string | undefined,
    as: 'cancelled' | 'withdrawn' = 'cancelled',
  ): ReadObx => ({
    note: null,
    observation: {
      ...facts,
      status: as,
      type: 'comment',
      value: null,
      failure_type,
      interpretation: 'unknown',
      notes: [reason, notes].filter(Boolean).join('\n') || null,
    },
  });
  if (status === 'cancelled') {
    const reason = rejectReason(obx, 5, profile) ?? context.rejection;
    return missing(reason?.failure_type ?? 'unknown_failure', reason?.text);
  }

  if (status === 'withdrawn') {
    return missing(failureInNotes(notes, profile), 'Withdrawn by the laboratory.', status);
  }

  const reading = readValue(obx, status, notes, context);
  if (!reading) return NOTHING;
  const { flag, none_because, ...value } = reading;
  if (none_because && status !== 'preliminary') {
    const failure = none_because === 'in_notes' ? reasonAround(notes, context) : none_because;
    if (failure !== 'unknown_failure') return missing(failure, value.value ?? undefined);
  }
  const isUnexplained = none_because !== undefined && status !== 'preliminary';
  if (isUnexplained) {
    const words = 'OBX-5 says that there is no value, and no note says why: it is held for a person';
    remarks.push(obx.problem('101', words, 5));
  }
  return {
    note: null,
    observation: {
      ...facts,
      ...(flag && { source_interpretation: [...new Set([...flags, flag])].join('~') }),
      notes: notes || null,
      ...value,
      ...(isUnexplained && { is_unexplained: true }),
      status: isUnexplained ? 'preliminary' : status,
      failure_type: null,
      interpretation: interpretationOf(flag ? [...flags, flag] : flags, profile),
    },
  };
}

/** The instant in a timestamp field; null when the field is empty, or none and so among the remarks. */
export function instantIn(segment: ReceivedSegment, field: number, zone: string, remarks: Hl7Problem[]): string | null {
  const text = segment.text(field);
  if (text === '') return null;
  const instant = isoInstant(text, zone);
  if (instant) return instant;
  const words = `${segment.name}-${field} is not a date and time (YYYYMMDDHHMM): it is left out`;
  remarks.push(segment.problem('102', words, field));
  return null;
}

/** OBX-11; where it is blank or means nothing, what the test says. */
function statusOf(obx: ReceivedSegment, { testStatus, remarks }: ObservationContext): ReportedStatus | 'none' {
  const text = obx.text(11).toUpperCase();
  const status = Object.hasOwn(STATUSES, text) ? STATUSES[text] : undefined;
  if (status) return status;
  const code = text === '' ? '101' : '103';
  remarks.push(obx.problem(code, 'OBX-11 is not a status of table 0085: the result has that of its test', 11));
  // A test that was given up says nothing about a value that is there.
  if (testStatus === 'cancelled' && obx.freeText(5) !== '') return 'preliminary';
  return testStatus ?? 'preliminary';
}

/** The value; the notes become one that is empty, since labs also report in words only. */
function readValue(
  obx: ReceivedSegment,
  status: ReportedStatus,
  notes: string,
  { profile, remarks }: ObservationContext,
): (Reading & { notes?: null }) | undefined {
  const type = obx.text(2);
  if (obx.freeText(5) === '') {
    if (status === 'preliminary') return undefined;
    if (notes) return { type: 'comment', value: notes, notes: null };
    // A blank line of a text that has an OBX for each line.
    if (isText(type)) return { type: 'comment', value: '' };
    remarks.push(obx.problem('101', 'OBX-5 has no value although OBX-11 says that it is final: it is left out', 5));
    return undefined;
  }
  if (!isValueType(type)) {
    const code = type ? '103' : '101';
    remarks.push(obx.problem(code, 'OBX-2 is not a type of value in HL7 2.2 to 2.8: it is read as ST', 2));
  }
  const reading = valueIn(obx, profile);
  if (typeof reading !== 'string') return reading;
  remarks.push(obx.problem('102', `${reading}: it is shown as text`, 5));
  return inParts(obx);
}

/** Why there is no value, from what stands below the OBX, else from its specimen. */
export function reasonAround(
  notes: string,
  { profile, rejection }: Pick<ObservationContext, 'profile' | 'rejection'>,
): FailureType {
  const inNotes = failureInNotes(notes, profile);
  return inNotes === 'unknown_failure' && rejection ? rejection.failure_type : inNotes;
}

/** What the first code or word at the beginning of a line of the notes means. */
export function failureInNotes(notes: string, { reasons, words }: LabProfile): FailureType {
  for (const line of notes.split('\n')) {
    const [code = ''] = /^[A-Za-z]{2,8}\b/.exec(line) ?? [];
    const known = failureOf(code, reasons);
    if (known !== 'unknown_failure') return known;
    const meant = wordForNoValue(code, words)?.none_because;
    if (meant && meant !== 'in_notes') return meant;
  }
  return 'unknown_failure';
}

/** In characters. */
const LONGEST_SUB_ID = 1_000;

/** OBX-4: its first component; where that is blank, the group and the sequence in those behind it (type OG), as `3.10`. */
const subIdOf = (obx: ReceivedSegment): string =>
  obx.text(4) ||
  obx
    .components(4)
    .slice(1)
    .join('.')
    .slice(0, LONGEST_SUB_ID)
    .replace(/^\.+|\.+$/g, '');

/** The unit as printed: from a coded one its code or its words, and whole where `^` was meant as a power. */
function unitOf(obx: ReceivedSegment): string {
  const [code = '', text = ''] = obx.components(6);
  if (code !== '' && !/\D/.test(code) && /^\d/.test(text)) return `${code}^${text}`;
  const said = [1, 2, 4, 5, 9].map((component) => obx.text(6, component)).filter((each) => each !== '');
  return said.find((each) => !/^CD:/i.test(each)) ?? said[0] ?? '';
}

function flagsOf(obx: ReceivedSegment): string[] {
  return obx.coded(8).flatMap(({ codes, texts }) => codes[0] ?? texts[0] ?? []);
}

/** The worst of the flags; none means normal. */
export function interpretationOf(flags: readonly string[], { flags: own = {} }: LabProfile): Interpretation {
  const meanings = flags.map((flag) => {
    const known = flag.toUpperCase().replace(/(?<=.)\*$/, '');
    const [table] = [own, FLAGS].filter((each) => Object.hasOwn(each, known));
    return table?.[known] ?? 'unknown';
  });
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
    const value = lines ? yield* joiningLines(lines, pace) : observation.value;
    if (value !== '') whole.push({ ...observation, value });
  }
  return whole;
}
