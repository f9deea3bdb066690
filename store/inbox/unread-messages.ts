/** Messages that were acknowledged once they were kept, and that are still to be read (docs/decisions/0024). */
import { collectionOf } from '../collections/define.ts';
import type { ToRead } from '../collections/inbox.ts';
import type { Store } from '../open.ts';
import { type Changes, insertsInto } from '../watch.ts';
import { type KeptMessage, keptAs } from './readings/kept-messages.ts';

/** How many are looked up at once: one may have megabytes. */
const AT_ONCE = 8;
/** When one is looked at again whose content is not there, in milliseconds. */
const MISSING_RETRY_MS = 60_000;

/** A message that is still to be read. */
export type UnreadMessage = KeptMessage & { to_read: ToRead };

const due = () => ({ to_read: { $exists: true }, 'to_read.not_before': { $lte: new Date() } });

/** Whether there is any to be read now. */
export async function areAnyUnread(store: Store): Promise<boolean> {
  return (await collectionOf(store.labMessageTexts).findOne(due(), { projection: { _id: 1 } })) !== null;
}

/** Those that are to be read now, oldest first; each is there until it is marked as read. */
export async function* unreadMessages(store: Store): AsyncGenerator<UnreadMessage> {
  const texts = collectionOf(store.labMessageTexts).find(due()).sort({ received_at: 1 }).batchSize(AT_ONCE);
  for await (const text of texts) {
    const kept = await keptAs(store, text);
    if (kept) yield { ...kept, to_read: text.to_read as ToRead };
    else await postponeReading(store, text._id, 'Its content is not there whole', MISSING_RETRY_MS);
  }
}

/** Notes that messages were read, and that all that they say is stored. */
export async function markRead(store: Store, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await collectionOf(store.labMessageTexts).updateMany({ _id: { $in: [...ids] } }, { $unset: { to_read: '' } });
}

/** Notes that one could not be read; it is tried again after `retryInMs` milliseconds. */
export async function postponeReading(store: Store, id: string, error: string, retryInMs: number): Promise<void> {
  await collectionOf(store.labMessageTexts).updateOne(
    { _id: id, to_read: { $exists: true } },
    {
      $set: { 'to_read.last_error': error, 'to_read.not_before': new Date(Date.now() + retryInMs) },
      $inc: { 'to_read.attempts': 1 },
    },
  );
}

/** The inserts that tell of one. */
export const insertsUnread = (store: Store): Changes => ({
  ...insertsInto(store.labMessageTexts),
  'fullDocument.to_read': { $exists: true },
});
