/** Result values as a laboratory would find them: the same for the same order every time. */
import { createHash } from 'node:crypto';
import type { Analyte } from './catalogue.ts';
import { relatedValue } from './relations.ts';

export type Interpretation = 'normal' | 'abnormal' | 'critical';
export type ResultType = 'numeric' | 'range' | 'comment';

/** What OBX-2, OBX-5 and OBX-8 say of one result. */
export interface Value {
  type: 'NM' | 'SN' | 'ST';
  /** The components of OBX-5. */
  components: string[];
  /** OBX-8. */
  flag: 'N' | 'H' | 'L' | 'HH' | 'LL';
}

const NORMAL_WORDS: Record<string, string> = {
  'urine-color': 'Yellow',
  'urine-appearance': 'Clear',
  'hiv-antigen-antibody': 'Non-reactive',
  'hepatitis-c-antibody': 'Non-reactive',
  rpr: 'Non-reactive',
};

/** A number in [0, 1) that depends on nothing but the words given. */
export function fraction(...words: string[]): number {
  return createHash('sha256').update(words.join('\0')).digest().readUInt32BE() / 2 ** 32;
}

/** An analyte whose value is settled before all others', because it is to be out of range. */
export interface Striking {
  slug: string;
  value: number;
}

/**
 * The value of an analyte in an order: within its reference range unless `interpretation` says otherwise, or unless it
 * follows from one that is not.
 */
export function valueFor(
  analyte: Analyte,
  placer: string,
  type: ResultType,
  interpretation: Interpretation,
  striking?: Striking,
): Value {
  const range = analyte.reference_range;
  if (!range) return { type: 'ST', components: [NORMAL_WORDS[analyte.slug] ?? 'Negative'], flag: 'N' };
  if (interpretation !== 'normal') return outOfRange(analyte, interpretation);
  if (type === 'comment') return { type: 'ST', components: ['Within the reference range'], flag: 'N' };
  const position = (slug: string) => fraction(placer, slug);
  const value = relatedValue(analyte.slug, position, striking) ?? withinRange(range, position(analyte.slug));
  const printed = print(analyte, value);
  const flag = flagOf(Number(printed), range);
  if (type === 'numeric') return { type: 'NM', components: [printed], flag };
  const components = range.high === null ? ['>', printed] : ['<', printed];
  return { type: 'SN', components, flag };
}

function flagOf(value: number, { low, high }: { low: number | null; high: number | null }): Value['flag'] {
  if (high !== null && value > high) return 'H';
  return low !== null && value < low ? 'L' : 'N';
}

/** The reference range as it is printed: `70-99`, `<5.7`, `>40`; empty where there is none. */
export function printedRange(analyte: Analyte): string {
  const { low, high } = analyte.reference_range ?? { low: null, high: null };
  const text = (value: number) => value.toFixed(decimals(analyte));
  if (low !== null && high !== null) return `${text(low)}-${text(high)}`;
  if (high !== null) return `<${text(high)}`;
  return low === null ? '' : `>${text(low)}`;
}

/** Whether an analyte can be critical: it has limits for that. */
export function hasCriticalRange(analyte: Analyte): boolean {
  return analyte.critical_range !== undefined;
}

function withinRange(range: { low: number | null; high: number | null }, position: number): number {
  if (range.high === null) return (range.low ?? 0) * (1.1 + 0.6 * position);
  const low = range.low ?? 0;
  return low + (range.high - low) * (0.2 + 0.6 * position);
}

function outOfRange(analyte: Analyte, interpretation: 'abnormal' | 'critical'): Value {
  const { low, high } = analyte.reference_range ?? { low: null, high: null };
  const limits = { low: analyte.critical_range?.low ?? null, high: analyte.critical_range?.high ?? null };
  const number = (value: number, flag: Value['flag']): Value => ({
    type: 'NM',
    components: [print(analyte, value)],
    flag,
  });
  if (interpretation === 'critical') {
    if (limits.high !== null) return number(limits.high * 1.1, 'HH');
    if (limits.low !== null) return number(limits.low * 0.8, 'LL');
    return high === null ? number((low ?? 0) * 0.2, 'LL') : number(high + 2 * (high - (low ?? 0)), 'HH');
  }
  if (high === null) return number((low ?? 0) * 0.8, 'L');
  const step = (high - (low ?? 0)) * 0.25;
  return number(high + (limits.high === null ? step : Math.min(step, (limits.high - high) / 2)), 'H');
}

function print(analyte: Analyte, value: number): string {
  return value.toFixed(decimals(analyte));
}

/** As many decimals as the ends of the reference range have. */
function decimals(analyte: Analyte): number {
  const ends = [analyte.reference_range?.low, analyte.reference_range?.high];
  return Math.max(...ends.map((end) => String(end ?? 0).split('.')[1]?.length ?? 0));
}
