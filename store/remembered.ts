/** What is looked up for every request is had once for all requests of the same second. */

/** So long after it was asked for, in milliseconds, an answer still counts: what was revoked counts no longer than that. */
const REMEMBERED_FOR_MS = 1_000;
const REMEMBERED_AT_MOST = 10_000;

/** Look-ups by a key whose answers count for a second. */
export interface Remembered<T> {
  /** Looks up, or answers what somebody else is told at this moment or was told within the second. @throws what the look-up throws */
  get(key: string): Promise<T | null>;
  /** Has it looked up again by the next who asks; for what this process has changed itself. */
  forget(key: string): void;
}

/**
 * Remembers what is found, and shares a look-up that is under way. What is not there, and what fails, is not remembered.
 * The second begins before the look-up: no answer is older than that.
 */
export function remembered<T>(lookUp: (key: string) => Promise<T | null>): Remembered<T> {
  const held = new Map<string, { answer: Promise<T | null>; until: number }>();
  return {
    get(key) {
      const known = held.get(key);
      if (known && known.until > performance.now()) return known.answer;
      if (held.size >= REMEMBERED_AT_MOST) held.clear();
      const entry = { answer: lookUp(key), until: performance.now() + REMEMBERED_FOR_MS };
      held.set(key, entry);
      const drop = () => {
        if (held.get(key) === entry) held.delete(key);
      };
      entry.answer.then((found) => found ?? drop(), drop);
      return entry.answer;
    },
    forget(key) {
      held.delete(key);
    },
  };
}
