/**
 * Long answers of laboratories, which carry a document of many megabytes: only so many are in the memory of a process at
 * once, and the others stay with their senders meanwhile.
 */

/** From how many bytes on an answer is long. */
const LONG = 1024 * 1024;
/** How many are in memory at once. One takes some three times its length. */
const AT_ONCE = 2;

let free = AT_ONCE;
const waiting = new Set<() => void>();

/** The place of one answer. */
export class LongAnswer {
  #hasPlace = false;

  /**
   * Waits for a place, where the answer is long by now and has none yet.
   * @param bytes How much of it has come.
   * @param over Ends the wait; its reason is thrown.
   */
  async makeRoom(bytes: number, over: AbortSignal): Promise<void> {
    if (this.#hasPlace || bytes < LONG) return;
    over.throwIfAborted();
    if (free > 0) free -= 1;
    else {
      await new Promise<void>((resolve, reject) => {
        const turn = () => {
          over.removeEventListener('abort', leave);
          resolve();
        };
        const leave = () => {
          waiting.delete(turn);
          reject(over.reason);
        };
        over.addEventListener('abort', leave, { once: true });
        waiting.add(turn);
      });
    }
    this.#hasPlace = true;
  }

  /** Gives the place to whoever waits longest. */
  end(): void {
    if (!this.#hasPlace) return;
    this.#hasPlace = false;
    const [turn] = waiting;
    if (!turn) {
      free += 1;
      return;
    }
    waiting.delete(turn);
    turn();
  }
}
