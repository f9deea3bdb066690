/** How an order's next version is written: one update of its document, which takes along what others are told of it. */
import type { ClientSession, mongo } from 'mongoose';
import { collectionOf } from '../collections/define.ts';
import type { OrderDocument, OrderTransactionDocument, OutgoingRow } from '../collections/orders.ts';
import type { Store } from '../open.ts';

/** An order among the others of its transaction. */
export interface RecordedJourney {
  order: OrderDocument;
  siblings: OrderDocument[];
  transaction: OrderTransactionDocument;
}

/**
 * An order with everything that its next event is derived from, in one reading.
 * @throws Error when there is no such order
 */
export async function readJourney(store: Store, orderId: string, session?: ClientSession): Promise<RecordedJourney> {
  const [found] = await collectionOf(store.orders)
    .aggregate<{ orders: OrderDocument[]; transactions: OrderTransactionDocument[] }>(
      [
        { $match: { _id: orderId } },
        {
          $lookup: {
            from: store.orders.collection.name,
            localField: 'transaction_id',
            foreignField: 'transaction_id',
            as: 'orders',
          },
        },
        {
          $lookup: {
            from: store.transactions.collection.name,
            localField: 'transaction_id',
            foreignField: '_id',
            as: 'transactions',
          },
        },
        { $project: { orders: 1, transactions: 1 } },
      ],
      { ...(session && { session }) },
    )
    .toArray();
  const order = found?.orders.find(({ _id }) => _id === orderId);
  if (!order) throw new Error(`Order ${orderId} has no event 1 yet`);
  const [transaction] = found?.transactions ?? [];
  if (!transaction) throw new Error(`Order transaction ${order.transaction_id} does not exist`);
  const siblings = found?.orders.filter((sibling) => sibling !== order) ?? [];
  return { order, siblings, transaction };
}

/**
 * Writes an order's next version, unless it has got another event since it was read. New events are added, other fields
 * are set where they differ; what is not mentioned stays as it is by then.
 * @param row what is to be told of it
 * @param session of the MongoDB transaction that it is part of, where there is one
 * @returns whether it was written
 */
export async function writeOrder(
  store: Store,
  before: OrderDocument,
  next: OrderDocument,
  row: OutgoingRow,
  session?: ClientSession,
): Promise<boolean> {
  const fields = Object.entries(next).filter(
    ([field, value]) => field !== 'events' && value !== before[field as keyof OrderDocument],
  );
  const { modifiedCount } = await collectionOf(store.orders).updateOne(
    { _id: before._id, events: { $size: before.events.length } },
    {
      $set: { ...(Object.fromEntries(fields) as Partial<OrderDocument>), outgoing_at: next.updated_at },
      $push: {
        events: { $each: next.events.slice(before.events.length) },
        outgoing: row,
      } as mongo.PushOperator<OrderDocument>,
    },
    { ...(session && { session }) },
  );
  return modifiedCount === 1;
}

/**
 * The same where it may change what the order's transaction is, in a MongoDB transaction. Of two writers in one order
 * transaction the second conflicts here, and begins again with what the first wrote (D3).
 */
export async function writeWithTransaction(
  store: Store,
  session: ClientSession,
  { order: before, transaction: { _id, status } }: RecordedJourney,
  next: OrderDocument,
  row: OutgoingRow,
): Promise<void> {
  await collectionOf(store.transactions).updateOne(
    { _id },
    { $set: { status, updated_at: next.updated_at }, $inc: { version: 1 } },
    { session },
  );
  if (!(await writeOrder(store, before, next, row, session))) throw new Error(`Order ${before._id} was not written`);
}
