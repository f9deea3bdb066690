/** OBX-5 as people read it, by the type that OBX-2 names: docs/hl7.md, "Results" and "Deviations". */
import type { LabProfile } from '../../../../../domain/catalogue/lab-profile.ts';
import type { FailureType, Observation } from '../../../../../domain/results/lab-report.ts';
import type { ReceivedSegment } from '../hl7-message.ts';
import { documentInWords } from './hl7-document.ts';

/** What a value is. */
export interface Reading extends Pick<Observation, 'type' | 'value'> {
  /** The flag behind a number: `H` of `12.5 H`. */
  flag?: string;
  /** The whole value is a word that stands for none: why there is none, or `in_notes` where the notes are to say it. */
  none_because?: FailureType | 'in_notes';
}

/**
 * The value of an OBX that has one.
 * @returns it, or what is wrong with it; then `inParts` is how it is shown
 */
export function valueIn(obx: ReceivedSegment, profile: LabProfile): Reading | string {
  const type = obx.text(2).toUpperCase();
  const read = Object.hasOwn(VALUE_TYPES, type) ? VALUE_TYPES[type] : undefined;
  return (read ?? numberOrWords)(obx, profile);
}

/** Whether HL7 2.2 to 2.8 know this type of value, or laboratories commonly use it. */
export const isValueType = (type: string): boolean => Object.hasOwn(VALUE_TYPES, type.toUpperCase());

/** Whether it is a type of text, which may have an OBX for each of its lines. */
export const isText = (type: string): boolean => ['TX', 'TXT', 'FT', 'ST'].includes(type.toUpperCase());

/** What is longer is a text, in characters; it may be as long as its message. */
const LONGEST_NUMBER = 1_000;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)$/;
const RANGE = /^([<>]=?\d*(\.\d+)?|(\d*(\.\d+)?-\d*(\.\d+)?))$/;
/** A number with its flag behind it, where only the number belongs. */
const FLAGGED = /^([<>]?=?\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+))\s+(HH|LL|AA|[HLA])$/i;
/** Words that stand for a value that there is not. */
const WORDS_FOR_NO_VALUE: Readonly<Record<string, FailureType | 'in_notes'>> = {
  QNS: 'quantity_not_sufficient_failure',
  DUPLICATE: 'non_failure',
  TNP: 'in_notes',
  CANCELLED: 'in_notes',
  CANCELED: 'in_notes',
};

