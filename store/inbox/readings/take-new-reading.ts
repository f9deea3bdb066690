/** New readings of reports whose orders have ended: decision 0022. */

import { NOTHING_MORE } from '../../../domain/orders/order.ts';
import { THE_JOURNEY } from '../../../domain/principal.ts';
import type { Catalogue } from '../../catalogue/catalogue.ts';
import { collectionOf } from '../../collections/define.ts';
import type { LabMessageDocument } from '../../collections/inbox.ts';
import type { OrderDocument } from '../../collections/orders.ts';
import type { Store } from '../../open.ts';
import { criticalWebhook } from '../../orders/order-webhooks.ts';
import { recordEvent } from '../../orders/record-event.ts';
import { putInOutbox } from '../../outbox/outbox.ts';
import { addToEndedOrder, isWithoutJourney } from '../../results/added-results.ts';
import { combinedResultIn } from '../../results/combined-result.ts';
import { sayOtherwise, takenIn } from '../../results/taken-in.ts';
import { orderOf } from '../lab-inbox.ts';
import { asTaken, isReadAnew, readingOf } from './numbered.ts';

/**
 * Takes a report in as it is read now, if that says anything new: a completed order's result is corrected, a combined result
 * holds it, and an order that ended without results has another version of those that a person added. What was decided
 * stays. Doing it again changes nothing.
 * @throws Error for an order that is open: its journey takes it in
 */
export async function takeNewReading(store: Store, catalogue: Catalogue, reportId: string): Promise<void> {
  for (;;) {
    const message = await collectionOf(store.labMessages).findOne({ _id: reportId }, { projection: { raw: 0 } });
    if (!message || !isReadAnew(message)) return;
    const order = await orderOf(store, message);
    if (order.last_status === 'redraw_available') return joinCombinedResult(store, catalogue, order, message);
    const isCompleted = order.last_status === 'completed' || order.last_status === 'corrected';
    if (!isCompleted && !isWithoutJourney(order)) throw new Error(`The journey of order ${order._id} is open`);
    if (!(await saysAnythingNew(store, catalogue, order, message))) return noteTaken(store, message);
    if (!isCompleted) return addVersion(store, catalogue, order, message);
    await recordEvent(store, catalogue, {
      ...NOTHING_MORE,
      order_id: order._id,
      number: order.events.length + 1,
      status: 'corrected',
      report_id: reportId,
      by: await replacedBy(store, message),
    });
    // Somebody else's event may hold that number; then this reading has still to be taken in.
  }
}

async function saysAnythingNew(
  store: Store,
  catalogue: Catalogue,
  order: OrderDocument,
  message: LabMessageDocument,
): Promise<boolean> {
  const reports = await takenIn(store, order._id);
  const isLate = message.state === 'late';
  return sayOtherwise(catalogue, order, await asTaken(store, reports), isLate ? [...reports, message] : reports);
}

async function noteTaken(store: Store, { _id, reading = 1 }: LabMessageDocument): Promise<void> {
  await collectionOf(store.labMessages).updateOne({ _id, reading }, { $set: { taken_reading: reading } });
}

/** The same order, the next version of its result (docs/decisions/0016). */
async function addVersion(
  store: Store,
  catalogue: Catalogue,
  order: OrderDocument,
  message: LabMessageDocument,
): Promise<void> {
  const by = await replacedBy(store, message);
  await store.connection.transaction(async (session) => {
    const held = await collectionOf(store.labMessages).findOne({ _id: message._id }, { session });
    if (!held || held.reading !== message.reading || !isReadAnew(held)) return;
    await addToEndedOrder(store, session, catalogue, by, order._id, message._id, readingOf(message));
  });
}

/** The combined result is read from what is held; told is only when it becomes critical by the new reading (E1). */
async function joinCombinedResult(
  store: Store,
  catalogue: Catalogue,
  order: OrderDocument,
  message: LabMessageDocument,
): Promise<void> {
  const { transaction_id } = order;
  const { _id, reading = 1 } = message;
  await store.connection.transaction(async (session) => {
    await collectionOf(store.transactions).updateOne({ _id: transaction_id }, { $inc: { version: 1 } }, { session });
    const before = await combinedResultIn(
      session,
      store,
      catalogue,
      transaction_id,
      await asTaken(store, [message], session),
    );
    const after = await combinedResultIn(session, store, catalogue, transaction_id, [message]);
    const said = [before, after].map((each) => JSON.stringify([each?.result.results, each?.result.missing_results]));
    const isTaken = await collectionOf(store.labMessages).updateOne(
      { _id, reading },
      { $set: { taken_reading: reading, ...(said[0] !== said[1] && { corrects: true as const }) } },
      { session },
    );
    const [was, is] = [before, after].map((each) => each?.result.metadata.interpretation === 'critical');
    if (isTaken.modifiedCount > 0 && is && !was) {
      await putInOutbox(store, session, criticalWebhook(order, `critical_${_id}_${reading}`));
    }
  });
}

/** Who had the message read anew last. */
async function replacedBy(store: Store, { _id, reading = 1 }: LabMessageDocument) {
  const earlier = await collectionOf(store.labReadings).findOne({ _id: `${_id}:${reading - 1}` });
  return earlier?.replaced_by ?? THE_JOURNEY;
}
