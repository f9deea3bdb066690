/** What laboratories say of orders later than in their answer (F4): looked for by who waits, or told to the journey. */
import type { Environment } from '../../domain/catalogue/lab-connection.ts';
import type { Order } from '../../domain/orders/order.ts';
import { decisionOn } from '../../domain/orders/order-answer.ts';
import type { Principal } from '../../domain/principal.ts';
import { collectionOf } from '../collections/define.ts';
import type { OrderMessageDocument, SaidOfOrder } from '../collections/order-messages.ts';
import { insertOnce } from '../collections/write.ts';
import type { Store } from '../open.ts';
import { recordAudit } from '../orders/audit.ts';
import { claimOldest, postpone } from './claim.ts';

type OrderNames = Pick<Order, 'lab_slug' | 'placer_order_number'>;
type OfOrder = Pick<OrderMessageDocument, '_id' | 'lab_slug' | 'order_id' | 'placer_order_number' | 'purpose'>;

/** Notes that a message is about to be sent. @returns What is known of it already. */
export async function expectAcknowledgement(store: Store, message: OfOrder): Promise<OrderMessageDocument> {
  const expected: OrderMessageDocument = {
    ...message,
    sent_at: null,
    said: null,
    rejected_because: null,
    state: 'waiting',
    lease_until: new Date(0),
    attempts: 0,
    last_error: null,
    created_at: new Date(),
  };
  if (await insertOnce(store.orderMessages, expected)) return expected;
  return store.orderMessages.findById(message._id).orFail().lean<OrderMessageDocument>();
}

/** Forgets the error that a message is sent again after, so that one that comes meanwhile is told from it. */
export async function forgetError(store: Store, controlId: string): Promise<void> {
  await collectionOf(store.orderMessages).updateOne({ _id: controlId, 'said.code': 'AE' }, { $set: { said: null } });
}

/** Notes that a message was delivered and is not sent again, unless the laboratory has said something of it by now. */
export async function noteSent(store: Store, controlId: string): Promise<void> {
  await collectionOf(store.orderMessages).updateOne({ _id: controlId, said: null }, { $set: { sent_at: new Date() } });
}

/** Takes in the answer to a message. @returns What counts: a rejection may have overtaken the answer. */
export async function takeAnswer(store: Store, controlId: string, answer: SaidOfOrder): Promise<SaidOfOrder> {
  const counts = await takeIn(store, controlId, answer);
  if (counts && answer.code === 'AA') return answer;
  const { said } = await store.orderMessages.findById(controlId).orFail().lean<OrderMessageDocument>();
  return said ?? answer;
}

/** An acknowledgment that came by itself, and what it is of. */
export interface LateAcknowledgement extends SaidOfOrder {
  /** The message that it answers; null where it names the order instead. */
  control_id: string | null;
  placer_order_number: string | null;
  /** Whether it can only be of an order's cancellation, where it names the order. */
  is_of_cancellation: boolean;
  /** Whether the laboratory has canceled what it names. */
  is_canceled: boolean;
}

/**
 * The message of ours that an acknowledgment is of, which came later, and what it says of that; null where there is none.
 * @param from Only messages to this laboratory, on the connection of this environment, are acknowledged by it.
 */
export async function acknowledgedMessage(
  store: Store,
  { lab_slug, environment }: { lab_slug: string; environment: Environment },
  acknowledgement: LateAcknowledgement,
): Promise<{ message: OrderMessageDocument; said: SaidOfOrder } | null> {
  const { control_id, placer_order_number, is_of_cancellation, is_canceled } = acknowledgement;
  const message = control_id
    ? await collectionOf(store.orderMessages).findOne({ _id: control_id, lab_slug })
    : placer_order_number && (await messageAbout(store, { lab_slug, placer_order_number }, is_of_cancellation));
  if (!message) return null;
  const sandbox = environment === 'sandbox';
  const isOfEnvironment = await store.orders.exists({ _id: message.order_id, 'order.options.sandbox': sandbox });
  if (!isOfEnvironment) return null;
  const { code, text, filler_order_number, is_final } = acknowledgement;
  return { message, said: decisionOn(message.purpose, is_canceled, { code, text, filler_order_number, is_final }) };
}

