/** Forgets, once a day, what is older than it is to be kept. */
import type { Logger } from 'pino';
import type { Store } from '../store/open.ts';
import { FORGETTABLE, forget, type Retention } from '../store/retention.ts';

const FIRST_AFTER_MS = 60_000;
const EVERY_MS = 24 * 3_600_000;

/** Starts the rounds; there are none while everything is kept for ever. */
export function startRetention(parts: { store: Store; retention: Retention; logger: Logger; firstAfterMs?: number }): {
  stop(): Promise<void>;
} {
  const { store, retention, logger, firstAfterMs = FIRST_AFTER_MS } = parts;
  let stopping = false;
  let round: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  async function makeRound(): Promise<void> {
    try {
      const forgotten = await forget(store, retention, () => !stopping);
      logger.info(forgotten, 'retention.round');
    } catch (error) {
      logger.error({ err: error }, 'retention.round.failed');
    }
    if (!stopping) next(EVERY_MS);
  }

  function next(afterMs: number): void {
    timer = setTimeout(() => {
      round = makeRound();
    }, afterMs);
    timer.unref();
  }

  if (FORGETTABLE.some((kind) => retention[kind] !== null)) next(firstAfterMs);
  return {
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await round;
    },
  };
}
