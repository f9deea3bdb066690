/**
 * The one writer of an order's history. Each transition is one MongoDB transaction — order, event, transaction status,
 * result version, webhook, audit — keyed by order and event number. Writing it again changes nothing: the answer is the
 * event that is held, and the journey goes on from that one.
 */
import type { ClientSession } from 'mongoose';
import type { OrderEvent, ProposedEvent, RecordedEvent } from '../../domain/orders/order.ts';
import { transactionStatus } from '../../domain/orders/transaction.ts';
import { THE_JOURNEY } from '../../domain/principal.ts';
import { oldestFirst } from '../../wire/client-facing-order.ts';
import { newestAppointment } from '../appointments/held-appointment.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { collectionOf } from '../collections/define.ts';
import type { OrderDocument, OrderTransactionDocument } from '../collections/orders.ts';
import { insert, replace } from '../collections/write.ts';
import { namingReportsAside, takeAgain } from '../inbox/set-aside-reports.ts';
import type { Store } from '../open.ts';
import { takeResultIn } from '../results/take-result-in.ts';
import { auditOrderEvents } from './audit.ts';
import { orderDocument } from './order-document.ts';
import { enqueueOrderWebhook, tellCritical } from './order-webhooks.ts';
import { redrawOrder } from './redraw-order.ts';

/**
 * Records the next event of an order, or finds that it is recorded already.
 * @returns the event that is held under that number, which may differ from the proposed one; null when the proposal
 * yields to a report that is on its way to the journey (F1).
 * @throws Error when the order does not exist, or its history is not yet that long.
 */
export async function recordEvent(
  store: Store,
  catalogue: Catalogue,
  proposed: ProposedEvent,
): Promise<RecordedEvent | null> {
  let held: RecordedEvent | null = null;
  await store.connection
    .transaction(async (session) => {
      held = await recordIn(store, session, catalogue, proposed);
    })
    .catch((error: Error) => haveChecked(store, proposed.order_id, error));
  return held;
}

/** An event is proposed whose predecessors are not there: the journey knows of events that were here once. */
export class StoreIsBehind extends Error {
  override name = 'StoreIsBehind';
}

/** @throws Error as it is; after `StoreIsBehind` the order's journey is looked at, so that an operator is told. */
export async function haveChecked(store: Store, orderId: string, error: Error): Promise<never> {
  if (error instanceof StoreIsBehind) {
    const journey_check = { due: new Date(), attempts: 0 };
    await collectionOf(store.orders).updateOne({ _id: orderId, journey_check: null }, { $set: { journey_check } });
  }
  throw error;
}

/** An order among the others of its transaction. */
interface RecordedJourney {
  order: OrderDocument;
  siblings: OrderDocument[];
  transaction: OrderTransactionDocument;
}

/** An event that is recorded, as a journey adopts it. */
export function recordedEvent(event: OrderEvent, { order, siblings, transaction }: RecordedJourney): RecordedEvent {
  const redraw =
    event.status === 'redraw_available' ? siblings.find((sibling) => sibling.order.parent_id === order._id) : null;
  return { ...event, transaction_status: transaction.status, redraw: redraw?.order ?? null };
}

async function recordIn(
  store: Store,
  session: ClientSession,
  catalogue: Catalogue,
  proposed: ProposedEvent,
): Promise<RecordedEvent | null> {
  const { order, siblings, transaction } = await readJourney(store, session, proposed.order_id);
  await catalogue.know([order.order.lab_test_id]);

  const held = order.events.find((event) => event.number === proposed.number);
  if (held) {
    const appointment = await newestAppointment(store, session, order);
    return { ...recordedEvent(held, { order, siblings, transaction }), ...(appointment && { appointment }) };
  }
  if (order.events.length !== proposed.number - 1) {
    throw new StoreIsBehind(
      `Order ${order._id} has ${order.events.length} events: event ${proposed.number} is too early`,
    );
  }
  if (proposed.yields_to_reports) {
    const waiting = await store.labMessages
      .exists({ order_id: order._id, state: { $in: ['stored', 'delivered'] as const } })
      .session(session);
    if (waiting) return null;
  }

  const now = new Date();
  const isExpiry = proposed.yields_to_reports;
  const reason = isExpiry ? await namingReportsAside(store, session, order._id, proposed) : proposed.reason;
  const event: OrderEvent = {
    number: proposed.number,
    status: proposed.status,
    status_detail: proposed.status_detail,
    reason,
    report_id: proposed.report_id,
    created_at: now.toISOString(),
  };
  const next: OrderDocument = {
    ...order,
    events: [...order.events, event],
    last_status: event.status,
    filler_order_number: proposed.filler_order_number ?? order.filler_order_number,
    // A correction is not its journey's (docs/decisions/0003).
    ...(event.status !== 'corrected' && { journey_check: { due: now, attempts: 0 } }),
    updated_at: now,
  };
  if (event.status === 'draw_completed') await takeAgain(store, session, order);
  const becameCritical = await takeResultIn(store, session, catalogue, order, next, event);
  const redraw =
    proposed.redraw_results.length > 0 ? redrawOrder(order.order, proposed.redraw_results, catalogue, now) : null;
  const redrawDocument = redraw && { ...orderDocument(redraw), sms_enabled: order.sms_enabled };

  const orders = oldestFirst([next, ...siblings, ...(redrawDocument ? [redrawDocument] : [])]);
  transaction.status = transactionStatus(orders.map(({ origin, last_status }) => ({ origin, status: last_status })));
  await writeNext(store, session, transaction, next);
  await auditOrderEvents(store, session, order, [event], proposed.by ?? THE_JOURNEY);
  if (redrawDocument) {
    await insert(store.orders, redrawDocument, { session });
    await auditOrderEvents(store, session, redrawDocument, redrawDocument.events, THE_JOURNEY);
    await enqueueOrderWebhook(store, session, catalogue, 'labtest.order.created', redrawDocument, transaction, orders);
  }
  if (event.status !== 'partial_results' || order.order.options.partial_webhooks_enabled) {
    await enqueueOrderWebhook(store, session, catalogue, 'labtest.order.updated', next, transaction, orders);
  }
  if (becameCritical) await tellCritical(store, session, next);
  return { ...event, transaction_status: transaction.status, redraw };
}

/**
 * Writes the next version of an order, and its transaction as it stands then. Of two writers in one order transaction the
 * second conflicts here, and begins again with what the first wrote (D3).
 */
export async function writeNext(
  store: Store,
  session: ClientSession,
  { _id, status }: OrderTransactionDocument,
  next: OrderDocument,
): Promise<void> {
  await collectionOf(store.transactions).updateOne(
    { _id },
    { $set: { status, updated_at: next.updated_at }, $inc: { version: 1 } },
    { session },
  );
  await replace(store.orders, next, { session });
}

/** An order with everything that its next event is derived from, in one reading. */
export async function readJourney(store: Store, session: ClientSession, orderId: string): Promise<RecordedJourney> {
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
      { session },
    )
    .toArray();
  const order = found?.orders.find(({ _id }) => _id === orderId);
  if (!order) throw new Error(`Order ${orderId} has no event 1 yet`);
  const [transaction] = found?.transactions ?? [];
  if (!transaction) throw new Error(`Order transaction ${order.transaction_id} does not exist`);
  const siblings = found?.orders.filter((sibling) => sibling !== order) ?? [];
  return { order, siblings, transaction };
}
