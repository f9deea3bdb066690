/** Work on something long, which can be done at once or in turns with whatever else there is to do. */
import { setImmediate as othersTurn } from 'node:timers/promises';

/** Pauses wherever others may have their turn; returns what was made. */
export type Steps<T> = Generator<void, T, void>;

/** How many characters are read between two pauses. */
const A_TURN = 100_000;

/** As how many characters it counts to look at anything: a segment, or a line of text. */
const A_LOOK = 100;

/** Says when work on a text has to pause: by how much of it was read, whatever it is divided into. */
export class Pace {
  #read = 0;

  /** Counts something that was read; true when it is time to pause. */
  isTurnOver(characters: number): boolean {
    this.#read += characters + A_LOOK;
    if (this.#read < A_TURN) return false;
    this.#read = 0;
    return true;
  }
}

/** Does the work at once. @throws whatever the work throws. */
export function atOnce<T>(work: Steps<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** For so long, in milliseconds, work goes on although it could pause: a pause costs more than a short message. */
const WITHOUT_PAUSE_MS = 2;

/** Does the work in turns. @throws whatever the work throws. */
export async function inTurns<T>(work: Steps<T>): Promise<T> {
  let since = performance.now();
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (performance.now() - since < WITHOUT_PAUSE_MS) continue;
    await othersTurn();
    since = performance.now();
  }
}
