/** Processor time: a figure that other work on the same machine hardly touches. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const TICK_MS = 10;
/** Below this share of a processor, a process is waiting for work. */
const IDLE_SHARE = 0.1;
const LOOK_MS = 500;

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

/** What each of some processes has used so far, in milliseconds, by the name that they are given here. */
export function processorMsOf<Name extends string>(pids: Readonly<Record<Name, number>>): Record<Name, number> {
  const entries = Object.entries<number>(pids).map(([name, pid]) => [name, processorMs(pid)]);
  return Object.fromEntries(entries) as Record<Name, number>;
}

/**
 * Waits until none of these processes has anything left to do, for instance what follows from orders that were placed
 * before: half a second in which each uses less than a tenth of a processor. Goes on after a minute all the same.
 */
export async function untilIdle(pids: readonly number[]): Promise<void> {
  const deadline = Date.now() + 60_000;
  let before = pids.map(processorMs);
  while (Date.now() < deadline) {
    await pause(LOOK_MS);
    const now = pids.map(processorMs);
    if (!now.some((ms, n) => ms - (before[n] as number) > IDLE_SHARE * LOOK_MS)) return;
    before = now;
  }
}
