/** Empties an inbox. Several may run: a lease makes each message one dispatcher's at a time. */
import type { Logger } from 'pino';
import { type Loop, startLoop } from './loop.ts';

const LEASE_MS = 30_000;
const POLL_MS = 1_000;
const AT_ONCE = 8;
const LONGEST_RETRY_MS = 60_000;

/** What is particular to an inbox. */
export interface Inbox<Message> {
  /** Begins the codes in the log, as in `report.delivery.failed`. */
  name: string;
  /** Calls `wake` for every message that any process stores. */
  watch(wake: () => void): { close(): Promise<void> };
  /** Takes the next message, for so many milliseconds. */
  claim(leaseMs: number): Promise<Message | null>;
  /** Gives it to whom it is for, or throws. */
  deliver(message: Message, retryInMs: number): Promise<'settled' | 'waits'>;
  /** Notes that it could not be delivered, and is to be tried again. */
  postpone(message: Message, error: string, retryInMs: number): Promise<void>;
  /** Ids and codes, for the log. */
  describe(message: Message): object;
}

export interface InboxDispatcher {
  /** Finishes the messages in hand and stops. */
  stop(): Promise<void>;
}

/** Starts delivering, woken by every message that is stored. */
export function startInboxDispatcher<Message extends { attempts: number }>(
  inbox: Inbox<Message>,
  logger: Logger,
): InboxDispatcher {
  async function deliver(message: Message, loop: Loop): Promise<void> {
    const retryInMs = Math.min(LONGEST_RETRY_MS, 250 * 2 ** message.attempts);
    try {
      if ((await inbox.deliver(message, retryInMs)) === 'waits') loop.wakeIn(retryInMs);
    } catch (error) {
      logger.warn({ err: error, ...inbox.describe(message), retryInMs }, `${inbox.name}.delivery.failed`);
      await inbox.postpone(message, String(error), retryInMs);
      loop.wakeIn(retryInMs);
    }
  }

  /**
   * Takes one message after another. Who finds one calls others to help, half of them at a time, so that an inbox that
   * mostly is empty is mostly asked once, and a full one soon has everybody at work.
   */
  async function empty(loop: Loop, helpers: number): Promise<void> {
    const helping: Promise<void>[] = [];
    let uncalled = helpers;
    try {
      for (let message = await inbox.claim(LEASE_MS); message; message = await inbox.claim(LEASE_MS)) {
        if (uncalled > 0) {
          const called = Math.ceil(uncalled / 2);
          uncalled -= called;
          const help = empty(loop, called - 1);
          // Told below, however long this one's own message takes.
          help.catch(() => {});
          helping.push(help);
        }
        await deliver(message, loop);
        if (loop.stopping) return;
      }
    } finally {
      await Promise.allSettled(helping);
    }
    await Promise.all(helping);
  }

  return startLoop(
    {
      watch: (wake) => inbox.watch(wake),
      round: (loop) => empty(loop, AT_ONCE - 1),
      pollMs: POLL_MS,
      unreachable: `${inbox.name}.inbox.unreachable`,
    },
    logger,
  );
}
