/** How a result that needs attention is marked: in words and form, so that it survives a black-and-white copy. */
import type { BiomarkerResult } from '../../domain/results/results.ts';

export interface Flag {
  severity: 'abnormal' | 'critical';
  direction: 'high' | 'low' | null;
}

const HIGH = /^(H|HH|HU|>|U)$/i;
const LOW = /^(L|LL|LU|<|D)$/i;
const CRITICAL = /^(HH|LL|AA|HU|LU)$/i;
const ABNORMAL = /^(A|AA|H|HH|HU|L|LL|LU|<|>)$/i;

/** The flag of a result, from the lab's own flag first and its interpretation second; null when it is unremarkable. */
export function flagOf(result: BiomarkerResult): Flag | null {
  const source = result.source_interpretation.trim();
  const critical = result.interpretation === 'critical' || CRITICAL.test(source);
  const outside = result.is_above_max_range || result.is_below_min_range;
  if (!critical && result.interpretation !== 'abnormal' && !ABNORMAL.test(source) && !outside) return null;
  return { severity: critical ? 'critical' : 'abnormal', direction: directionOf(result, source) };
}

function directionOf(result: BiomarkerResult, source: string): Flag['direction'] {
  if (HIGH.test(source)) return 'high';
  if (LOW.test(source)) return 'low';
  if (result.is_above_max_range) return 'high';
  return result.is_below_min_range ? 'low' : null;
}

/** `HIGH`, `LOW` or `ABNORMAL`; `CRITICAL H`, `CRITICAL L` or `CRITICAL`. */
export function flagWords(flag: Flag): string {
  const letter = flag.direction === 'high' ? 'H' : flag.direction === 'low' ? 'L' : '';
  if (flag.severity === 'critical') return `CRITICAL ${letter}`.trim();
  return flag.direction === 'high' ? 'HIGH' : flag.direction === 'low' ? 'LOW' : 'ABNORMAL';
}
