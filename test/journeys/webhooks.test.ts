import type { Order } from '../../domain/orders/order.ts';
import { labMessage } from '../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { until } from '../support/until.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const TSH = [{ loinc: '3016-3', reason: 'QS' }];

async function place(changes: Parameters<InProcessVenule['place']>[0] = {}): Promise<Order> {
  const order = await venule.place({ labTest: 'quest-thyroid-panel', ...changes });
  await venule.reaches(order.id, 'requisition_created');
  return order;
}

async function told(orderId: string) {
  return (await venule.webhooks(orderId)).map(({ body }) => [body.event_type, body.data.last_event?.status]);
}

test('E1: created once, then updated at every later status; partial results only where the team asked for them', async () => {
  const [silent, chatty] = await Promise.all([place(), place({ options: { partial_webhooks_enabled: true } })]);
  for (const order of [silent, chatty]) {
    await venule.simulate(order, { final_status: 'completed' });
    await venule.reaches(order.id, 'completed');
  }
  const walkIn = (high: string, low: string) => `${high}.walk_in_test.${low}`;
  const first = ['labtest.order.created', walkIn('received', 'ordered')];
  const requisition = ['labtest.order.updated', walkIn('received', 'requisition_created')];
  const partial = ['labtest.order.updated', walkIn('sample_with_lab', 'partial_results')];
  const completed = ['labtest.order.updated', walkIn('completed', 'completed')];
  expect(await told(silent.id)).toEqual([first, requisition, completed]);
  expect(await told(chatty.id)).toEqual([first, requisition, partial, completed]);
});

test('E1: the redraw is told as created and as updated at its requisition; the initial order at redraw_available', async () => {
  const order = await place();
  await venule.simulate(order, { final_status: 'completed', missing: TSH });
  const redraw = (await venule.redrawOf(order)).order;
  await venule.reaches(redraw.id, 'requisition_created');
  expect((await told(order.id)).at(-1)).toEqual([
    'labtest.order.updated',
    'collecting_sample.walk_in_test.redraw_available',
  ]);
  expect(await told(redraw.id)).toEqual([
    ['labtest.order.created', 'received.walk_in_test.ordered'],
    ['labtest.order.updated', 'received.walk_in_test.requisition_created'],
  ]);
});

test('E1: a critical result is told by an event of its own, once', async () => {
  const order = await place({ labTest: 'quest-cbc-and-cmp' });
  await venule.simulate(order, { final_status: 'completed', interpretation: 'critical' });
  await venule.reaches(order.id, 'completed');
  const critical = (await venule.webhooks(order.id)).filter(
    ({ event_type }) => event_type === 'labtest.result.critical',
  );
  expect(critical).toHaveLength(1);
  expect(critical[0]?.body.data).toMatchObject({
    order_id: order.id,
    interpretation: 'critical',
    team_id: venule.teamId,
  });
});

test('E2: order payloads carry the origin and the transaction; when redraw_available goes out, the redraw is in its list', async () => {
  const order = await place();
  await venule.simulate(order, { final_status: 'completed', missing: TSH });
  const redraw = (await venule.redrawOf(order)).order;
  const available = (await venule.webhooks(order.id)).at(-1)?.body.data;
  expect(available.origin).toBe('initial');
  expect(available.order_transaction).toMatchObject({ id: order.transaction_id, status: 'active' });
  expect(available.order_transaction.orders.map(({ id }: { id: string }) => id)).toEqual([order.id, redraw.id]);
  const created = (await venule.webhooks(redraw.id))[0]?.body.data;
  expect(created.origin).toBe('redraw');
  expect(
    created.order_transaction.orders.map(({ id, parent_id }: { id: string; parent_id: string }) => [id, parent_id]),
  ).toEqual([
    [order.id, null],
    [redraw.id, order.id],
  ]);
});

test('E3: a payload is the order as it was at that event', async () => {
  const order = await place();
  await venule.simulate(order, { final_status: 'completed' });
  await venule.reaches(order.id, 'completed');
  const messages = await venule.webhooks(order.id);
  expect(messages.map(({ body }) => body.data.events.length)).toEqual([1, 2, 4]);
  expect(messages.map(({ body }) => body.data.order_transaction.status)).toEqual(['active', 'active', 'completed']);
});

test('E4: what is told is written with the transition itself, and under an identity that a repeated write keeps', async () => {
  const order = await place();
  const [created] = await venule.webhooks(order.id);
  expect(created?._id).toBe(`msg_order_${order.id}_1`);
  expect(created?.body).toMatchObject({ team_id: venule.teamId, user_id: order.user_id, client_user_id: 'patient-17' });
});

test('E1: a report that belongs to no journey is told as awaiting review', async () => {
  const order = await place();
  await venule.journeys.cancel(await venule.reaches(order.id, 'requisition_created'));
  await venule.ended(order);
  await venule.deliver('quest', labMessage(venule.catalogue, order));
  const review = await until(() =>
    venule.store.webhookMessages.findOne({ event_type: 'labtest.match_review.created', team_id: venule.teamId }).lean(),
  );
  expect(JSON.parse(review.payload).data).toMatchObject({
    decision_code: 'match_cancelled',
    status: 'pending_ops_review',
    resolved_order_id: null,
  });
});
