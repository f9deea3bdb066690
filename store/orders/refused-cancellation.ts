/** A cancellation that came too late for the laboratory: the order stays canceled, and says what the laboratory said (F4). */
import { partner } from '../../domain/principal.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { collectionOf } from '../collections/define.ts';
import { insert } from '../collections/write.ts';
import type { Store } from '../open.ts';
import { enqueueOrderWebhook } from './order-webhooks.ts';
import { readJourney } from './record-event.ts';

/**
 * Notes on the order's cancellation that its laboratory refused it, tells callers, and writes an audit entry; doing it
 * again changes nothing.
 * @param words The laboratory's.
 */
export async function recordRefusedCancellation(
  store: Store,
  catalogue: Catalogue,
  orderId: string,
  words: string,
): Promise<void> {
  await store.connection.transaction(async (session) => {
    const { order, siblings, transaction } = await readJourney(store, session, orderId);
    const auditId = `${orderId}:cancellation_refused`;
    const event = order.events.findLast(({ status }) => status === 'cancelled');
    if (!event || (await collectionOf(store.audit).findOne({ _id: auditId }, { session }))) return;
    await catalogue.know([order.order.lab_test_id]);

    const now = new Date();
    const said = `${order.lab_slug} rejected the cancellation and may continue with the order: ${words}`;
    const refused = {
      ...event,
      status_detail: 'fulfillment_error' as const,
      reason: [event.reason, said].join(' ').trim(),
    };
    const events = order.events.map((one) => (one === event ? refused : one));
    const next = { ...order, events, updated_at: now };
    await collectionOf(store.orders).updateOne({ _id: orderId }, { $set: { events, updated_at: now } }, { session });
    await insert(
      store.audit,
      {
        _id: auditId,
        team_id: order.team_id,
        order_id: orderId,
        by: partner(order.lab_slug),
        action: 'order.cancellation_refused',
        detail: { event_number: event.number, reason: words },
        at: now,
      },
      { session },
    );
    const orders = [next, ...siblings].sort((a, b) => a.created_at.getTime() - b.created_at.getTime());
    await enqueueOrderWebhook(
      store,
      session,
      catalogue,
      'labtest.order.updated',
      next,
      transaction,
      orders,
      'cancellation_refused',
    );
  });
}
