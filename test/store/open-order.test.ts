/** D1: an order is opened once, however often it is. */
import { randomUUID } from 'node:crypto';
import type { Order } from '../../domain/orders/order.ts';
import type { Catalogue } from '../../store/catalogue/catalogue.ts';
import type { Store } from '../../store/open.ts';
import { openOrder } from '../../store/orders/open-order.ts';
import { moveAllOutgoing } from '../../store/outbox/outgoing.ts';
import { freshCatalogue } from '../support/running/fresh-store.ts';
import { anOrder } from '../support/running/in-process-venule.ts';

let store: Store;
let discard: () => Promise<void>;
let catalogue: Catalogue;
beforeAll(async () => {
  ({ store, catalogue, discard } = await freshCatalogue());
});
afterAll(() => discard());

const written = async (order: Order) => {
  await moveAllOutgoing(store, { orders: [order.id] });
  return [
    await store.orders.countDocuments({ _id: order.id }),
    await store.transactions.countDocuments({ _id: order.transaction_id }),
    await store.webhookMessages.countDocuments({ order_id: order.id }),
    await store.audit.countDocuments({ order_id: order.id }),
  ];
};

test('D1: whoever opens an order again, and however many at once, changes nothing', async () => {
  const order = anOrder(catalogue, randomUUID());
  const opened = await Promise.all(Array.from({ length: 8 }, () => openOrder(store, catalogue, order)));
  expect(new Set(opened.map((event) => JSON.stringify(event))).size).toBe(1);
  expect(await written(order)).toEqual([1, 1, 1, 1]);
});
