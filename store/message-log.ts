/** The message log: SMS that are kept while there is no account with a carrier, and every message that was held back. */
import type { HeldMessageDocument } from './documents.ts';
import { rows, type Store } from './store.ts';

/** A sender that keeps messages; the same reference again changes nothing. */
export function loggedSms(store: Store) {
  return {
    async send({ to, text, reference }: { to: string; text: string; reference: string }): Promise<void> {
      const message = { to, text, sent_at: new Date() };
      await rows(store.sentMessages).updateOne({ _id: reference }, { $setOnInsert: message }, { upsert: true });
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
  await rows(store.heldMessages).updateOne({ _id: reference }, { $setOnInsert: held }, { upsert: true });
}

/** The messages about an order that were held back, oldest first. */
export async function heldMessages(store: Store, orderId: string): Promise<HeldMessageDocument[]> {
  return rows(store.heldMessages).find({ order_id: orderId }).sort({ held_at: 1 }).toArray();
}
