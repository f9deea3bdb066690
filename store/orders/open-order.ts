/** Event 1 of an order. */
import type { Order, RecordedEvent } from '../../domain/orders/order.ts';
import { transactionStatus } from '../../domain/orders/transaction.ts';
import { THE_JOURNEY } from '../../domain/principal.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { OrderDocument, OrderTransactionDocument } from '../collections/orders.ts';
import { insertTogether } from '../collections/together.ts';
import type { Store } from '../open.ts';
import { orderDocument } from './order-document.ts';
import { tellingOfBirth } from './order-webhooks.ts';

/**
 * Event 1 of an initial order: the order itself and its transaction (D1). Written by the API together with the start of
 * the workflow, and by the workflow's first step: whoever is second changes nothing. The transaction comes first, so that
 * an order that can be read has one; alone it is nothing that anybody can read, and the other writer completes it.
 * To be called once the journey has started, so that an order that can be read has one. Orders that are opened at the same
 * time share their messages to the database; each fails for itself.
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
  await insertTogether(store.transactions, transaction);
  const told = tellingOfBirth(store, catalogue, document, transaction, [document], order.placed_by ?? THE_JOURNEY);
  await insertTogether(store.orders, told);
  return opened(document);
}

/** The same, for the journey's first step: the API mostly was there before, and to look costs less than to try. */
export async function ensureOpen(store: Store, catalogue: Catalogue, order: Order): Promise<RecordedEvent> {
  const held = await store.orders.exists({ _id: order.id });
  return held ? opened(orderDocument(order)) : openOrder(store, catalogue, order);
}

function opened(document: OrderDocument): RecordedEvent {
  const [first] = document.events;
  if (!first) throw new Error(`Order ${document._id} was made without an event`);
  return { ...first, transaction_status: 'active', redraw: null };
}
