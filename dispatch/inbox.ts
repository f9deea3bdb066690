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

  async function empty(loop: Loop): Promise<void> {
    for (let message = await inbox.claim(LEASE_MS); message; message = await inbox.claim(LEASE_MS)) {
      await deliver(message, loop);
      if (loop.stopping) return;
    }
  }

  return startLoop(
    {
      watch: (wake) => inbox.watch(wake),
      async round(loop) {
        await Promise.all(Array.from({ length: AT_ONCE }, () => empty(loop)));
      },
      pollMs: POLL_MS,
      unreachable: `${inbox.name}.inbox.unreachable`,
    },
    logger,
  );
}
