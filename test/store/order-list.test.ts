/** `GET /v3/orders`: pages that neither repeat nor skip an order, read from indexes. */
import { randomUUID } from 'node:crypto';
import { listOrders } from '../../api/orders/list-orders.ts';
import { orderListQuery } from '../../api/orders/schemas.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import type { Store } from '../../store/open.ts';
import { freshStore } from '../support/running/fresh-store.ts';

const team = { _id: randomUUID(), options: { time_zone: 'America/New_York' } } as TeamDocument;
const KEYS = ['created_at', 'patient_name', 'last_status'] as const;

let store: Store;
let discard: () => Promise<void>;
let ids: string[];
beforeAll(async () => {
  ({ store, discard } = await freshStore());
  // Orders of one moment, as an import makes them.
  const orders = Array.from({ length: 9 }, (_, index) => ({
    _id: randomUUID(),
    team_id: team._id,
    placer_order_number: String(index),
    patient_name: 'ada lovelace',
    last_status: 'ordered',
    created_at: new Date(0),
  }));
  await collectionOf(store.orders).insertMany(orders as OrderDocument[]);
  ids = orders.map(({ _id }) => _id).sort();
});
afterAll(() => discard());

describe.each(KEYS)('sorted by %s', (order_key) => {
  test.each(['asc', 'desc'] as const)(
    '%s: orders of one moment stand in one order over all pages',
    async (order_direction) => {
      const listed: string[] = [];
      for (const page of [1, 2, 3]) {
        const query = { ...orderListQuery.parse({ order_key, order_direction }), page, size: 4 };
        const { documents } = await listOrders(store, team, query);
        listed.push(...documents.map(({ _id }) => _id));
      }
      expect(listed).toEqual(order_direction === 'asc' ? ids : ids.toReversed());
    },
  );

  test('an index holds that order, so that no list is sorted in memory', async () => {
    const plan = await collectionOf(store.orders)
      .find({ team_id: team._id })
      .sort({ [order_key]: 1, created_at: 1, _id: 1 })
      .explain('queryPlanner');
    expect(JSON.stringify(plan.queryPlanner.winningPlan)).not.toContain('"SORT"');
  });
});
