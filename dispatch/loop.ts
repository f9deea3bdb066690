/** The loop of a dispatcher: a round, then sleep until something is stored or a while has passed, until it is stopped. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createAlarm } from './alarm.ts';

/** What a round knows of the loop it is in. */
export interface Loop {
  /** Whether no more should be begun. */
  readonly stopping: boolean;
  /** Has another round made at once after this one. */
  wake(): void;
  /** Has another made after so many milliseconds, unless the loop has ended by then. */
  wakeIn(ms: number): void;
  /** Ends the loop, after the round that is being made. */
  stop(): Promise<void>;
}

/** What is particular to a loop. */
export interface Rounds {
  /** Calls `wake` whenever there may be something to do; without it nothing but `wake` and the poll makes a round. */
  watch?(wake: () => void): { close(): Promise<void> };
  /** Does what there is to do. One that throws is followed by the next all the same. */
  round(loop: Loop): Promise<void>;
  /** How long to sleep where nothing wakes it, in milliseconds. */
  pollMs: number;
  /** How far apart rounds begin at least, in milliseconds, so that many wakes make one round; 0 unless given. */
  paceMs?: number;
  /** What is logged at the first round that throws after one that did not. */
  unreachable: string;
}

/** Starts making rounds. */
export function startLoop({ watch, round, pollMs, paceMs = 0, unreachable }: Rounds, logger: Logger): Loop {
  const alarm = createAlarm();
  const watching = watch?.(alarm.ring);
  let stopping = false;

  const loop: Loop = {
    get stopping() {
      return stopping;
    },
    wake: alarm.ring,
    wakeIn: alarm.ringIn,
    async stop() {
      stopping = true;
      alarm.ring();
      await watching?.close();
      await rounds;
      alarm.close();
    },
  };

  const rounds = (async () => {
    let reachable = true;
    while (!stopping) {
      const began = performance.now();
      try {
        await round(loop);
        reachable = true;
      } catch (error) {
        if (reachable) logger.error({ err: error }, unreachable);
        reachable = false;
      }
      await alarm.sleep(pollMs);
      const early = paceMs - (performance.now() - began);
      if (early > 0 && !stopping) await pause(early);
    }
  })();
  return loop;
}
