/**
 * The one writer of an order's history. A transition is one write of one document, in which its webhook and its audit
 * entry travel along (`outbox/outgoing.ts`); what truly spans documents (a result, the birth of a redraw, the end of an
 * order) is one MongoDB transaction. Either is keyed by order and event number. Writing it again changes nothing: the
 * answer is the event that is held, and the journey goes on from that one.
 */
import type { ClientSession } from 'mongoose';
import type { OrderEvent, ProposedEvent, RecordedEvent } from '../../domain/orders/order.ts';
import { transactionStatus } from '../../domain/orders/transaction.ts';
import { isEnded } from '../../domain/orders/transitions.ts';
import { THE_JOURNEY } from '../../domain/principal.ts';
import { oldestFirst } from '../../wire/client-facing-order.ts';
import { newestAppointment } from '../appointments/held-appointment.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { collectionOf } from '../collections/define.ts';
import type { OrderDocument, OutgoingRow } from '../collections/orders.ts';
import { insert } from '../collections/write.ts';
import { namingReportsAside, takeAgain } from '../inbox/set-aside-reports.ts';
import type { Store } from '../open.ts';
import { takeResultIn } from '../results/take-result-in.ts';
import { orderEventsAudit } from './audit.ts';
import { orderDocument } from './order-document.ts';
import { criticalWebhook, orderWebhook, tellingOfBirth } from './order-webhooks.ts';
import { redrawOrder } from './redraw-order.ts';
import { type RecordedJourney, readJourney, writeOrder, writeWithTransaction } from './write-order.ts';

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
  try {
    const alone = spansDocuments(proposed) ? null : await recordAlone(store, catalogue, proposed);
    if (alone) return alone;
    let recorded: RecordedEvent | null = null;
    await store.connection.transaction(async (session) => {
      recorded = await recordIn(store, session, catalogue, proposed);
    });
    return recorded;
  } catch (error) {
    return haveChecked(store, proposed.order_id, error as Error);
  }
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

/** An event that is recorded, as a journey adopts it. */
export function recordedEvent(event: OrderEvent, { order, siblings, transaction }: RecordedJourney): RecordedEvent {
  const redraw =
    event.status === 'redraw_available' ? siblings.find((sibling) => sibling.order.parent_id === order._id) : null;
  return { ...event, transaction_status: transaction.status, redraw: redraw?.order ?? null };
}

/**
 * The event that is held under a number; null where it is the order's next.
 * @throws StoreIsBehind
 */
async function heldUnder(
  store: Store,
  number: number,
  journey: RecordedJourney,
  session?: ClientSession,
): Promise<RecordedEvent | null> {
  const { order } = journey;
  const held = order.events.find((event) => event.number === number);
  if (held) {
    const appointment = await newestAppointment(store, order, session);
    return { ...recordedEvent(held, journey), ...(appointment && { appointment }) };
  }
  if (order.events.length !== number - 1) {
    throw new StoreIsBehind(`Order ${order._id} has ${order.events.length} events: event ${number} is too early`);
  }
  return null;
}

/** Whether an event changes, or depends on, more than its order's document; an order's end does, too. */
function spansDocuments({ report_id, redraw_results, yields_to_reports, status }: ProposedEvent): boolean {
  return report_id !== null || redraw_results.length > 0 || yields_to_reports || status === 'draw_completed';
}

/** The proposed event, and the order with it. */
function following(order: OrderDocument, proposed: ProposedEvent, reason: string | null, now: Date) {
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
  return { event, next };
}

/** Records an event by one write, or finds it recorded; null when it ends the order, or another was recorded meanwhile. */
async function recordAlone(store: Store, catalogue: Catalogue, proposed: ProposedEvent): Promise<RecordedEvent | null> {
  const journey = await readJourney(store, proposed.order_id);
  const { order, siblings, transaction } = journey;
  const held = await heldUnder(store, proposed.number, journey);
  if (held) return held;
  if (isEnded(proposed.status, order.collection_method)) return null;
  await catalogue.know([order.order.lab_test_id]);
  const { event, next } = following(order, proposed, proposed.reason, new Date());
  const webhook = orderWebhook(store, catalogue, 'labtest.order.updated', next, transaction, [next, ...siblings]);
  const row: OutgoingRow = {
    id: `${event.number}`,
    webhooks: [webhook],
    audit: orderEventsAudit(order, [event], proposed.by ?? THE_JOURNEY),
  };
  const isWritten = await writeOrder(store, order, next, row);
  return isWritten ? { ...event, transaction_status: transaction.status, redraw: null } : null;
}

async function recordIn(
  store: Store,
  session: ClientSession,
  catalogue: Catalogue,
  proposed: ProposedEvent,
): Promise<RecordedEvent | null> {
  const journey = await readJourney(store, proposed.order_id, session);
  const { order, siblings, transaction } = journey;
  const held = await heldUnder(store, proposed.number, journey, session);
  if (held) return held;
  await catalogue.know([order.order.lab_test_id]);
  if (proposed.yields_to_reports) {
    const waiting = await store.labMessages
      .exists({ order_id: order._id, state: { $in: ['stored', 'delivered'] as const } })
      .session(session);
    if (waiting) return null;
  }

  const now = new Date();
  const isExpiry = proposed.yields_to_reports;
  const reason = isExpiry ? await namingReportsAside(store, session, order._id, proposed) : proposed.reason;
  const { event, next } = following(order, proposed, reason, now);
  if (event.status === 'draw_completed') await takeAgain(store, session, order);
  const becameCritical = await takeResultIn(store, session, catalogue, order, next, event);
  const redraw =
    proposed.redraw_results.length > 0 ? redrawOrder(order.order, proposed.redraw_results, catalogue, now) : null;
  const redrawn = redraw && { ...orderDocument(redraw), sms_enabled: order.sms_enabled };

  const orders = oldestFirst([next, ...siblings, ...(redrawn ? [redrawn] : [])]);
  transaction.status = transactionStatus(orders.map(({ origin, last_status }) => ({ origin, status: last_status })));
  const isTold = event.status !== 'partial_results' || order.order.options.partial_webhooks_enabled;
  const row: OutgoingRow = {
    id: `${event.number}`,
    webhooks: [
      ...(isTold ? [orderWebhook(store, catalogue, 'labtest.order.updated', next, transaction, orders)] : []),
      ...(becameCritical ? [criticalWebhook(next)] : []),
    ],
    audit: orderEventsAudit(order, [event], proposed.by ?? THE_JOURNEY),
  };
  await writeWithTransaction(store, session, journey, next, row);
  if (redrawn) {
    await insert(store.orders, tellingOfBirth(store, catalogue, redrawn, transaction, orders, THE_JOURNEY), {
      session,
    });
  }
  return { ...event, transaction_status: transaction.status, redraw };
}
