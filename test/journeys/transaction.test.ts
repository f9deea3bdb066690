import { randomUUID } from 'node:crypto';
import type { OrderTransactionDocument } from '../../store/collections/orders.ts';
import { openOrder } from '../../store/orders/open-order.ts';
import { moveAllOutgoing } from '../../store/outbox/outgoing.ts';
import { anOrder, type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const transaction = (id: string) => venule.store.transactions.findById(id).orFail().lean<OrderTransactionDocument>();

test('D1: an initial order opens exactly one transaction, linked both ways, however often it is written', async () => {
  const order = await venule.place();
  await openOrder(venule.store, venule.catalogue, order);
  await venule.journeys.start(order);
  const document = await venule.reaches(order.id, 'requisition_created');
  expect(document.transaction_id).toBe(order.transaction_id);
  expect((await transaction(order.transaction_id)).status).toBe('active');
  expect(await venule.store.orders.countDocuments({ transaction_id: order.transaction_id })).toBe(1);
  await moveAllOutgoing(venule.store, { orders: [order.id] });
  expect(await venule.store.webhookMessages.countDocuments({ order_id: order.id, event_number: 1 })).toBe(1);
});

test('D1: an order belongs to one transaction for ever: it cannot be written into another', async () => {
  const order = await venule.place();
  await venule.reaches(order.id, 'requisition_created');
  await openOrder(venule.store, venule.catalogue, { ...order, transaction_id: randomUUID() }).catch(() => undefined);
  const document = await venule.reaches(order.id, 'requisition_created');
  expect(document.transaction_id).toBe(order.transaction_id);
});

test('D2: an order that derives from no other is initial and has no parent', async () => {
  const order = await venule.place();
  const document = await venule.reaches(order.id, 'ordered');
  expect([document.origin, document.order.parent_id]).toEqual(['initial', null]);
});

test('D3: cancelling the only order cancels the transaction; completing it completes the transaction', async () => {
  const [cancelled, completed] = await Promise.all([venule.place(), venule.place()]);
  await venule.reaches(completed.id, 'requisition_created');
  await venule.simulate(completed, { final_status: 'completed' });
  await venule.reaches(completed.id, 'completed');
  await venule.journeys.cancel(await venule.reaches(cancelled.id, 'requisition_created'));
  expect((await transaction(cancelled.transaction_id)).status).toBe('cancelled');
  expect((await transaction(completed.transaction_id)).status).toBe('completed');
});

test('an order that only the journey has written (the API died right after the start) is whole', async () => {
  const order = anOrder(venule.catalogue, venule.teamId);
  await venule.journeys.start(order);
  const document = await venule.reaches(order.id, 'requisition_created');
  expect(document.created_at.toISOString()).toBe(order.created_at);
  expect((await transaction(order.transaction_id)).status).toBe('active');
});
