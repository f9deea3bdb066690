/**
 * The one writer of an order's history. Each transition is one MongoDB transaction — order, event, transaction status,
 * result version, webhook, audit — keyed by order and event number. Writing it again changes nothing: the answer is the
 * event that is held, and the journey goes on from that one.
 */
import { randomUUID } from 'node:crypto';
import type { ClientSession } from 'mongoose';
import type { Marker } from '../../domain/catalogue/catalogue.ts';
import { webhookMessageId } from '../../domain/ids.ts';
import type { Order, OrderEvent, ProposedEvent, RecordedEvent } from '../../domain/orders/order.ts';
import { asOrdered, smallestMarkerSet } from '../../domain/orders/redraw.ts';
import { transactionStatus } from '../../domain/orders/transaction.ts';
import { isEnded } from '../../domain/orders/transitions.ts';
import { THE_JOURNEY } from '../../domain/principal.ts';
import type { WebhookEventType } from '../../domain/webhook-events.ts';
import { newestAppointment } from '../appointments/held-appointment.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { OrderDocument, OrderTransactionDocument } from '../documents.ts';
import { isDuplicateKey } from '../duplicate-key.ts';
import { namingReportsAside, takeAgain } from '../inbox/set-aside-reports.ts';
import { putInOutbox } from '../outbox/outbox.ts';
import { collectionOf, type Store } from '../store.ts';
import { auditOrderEvents } from './audit.ts';
import { clientFacingOrder, clientFacingTransaction, oldestFirst } from './client-facing-order.ts';
import { orderDocument } from './order-document.ts';
import { newPlacerOrderNumber } from './placer-order-number.ts';
import { takeResultIn } from './take-result-in.ts';

/**
 * Event 1 of an initial order: the order itself and its transaction (D1). Written by the API together with the start of
 * the workflow, and by the workflow's first step: whoever is second changes nothing.
 * To be called once the journey has started, so that an order that can be read has one.
 */
export async function openOrder(store: Store, catalogue: Catalogue, order: Order): Promise<RecordedEvent> {
  await catalogue.know([order.lab_test_id]);
  const document = orderDocument(order);
  const transaction: OrderTransactionDocument = {
    _id: order.transaction_id,
    team_id: order.team_id,
    user_id: order.user_id,
    status: transactionStatus([{ origin: order.origin, status: document.last_status }]),
    version: 1,
    created_at: document.created_at,
    updated_at: document.created_at,
  };
  try {
    await store.connection.transaction(async (session) => {
      await collectionOf(store.transactions).insertOne(transaction, { session });
      await collectionOf(store.orders).insertOne(document, { session });
      await enqueueOrderWebhook(store, session, catalogue, 'labtest.order.created', document, transaction, [document]);
      await auditOrderEvents(store, session, document, document.events, order.placed_by ?? THE_JOURNEY);
    });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    const held = await store.orders.findById(order.id).lean<OrderDocument>();
    if (!held) throw error;
  }
  return opened(document);
}

/** The same, for the journey's first step: the API mostly was there before, and to look costs less than to try. */
export async function ensureOpen(store: Store, catalogue: Catalogue, order: Order): Promise<RecordedEvent> {
  const held = await store.orders.exists({ _id: order.id });
  return held ? opened(orderDocument(order)) : openOrder(store, catalogue, order);
}

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
    await collectionOf(store.orders).insertOne(redrawDocument, { session });
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
  await collectionOf(store.orders).replaceOne({ _id: next._id }, next, { session });
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

const requiredOf = (marker: Marker | undefined) =>
  (marker?.expected_results ?? []).filter(({ required }) => required).map(({ slug }) => slug);

/** The redraw of an order: the same patient, the same lab, and only what must be tested again (D6). */
function redrawOrder(initial: Order, missing: readonly string[], catalogue: Catalogue, now: Date): Order {
  const offered = [...catalogue.markers.values()].filter((marker) => marker.lab_id === initial.lab_id);
  const markers = smallestMarkerSet(missing, asOrdered(offered, initial), initial);
  const kept = new Set(markers.map((marker) => marker.id));
  return {
    ...initial,
    id: randomUUID(),
    origin: 'redraw',
    parent_id: initial.id,
    markers: markers.map((marker) => ({
      marker_id: marker.id,
      provider_id: marker.provider_id,
      result_slugs: marker.expected_results.map((result) => result.slug),
      required_slugs: requiredOf(catalogue.markers.get(marker.id)),
    })),
    aoe_answers: initial.aoe_answers.filter((answer) => kept.has(answer.marker_id)),
    placer_order_number: newPlacerOrderNumber(),
    sample_id: null,
    activate_by: null,
    activate_at: null,
    placed_by: THE_JOURNEY,
    created_at: now.toISOString(),
  };
}

/**
 * Puts an order, as it is at this event, into the outbox (E1–E3).
 * @param kind tells the message from others of the same event
 */
export async function enqueueOrderWebhook(
  store: Store,
  session: ClientSession,
  catalogue: Catalogue,
  eventType: 'labtest.order.created' | 'labtest.order.updated',
  document: OrderDocument,
  transaction: OrderTransactionDocument,
  orders: readonly OrderDocument[],
  kind = 'order',
): Promise<void> {
  const told = clientFacingTransaction(transaction, orders);
  const order = clientFacingOrder(document, catalogue, told, store.publicUrl);
  await enqueueWebhook(store, session, document, eventType, kind, order);
}

/**
 * Puts a result that has become critical into the outbox (E1).
 * @param kind tells the message from others of the same event
 */
export async function tellCritical(store: Store, session: ClientSession, document: OrderDocument, kind = 'critical') {
  await enqueueWebhook(store, session, document, 'labtest.result.critical', kind, {
    order_id: document._id,
    sample_id: document.sample_id ?? document.placer_order_number,
    status: isEnded(document.last_status, document.collection_method) ? 'final' : 'partial',
    interpretation: 'critical',
    team_id: document.team_id,
    user_id: document.user_id,
    created_at: document.created_at.toISOString(),
    updated_at: document.updated_at.toISOString(),
  });
}

/** Puts an event about an order, or about what belongs to it, into the outbox. */
export async function enqueueWebhook(
  store: Store,
  session: ClientSession,
  document: OrderDocument,
  type: WebhookEventType,
  kind: string,
  data: object,
): Promise<void> {
  const { _id, team_id, user_id, order, events, updated_at } = document;
  await putInOutbox(store, session, {
    id: webhookMessageId(_id, events.length, kind),
    type,
    team_id,
    content: { data, user_id, client_user_id: order.client_user_id },
    order_id: _id,
    event_number: events.length,
    at: updated_at,
  });
}

function opened(document: OrderDocument): RecordedEvent {
  const [first] = document.events;
  if (!first) throw new Error(`Order ${document._id} was made without an event`);
  return { ...first, transaction_status: 'active', redraw: null };
}
