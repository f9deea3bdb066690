/** What laboratories say of orders later than in their answer (F4): looked for by who waits, or told to the journey. */
import type { Order } from '../../domain/orders/order.ts';
import type { Principal } from '../../domain/principal.ts';
import { collectionOf } from '../collections/define.ts';
import type { OrderMessageDocument, SaidOfOrder } from '../collections/order-messages.ts';
import { insertOnce } from '../collections/write.ts';
import type { Store } from '../open.ts';
import { recordAudit } from '../orders/audit.ts';
import { claimOldest, postpone } from './claim.ts';

type OfOrder = Pick<OrderMessageDocument, '_id' | 'lab_slug' | 'order_id' | 'placer_order_number' | 'purpose'>;

/** Notes that a message is about to be sent whose acknowledgment comes later. @returns What is known of it already. */
export async function expectAcknowledgement(store: Store, message: OfOrder): Promise<OrderMessageDocument> {
  await insertOnce(store.orderMessages, freshly(message));
  return store.orderMessages.findById(message._id).orFail().lean<OrderMessageDocument>();
}

/** Notes that a message was delivered: it is not sent again. */
export async function noteSent(store: Store, controlId: string): Promise<void> {
  await collectionOf(store.orderMessages).updateOne({ _id: controlId }, { $set: { sent_at: new Date() } });
}

/** Notes an answer that may be followed by another. */
export async function noteProvisionalAnswer(store: Store, message: OfOrder, said: SaidOfOrder): Promise<void> {
  await insertOnce(store.orderMessages, { ...freshly(message), sent_at: new Date(), said, state: 'accepted' });
}

const freshly = (message: OfOrder): OrderMessageDocument => ({
  ...message,
  sent_at: null,
  said: null,
  rejected_because: null,
  state: 'waiting',
  lease_until: new Date(0),
  attempts: 0,
  last_error: null,
  created_at: new Date(),
});

/** An acknowledgment that came by itself, and what it is of. */
export interface LateAcknowledgement extends SaidOfOrder {
  /** The message that it answers; null where it names the order instead. */
  control_id: string | null;
  placer_order_number: string | null;
}

/**
 * Takes in an acknowledgment that came later; the same again changes nothing.
 * @returns Whether a message of ours waits for it, or may still be followed by it.
 */
export async function takeAcknowledgement(
  store: Store,
  lab_slug: string,
  { control_id, placer_order_number, ...said }: LateAcknowledgement,
): Promise<boolean> {
  const messages = collectionOf(store.orderMessages);
  const named = control_id
    ? { _id: control_id, lab_slug }
    : placer_order_number && { lab_slug, placer_order_number, purpose: 'NW' as const };
  const message = named && (await messages.findOne(named));
  if (!message) return false;
  const { _id } = message;
  // An error is no decision: who waits sends the message again.
  if (said.code === 'AE') {
    await messages.updateOne({ _id, state: 'waiting' }, { $set: { said, sent_at: null } });
    await messages.updateOne({ _id, state: 'accepted' }, { $set: { ...rejection(said), state: 'kept' } });
  } else if (said.code === 'AR') {
    await messages.updateOne({ _id, state: 'waiting' }, { $set: { said } });
    await messages.updateOne({ _id, state: 'accepted' }, { $set: { said, ...rejection(said), state: 'stored' } });
  } else {
    await messages.updateOne({ _id, state: { $in: ['waiting', 'accepted'] } }, { $set: { said, state: 'accepted' } });
  }
  return true;
}

const rejection = ({ text, code }: SaidOfOrder) => ({
  rejected_because: text || `The laboratory answered ${code} without words.`,
});

/** Takes the oldest rejection that waits for delivery; nobody else gets it for so many milliseconds. */
export function claimRejection(store: Store, leaseMs: number): Promise<OrderMessageDocument | null> {
  return claimOldest(store.orderMessages, { state: 'stored', since: 'created_at' }, leaseMs);
}

/** The messages about an order. */
const about = ({ lab_slug, placer_order_number }: Pick<Order, 'lab_slug' | 'placer_order_number'>) => ({
  lab_slug,
  placer_order_number,
});

/** Leaves the rejection of an order to a person, also if its journey had it. */
export async function keepRejections(store: Store, order: Order): Promise<void> {
  await collectionOf(store.orderMessages).updateMany(
    { ...about(order), purpose: 'NW', state: { $in: ['stored', 'delivered'] } },
    { $set: { state: 'kept' } },
  );
}

/** Delivers the rejection of an order once more, to a journey that has begun again. */
export async function deliverRejectionsAgain(store: Store, order: Order): Promise<void> {
  await collectionOf(store.orderMessages).updateMany(
    { ...about(order), state: 'delivered' },
    { $set: { state: 'stored', lease_until: new Date(0), attempts: 0 } },
  );
}

/** Whether the laboratory has rejected an order, at once or later: there is nothing to cancel there then. */
export async function isRejected(store: Store, order: Order): Promise<boolean> {
  const rejected = { ...about(order), purpose: 'NW' as const, 'said.code': 'AR' as const };
  return (await collectionOf(store.orderMessages).findOne(rejected)) !== null;
}

/** Notes what became of a rejection. */
export async function settleRejection(store: Store, controlId: string, state: 'delivered' | 'kept'): Promise<void> {
  await collectionOf(store.orderMessages).updateOne(
    { _id: controlId, state: 'stored' },
    { $set: { state, last_error: null } },
  );
}

/** Notes a failed delivery; the rejection is tried again after `retryInMs` milliseconds. */
export async function postponeRejection(store: Store, id: string, error: string, retryInMs: number): Promise<void> {
  await postpone(store.orderMessages, { _id: id, state: 'stored' }, error, retryInMs);
}

/** Whether anything was reported on an order. */
export async function hasReports(store: Store, orderId: string): Promise<boolean> {
  return (await collectionOf(store.labMessages).findOne({ order_id: orderId }, { projection: { _id: 1 } })) !== null;
}

/** Rejections that a person has to look at, newest first. */
export function keptRejections(store: Store, limit: number): Promise<OrderMessageDocument[]> {
  return collectionOf(store.orderMessages).find({ state: 'kept' }).sort({ created_at: -1 }).limit(limit).toArray();
}

/** Closes one, with what the person found. @returns false when there is none of this id that waits. */
export async function closeRejection(store: Store, by: Principal, id: string, reason: string): Promise<boolean> {
  const closed = await collectionOf(store.orderMessages).findOneAndUpdate(
    { _id: id, state: 'kept' },
    { $set: { state: 'closed', closed_because: reason } },
  );
  if (!closed) return false;
  const { order_id } = closed;
  await recordAudit(store, { by, action: 'order_rejection.closed', order_id, detail: { control_id: id, reason } });
  return true;
}
