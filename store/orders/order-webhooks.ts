/** What the outbox is given about an order: the order as it is at an event, and a result that has become critical. */
import type { ClientSession } from 'mongoose';
import { webhookMessageId } from '../../domain/ids.ts';
import { isEnded } from '../../domain/orders/transitions.ts';
import type { WebhookEventType } from '../../domain/webhook-events.ts';
import { clientFacingOrder, clientFacingTransaction } from '../../wire/client-facing-order.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { OrderDocument, OrderTransactionDocument } from '../collections/orders.ts';
import type { Store } from '../open.ts';
import { putInOutbox } from '../outbox/outbox.ts';

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