/**
 * Takes in what an acknowledgment that came later says; the same again changes nothing.
 * @returns Whether the message waits for it, or may still be followed by it.
 */
export const takeAcknowledgement = (store: Store, { _id }: OrderMessageDocument, said: SaidOfOrder): Promise<boolean> =>
  takeIn(store, _id, said);

/** The message that an answer is of which names the order only: the one that waits, the order before its cancellation. */
async function messageAbout(store: Store, order: OrderNames, isOfCancellation: boolean) {
  const messages = await collectionOf(store.orderMessages).find(about(order)).toArray();
  const [placed, canceled] = (['NW', 'CA'] as const).map((purpose) =>
    messages.find((message) => message.purpose === purpose),
  );
  if (isOfCancellation) return canceled;
  const isWaiting = (message?: OrderMessageDocument) => message?.state === 'waiting' && message.said?.code !== 'AR';
  return isWaiting(canceled) && !isWaiting(placed) ? canceled : placed;
}

/** @returns Whether it says anything of a message in this state; what is accepted after a rejection is for people to see. */
async function takeIn(store: Store, _id: string, said: SaidOfOrder): Promise<boolean> {
  const messages = collectionOf(store.orderMessages);
  const undecided = { _id, state: 'waiting' as const, 'said.code': { $ne: 'AR' as const } };
  switch (said.code) {
    case 'AE':
      // An error is no decision: who waits sends the message again.
      await messages.updateOne(undecided, {
        $set: { said, sent_at: null, error_said: said.text },
        $inc: { error_count: 1 },
      });
      await messages.updateOne({ _id, state: 'accepted' }, { $set: { ...rejection(said), state: 'kept' } });
      return true;
    case 'AR':
      await messages.updateOne(undecided, { $set: { said } });
      await messages.updateOne({ _id, state: 'accepted' }, { $set: { said, ...rejection(said), state: 'stored' } });
      return true;
    default: {
      const accepted = { $or: [undecided, { _id, state: 'accepted' as const }] };
      return (await messages.updateOne(accepted, { $set: { said, state: 'accepted' } })).matchedCount > 0;
    }
  }
}

const rejection = ({ text, code }: SaidOfOrder) => ({
  rejected_because: text || `The laboratory answered ${code} without words.`,
});

/** Takes the oldest rejection that waits for delivery; nobody else gets it for so many milliseconds. */
export function claimRejection(store: Store, leaseMs: number): Promise<OrderMessageDocument | null> {
  return claimOldest(store.orderMessages, { state: 'stored', since: 'created_at' }, leaseMs);
}

/** The messages about an order. */
const about = ({ lab_slug, placer_order_number }: OrderNames) => ({
  lab_slug,
  placer_order_number,
});

/** Leaves the rejection of an order to a person, also if its journey had it. */
export async function keepRejections(store: Store, order: OrderNames): Promise<void> {
  await collectionOf(store.orderMessages).updateMany(
    { ...about(order), purpose: 'NW', state: { $in: ['stored', 'delivered'] } },
    { $set: { state: 'kept' } },
  );
}

/** Delivers the rejection of an order once more, to a journey that has begun again. */
export async function deliverRejectionsAgain(store: Store, order: OrderNames): Promise<void> {
  await collectionOf(store.orderMessages).updateMany(
    { ...about(order), state: 'delivered' },
    { $set: { state: 'stored', lease_until: new Date(0), attempts: 0 } },
  );
}

/** Whether the laboratory has rejected an order, at once or later: there is nothing to cancel there then. */
export async function isRejected(store: Store, order: OrderNames): Promise<boolean> {
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
