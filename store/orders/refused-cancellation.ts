/** A cancellation that came too late for the laboratory: the order stays canceled, and says what the laboratory said (F4). */
import { partner } from '../../domain/principal.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { collectionOf } from '../collections/define.ts';
import type { Store } from '../open.ts';
import { orderWebhook } from './order-webhooks.ts';
import { readJourney } from './write-order.ts';

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
    const { order, siblings, transaction } = await readJourney(store, orderId, session);
    const event = order.events.findLast(({ status }) => status === 'cancelled');
    const said = `${order.lab_slug} rejected the cancellation and may continue with the order: ${words}`;
    if (!event || event.reason?.endsWith(said)) return;
    await catalogue.know([order.order.lab_test_id]);

    const now = new Date();
    const refused = {
      ...event,
      status_detail: 'fulfillment_error' as const,
      reason: [event.reason, said].join(' ').trim(),
    };
    const events = order.events.map((one) => (one === event ? refused : one));
    const next = { ...order, events, updated_at: now };
    const kind = 'cancellation_refused';
    const entry = {
      _id: `${orderId}:${kind}`,
      team_id: order.team_id,
      order_id: orderId,
      by: partner(order.lab_slug),
      action: 'order.cancellation_refused',
      detail: { event_number: event.number, reason: words },
      at: now,
    };
    const orders = [next, ...siblings];
    const told = orderWebhook(store, catalogue, 'labtest.order.updated', next, transaction, orders, kind);
    await collectionOf(store.orders).updateOne(
      { _id: orderId },
      {
        $set: { events, updated_at: now, outgoing_at: now },
        $push: { outgoing: { id: kind, webhooks: [told], audit: [entry] } },
      },
      { session },
    );
  });
}
