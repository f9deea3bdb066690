/** Reads the messages that were acknowledged once they were kept (docs/decisions/0024), one worker at a time, oldest first. */
import { type LaboratoryInbox, readUnread } from '../intake/laboratory-messages.ts';
import {
  areAnyUnread,
  insertsUnread,
  markRead,
  postponeReading,
  type UnreadMessage,
  unreadMessages,
} from '../store/inbox/unread-messages.ts';
import { endLease, extendLease, type Lease, takeLease } from '../store/leases.ts';
import { watchCommits } from '../store/watch.ts';
import { type Loop, startLoop } from './loop.ts';

const LEASE_MS = 15_000;
const POLL_MS = 1_000;
/** So many messages are marked as read in one write. */
const MARKED_AT_ONCE = 16;
const LONGEST_RETRY_MS = 60_000;

/**
 * Starts reading. A message that was sent after the acknowledgment of another is read after it, so that what repeats an
 * earlier report is known for that (F5). One that cannot be read holds up no other, and is tried again.
 */
export function startMessageReader(inbox: LaboratoryInbox): Pick<Loop, 'stop'> {
  const { store, logger } = inbox;
  /** Kept from round to round while there is something to read. */
  let held: { lease: Lease; until: number } | undefined;

  async function isOurs(): Promise<boolean> {
    const now = performance.now();
    if (held && held.until > now + LEASE_MS / 2) return true;
    if (held && (await extendLease(store, held.lease, LEASE_MS))) {
      held = { ...held, until: now + LEASE_MS };
      return true;
    }
    const lease = await takeLease(store, 'unread-messages', LEASE_MS);
    held = lease ? { lease, until: now + LEASE_MS } : undefined;
    return lease !== null;
  }

  async function read(message: UnreadMessage, loop: Loop): Promise<boolean> {
    const { content_hash, lab_slug: lab, to_read } = message;
    try {
      await readUnread(inbox, message);
      return true;
    } catch (error) {
      const retryInMs = Math.min(LONGEST_RETRY_MS, 250 * 2 ** to_read.attempts);
      logger.warn({ err: error, lab, content_hash, retryInMs }, 'message.reading.failed');
      await postponeReading(store, content_hash, String(error), retryInMs);
      loop.wakeIn(retryInMs);
      return false;
    }
  }

  async function round(loop: Loop): Promise<void> {
    while (!loop.stopping && (await areAnyUnread(store))) {
      const done: string[] = [];
      try {
        for await (const message of unreadMessages(store)) {
          if (loop.stopping || !(await isOurs())) return;
          if (await read(message, loop)) done.push(message.content_hash);
          if (done.length === MARKED_AT_ONCE) await markRead(store, done.splice(0));
        }
      } finally {
        await markRead(store, done);
      }
    }
  }

  const loop = startLoop(
    {
      watch: (wake) => watchCommits(store, [insertsUnread(store)], wake),
      round,
      pollMs: POLL_MS,
      unreachable: 'message.reading.unreachable',
    },
    logger,
  );
  return {
    async stop() {
      await loop.stop();
      // Where that fails, it ends by itself.
      if (held) await endLease(store, held.lease).catch(() => undefined);
    },
  };
}
