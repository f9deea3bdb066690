/** The message log: what was sent to patients, what was held back, and SMS that are kept while there is no account with a carrier. */
import { collectionOf } from '../collections/define.ts';
import type { HeldMessageDocument, SentMessageDocument, ToldMessageDocument } from '../collections/messages.ts';
import { insertOnce } from '../collections/write.ts';
import type { Store } from '../open.ts';

/** A sender that keeps messages; the same reference again changes nothing. */
export function loggedSms(store: Store) {
  return {
    async send({ to, text, reference }: { to: string; text: string; reference: string }): Promise<void> {
      const message = { to, text, sent_at: new Date() };
      await insertOnce(store.sentMessages, { _id: reference, ...message });
    },
  };
}

/**
 * Notes that a message was not sent, because the patient or the caller wants none.
 * @param reference What identifies the message however often it is tried (F10).
 */
export async function holdBack(
  store: Store,
  reference: string,
  message: Pick<HeldMessageDocument, 'order_id' | 'way' | 'kind' | 'reason'>,
): Promise<void> {
  const held = { ...message, held_at: new Date() };
  await insertOnce(store.heldMessages, { _id: reference, ...held });
}

/** The messages about an order that were held back, oldest first. */
export async function heldMessages(store: Store, orderId: string): Promise<HeldMessageDocument[]> {
  return collectionOf(store.heldMessages).find({ order_id: orderId }).sort({ held_at: 1 }).toArray();
}

/**
 * Notes that a message was handed over. It has gone by then, so trouble with the note is no reason to send it again.
 * @param reference What identifies the message however often it is sent (F10).
 */
export async function noteSent(
  store: Store,
  reference: string,
  message: Pick<ToldMessageDocument, 'order_id' | 'way' | 'kind'>,
): Promise<void> {
  const sent = { ...message, sent_at: new Date() };
  await insertOnce(store.toldMessages, { _id: reference, ...sent }).catch(() => undefined);
}

/** A message as an operator sees it. */
export interface LoggedMessage {
  id: string;
  order_id: string;
  way: 'email' | 'sms';
  kind: string;
  at: Date;
  /** Null for what was sent. */
  held_because: HeldMessageDocument['reason'] | null;
}

/** Messages to patients, sent and held or only the held ones, newest first. */
export async function messagesOf(
  store: Store,
  choice: { order_id?: string | { $in: string[] } },
  limit: number,
  only?: 'held',
): Promise<LoggedMessage[]> {
  const most = Number.isFinite(limit) ? limit : 0;
  const [told, held] = await Promise.all([
    only ? [] : collectionOf(store.toldMessages).find(choice).sort({ sent_at: -1 }).limit(most).toArray(),
    collectionOf(store.heldMessages).find(choice).sort({ held_at: -1 }).limit(most).toArray(),
  ]);
  return [
    ...told.map(({ _id, sent_at, ...rest }) => ({ id: _id, ...rest, at: sent_at, held_because: null })),
    ...held.map(({ _id, held_at, reason, ...rest }) => ({ id: _id, ...rest, at: held_at, held_because: reason })),
  ]
    .sort((one, other) => other.at.getTime() - one.at.getTime())
    .slice(0, limit);
}

/** The SMS that was kept under this reference, or null. */
export async function keptSms(store: Store, reference: string): Promise<SentMessageDocument | null> {
  return collectionOf(store.sentMessages).findOne({ _id: reference });
}
