/** A clock that one sleeper sleeps by. */
export interface Alarm {
  /** Wakes the sleeper, or keeps it from falling asleep the next time. */
  ring(): void;
  ringIn(ms: number): void;
  /** Sleeps until it rings, at most for so many milliseconds. */
  sleep(ms: number): Promise<void>;
  /** Forgets every ring to come: from now on there is none. */
  close(): void;
}

export function createAlarm(): Alarm {
  const timers = new Set<NodeJS.Timeout>();
  let rung = false;
  let isClosed = false;
  let wake: (() => void) | undefined;
  const ring = () => {
    rung = true;
    wake?.();
  };
  return {
    ring,
    ringIn(ms) {
      if (isClosed) return;
      const timer = setTimeout(() => {
        timers.delete(timer);
        ring();
      }, ms);
      timers.add(timer);
    },
    async sleep(ms) {
      if (!rung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      wake = undefined;
      rung = false;
    },
    close() {
      isClosed = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
