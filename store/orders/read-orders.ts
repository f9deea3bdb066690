/** Orders as they are now, with their transactions, in the shapes of the wire. */

import { clientFacingOrder, clientFacingTransaction } from '../../wire/client-facing-order.ts';
import type { ClientFacingOrder, ClientFacingOrderTransaction } from '../../wire/order-shapes.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { OrderDocument, OrderTransactionDocument } from '../collections/orders.ts';
import type { Store } from '../open.ts';

/** One of a team's orders; null for an order of another team, too. */
export async function findOrder(store: Store, teamId: string, orderId: string): Promise<OrderDocument | null> {
  return store.orders.findOne({ _id: orderId, team_id: teamId }).lean<OrderDocument>();
}

/** The newest order of one of a team's users; null where there is none. */
export async function newestOrderOf(store: Store, teamId: string, userId: string): Promise<OrderDocument | null> {
  return store.orders.findOne({ team_id: teamId, user_id: userId }).sort({ created_at: -1 }).lean<OrderDocument>();
}

/** One of a team's order transactions with its orders, oldest first; null for one of another team, too. */
export async function findTransaction(
  store: Store,
  teamId: string,
  transactionId: string,
): Promise<{ transaction: OrderTransactionDocument; orders: OrderDocument[] } | null> {
  const [transaction, orders] = await Promise.all([
    store.transactions.findOne({ _id: transactionId, team_id: teamId }).lean<OrderTransactionDocument>(),
    store.orders.find({ transaction_id: transactionId }).sort({ created_at: 1 }).lean<OrderDocument[]>(),
  ]);
  return transaction && orders.length > 0 ? { transaction, orders } : null;
}

/** The transactions of some orders, by their ids, with all of their orders. */
export async function transactionsOf(
  store: Store,
  documents: readonly OrderDocument[],
): Promise<Map<string, ClientFacingOrderTransaction>> {
  const ids = [...new Set(documents.map(({ transaction_id }) => transaction_id))];
  const [transactions, orders] = await Promise.all([
    store.transactions.find({ _id: { $in: ids } }).lean<OrderTransactionDocument[]>(),
    store.orders.find({ transaction_id: { $in: ids } }).lean<OrderDocument[]>(),
  ]);
  return new Map(
    transactions.map((transaction) => [
      transaction._id,
      clientFacingTransaction(
        transaction,
        orders.filter(({ transaction_id }) => transaction_id === transaction._id),
      ),
    ]),
  );
}

/** Orders as callers see them (D9), in the order in which they were given. */
export async function clientFacingOrders(
  store: Store,
  catalogue: Catalogue,
  documents: readonly OrderDocument[],
): Promise<ClientFacingOrder[]> {
  const [transactions] = await Promise.all([
    transactionsOf(store, documents),
    catalogue.know(documents.map(({ order }) => order.lab_test_id)),
  ]);
  return documents.map((document) => {
    const transaction = transactions.get(document.transaction_id);
    if (!transaction) throw new Error(`Order ${document._id} has no transaction.`);
    return clientFacingOrder(document, catalogue, transaction, store.publicUrl);
  });
}