/** How each type of OBX-2 is read (HL7 2.2 to 2.8, and what laboratories add); a text says what is wrong with the value. */
const VALUE_TYPES: Readonly<Record<string, (obx: ReceivedSegment, profile: LabProfile) => Reading | string>> = {
  NM: numberIn,
  NUM: numberIn,
  SN: structuredNumber,
  ST: numberOrWords,
  SI: numberOrWords,
  ID: numberOrWords,
  IS: numberOrWords,
  TX: words,
  TXT: words,
  FT: words,
  GTS: words,
  CE: codedValue,
  CWE: codedValue,
  CNE: codedValue,
  CF: codedValue,
  DT: (obx) => instantAsPrinted(obx, /^(\d{4})(\d{2})?(\d{2})?$/),
  TM: (obx) => instantAsPrinted(obx, /^()()()(\d{2})(\d{2})?(\d{2})?/),
  TS: (obx) => instantAsPrinted(obx, /^(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?/),
  DTM: (obx) => instantAsPrinted(obx, /^(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?/),
  ED: (obx) => ({ type: 'comment', value: documentInWords(obx) }),
  NR: (obx) => ({ type: 'comment', value: obx.components(5).filter(Boolean).join(' - ') }),
  ...Object.fromEntries(
    [
      ...['AD', 'AUI', 'CCD', 'CK', 'CN', 'CP', 'CX', 'DLN', 'DR', 'EI', 'EIP', 'FC', 'HD', 'JCC', 'MA', 'MO'],
      ...['NA', 'OG', 'PL', 'PN', 'PPN', 'PT', 'RP', 'SPD', 'TN', 'TQ', 'VH', 'VID', 'XAD', 'XCN', 'XON', 'XPN', 'XTN'],
    ].map((type) => [type, inParts]),
  ),
};

/** With the blanks that begin its lines: the text may go on in other OBX (`joiningText`). */
function words(obx: ReceivedSegment): Reading {
  return { type: 'comment', value: obx.lines(5).join('\n') };
}

/** Every part of a value that has several, as people read it: one line a repetition. */
export function inParts(obx: ReceivedSegment): Reading {
  const parts = obx.repetitions(5, ...Array.from({ length: 14 }, (_, index) => index + 1));
  return { type: 'comment', value: parts.map((texts) => texts.filter(Boolean).join(' ')).join('\n') };
}

/** A date, a time or both, as far as they go: `2026-11-20 08:15`. The hour is that of the laboratory's clock. */
function instantAsPrinted(obx: ReceivedSegment, form: RegExp): Reading {
  const [, ...parts] = form.exec(obx.text(5)) ?? [];
  const texts = [parts.slice(0, 3).filter(Boolean).join('-'), parts.slice(3, 6).filter(Boolean).join(':')];
  return { type: 'comment', value: texts.filter(Boolean).join(' ') || obx.freeText(5) };
}

function numberIn(obx: ReceivedSegment, profile: LabProfile): Reading | string {
  return numberOrNone(obx.freeText(5), profile) ?? 'OBX-5 is not a number (OBX-2 is NM)';
}

function numberOrWords(obx: ReceivedSegment, profile: LabProfile): Reading {
  return numberOrNone(obx.freeText(5), profile) ?? words(obx);
}

/** A number, with or without its flag, or a word that stands for none; undefined for anything else. */
export function numberOrNone(text: string, profile: LabProfile): Reading | undefined {
  if (text.length > LONGEST_NUMBER) return undefined;
  const number = withoutCommas(text, profile);
  return numberOrRange(number) ?? flagged(number) ?? wordForNoValue(text, profile.words);
}

function numberOrRange(text: string): Reading | undefined {
  if (NUMBER.test(text)) return { type: 'numeric', value: text };
  const closed = text.replace(/\s/g, '');
  return /\d/.test(closed) && RANGE.test(closed) ? { type: 'range', value: closed } : undefined;
}

/** `12.5 H` is 12.5, flagged H. */
function flagged(text: string): Reading | undefined {
  const [, number = '', flag = ''] = FLAGGED.exec(text) ?? [];
  const reading = number === '' ? undefined : numberOrRange(number);
  return reading && { ...reading, flag };
}

/** `<^5.0` is `<5.0`, `^10^-^20` is `10-20`, `^98` is a number, a titre such as `^1^:^128` is text. */
function structuredNumber(obx: ReceivedSegment, profile: LabProfile): Reading | string {
  const components = obx.components(5).map((component) => withoutCommas(component, profile));
  const [comparator = '', first = '', separator = '', second = ''] = components;
  if (
    [first, second].some((number) => number !== '' && (number.length > LONGEST_NUMBER || !NUMBER.test(number))) ||
    first + second === ''
  ) {
    return 'OBX-5 is not comparator^number^separator^number (OBX-2 is SN)';
  }
  const text = `${comparator === '=' ? '' : comparator}${first}${separator}${second}`;
  return numberOrRange(text) ?? { type: 'comment', value: text };
}

function codedValue(obx: ReceivedSegment): Reading {
  const values = obx.coded(5).map(({ codes, texts }) => texts[0] ?? codes[0]);
  return { type: 'coded_value', value: values.filter((value) => value !== undefined).join(', ') };
}

/** A text that is, whole, such a word. @param own The laboratory's words, which win. */
export function wordForNoValue(text: string, own: LabProfile['words'] = {}): Reading | undefined {
  const word = text.trim().toUpperCase();
  const [words] = [own, WORDS_FOR_NO_VALUE].filter((each) => Object.hasOwn(each, word));
  const none_because = words?.[word];
  return none_because && none_because !== 'text' ? { type: 'comment', value: text.trim(), none_because } : undefined;
}

/** A number with a comma in it: `1.234,5` and `12,5`, or `1,234.5`; no part of a longer list. */
const NUMBERS_WITH_COMMAS = {
  decimal: /(?<![\d.,])(\d{1,3}(?:\.\d{3})+|\d+),(\d+)(?![\d.,])/g,
  thousands: /(?<![\d.,])(\d{1,3}(?:,\d{3})+)(\.\d+)?(?![\d,])/g,
};

/** A text with its numbers as they are read here, where the laboratory's profile says what their commas mean. */
export function withoutCommas(text: string, { comma }: LabProfile): string {
  if (!comma) return text;
  return text.replace(NUMBERS_WITH_COMMAS[comma], (_number, whole: string, rest = '') =>
    comma === 'decimal' ? `${whole.replaceAll('.', '')}.${rest}` : `${whole.replaceAll(',', '')}${rest}`,
  );
}
