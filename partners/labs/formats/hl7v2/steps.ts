/** Work on something long, which can be done at once or in turns with whatever else there is to do. */
import { setImmediate as othersTurn } from 'node:timers/promises';

/** Pauses wherever others may have their turn; returns what was made. */
export type Steps<T> = Generator<void, T, void>;

/** How much is done between two pauses: segments of a message, or observations of a report. */
export const A_STEP = 1_000;

/** Does the work at once. @throws whatever the work throws. */
export function atOnce<T>(work: Steps<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** Does the work in turns. @throws whatever the work throws. */
export async function inTurns<T>(work: Steps<T>): Promise<T> {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    await othersTurn();
  }
}
