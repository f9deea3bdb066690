/** Processor time: a figure that other work on the same machine hardly touches. */
import { readFileSync } from 'node:fs';

const TICK_MS = 10;

/** What a process has used so far, in milliseconds; NaN where the system does not say as Linux does. */
export function processorMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return Number.NaN;
  }
}
