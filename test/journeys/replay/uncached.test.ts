import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { JOURNEYS } from './journeys.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule({ maxCachedWorkflows: 0 });
});
afterAll(() => venule.close());

test.each(JOURNEYS)('with no workflow in memory, replayed from its start at every step: $name', async (journey) => {
  const order = await journey.walk(venule);
  const orders = await venule.store.orders
    .find({ transaction_id: order.transaction_id })
    .sort({ created_at: 1 })
    .lean();
  expect(orders.map(({ events }) => events.map(({ status }) => status))).toEqual([
    journey.initial,
    ...(journey.redraw ? [journey.redraw] : []),
  ]);
});
