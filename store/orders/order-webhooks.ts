/** What is told about an order: the order as it is at an event, and a result that has become critical. */
import { webhookMessageId } from '../../domain/ids.ts';
import { isEnded } from '../../domain/orders/transitions.ts';
import type { Principal } from '../../domain/principal.ts';
import type { WebhookEventType } from '../../domain/webhook-events.ts';
import { clientFacingOrder, clientFacingTransaction } from '../../wire/client-facing-order.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { OrderDocument, OrderTransactionDocument } from '../collections/orders.ts';
import type { WebhookMessageDocument } from '../collections/outbox.ts';
import type { Store } from '../open.ts';
import { webhookMessage } from '../outbox/outbox.ts';
import { orderEventsAudit } from './audit.ts';

/**
 * An order, as it is at this event (E1–E3).
 * @param orders every order of its transaction, in any order
 * @param kind tells the message from others of the same event
 */
export function orderWebhook(
  { publicUrl }: Pick<Store, 'publicUrl'>,
  catalogue: Catalogue,
  eventType: 'labtest.order.created' | 'labtest.order.updated',
  document: OrderDocument,
  transaction: Pick<OrderTransactionDocument, '_id' | 'status'>,
  orders: readonly OrderDocument[],
  kind = 'order',
): WebhookMessageDocument {
  const told = clientFacingTransaction(transaction, orders);
  return webhookAbout(document, eventType, kind, clientFacingOrder(document, catalogue, told, publicUrl));
}

/** An order that was just made, with what is to be told of that. @param by who ordered it */
export function tellingOfBirth(
  store: Pick<Store, 'publicUrl'>,
  catalogue: Catalogue,
  document: OrderDocument,
  transaction: Pick<OrderTransactionDocument, '_id' | 'status'>,
  orders: readonly OrderDocument[],
  by: Principal,
): OrderDocument {
  const created = orderWebhook(store, catalogue, 'labtest.order.created', document, transaction, orders);
  const audit = orderEventsAudit(document, document.events, by);
  return { ...document, outgoing: [{ id: '1', webhooks: [created], audit }], outgoing_at: document.created_at };
}

/**
 * A result that has become critical (E1).
 * @param kind tells the message from others of the same event
 */
export function criticalWebhook(document: OrderDocument, kind = 'critical'): WebhookMessageDocument {
  return webhookAbout(document, 'labtest.result.critical', kind, {
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

/** An event about an order, or about what belongs to it. */
export function webhookAbout(
  { _id, team_id, user_id, order, events, updated_at }: OrderDocument,
  type: WebhookEventType,
  kind: string,
  data: object,
): WebhookMessageDocument {
  return webhookMessage({
    id: webhookMessageId(_id, events.length, kind),
    type,
    team_id,
    content: { data, user_id, client_user_id: order.client_user_id },
    order_id: _id,
    event_number: events.length,
    at: updated_at,
  });
}
