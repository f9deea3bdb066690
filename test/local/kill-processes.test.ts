/** `kill -9` of any process at any point: every journey ends as it would have. On real processes. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Customer, type Fate, ROBIN, type Walked } from '../support/customer.ts';
import { type SpawnedVenule, spawnVenule } from '../support/running/spawn-venule.ts';
import { until } from '../support/until.ts';

const FATES: Fate[] = ['completed', 'redrawn', 'cancelled'];

/** What died with a worker is done again after seconds, as it would be after half a minute otherwise. */
const IMPATIENT = {
  partner_call: 1_500,
  partner_retry_first: 100,
  partner_retry_longest: 500,
  expiry_grace: 200,
};

const dataDir = mkdtempSync(join(tmpdir(), 'venule-kill-'));
const env = { VENULE_POLICY: JSON.stringify(IMPATIENT) };
let venule: SpawnedVenule;
let customer: Customer;

beforeAll(async () => {
  venule = await spawnVenule({ dataDir, env });
}, 300_000);

beforeEach(async () => {
  customer = await Customer.of(venule);
});

afterEach(() => customer?.close());

afterAll(async () => {
  await venule?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Journeys one after another, in `lanes` side by side, until `enough`. */
function walkUntil(enough: () => boolean, lanes: number): Promise<Walked[]> {
  const walked: Walked[] = [];
  let next = 0;
  const lane = async () => {
    while (!enough()) walked.push(await customer.walk(FATES[next++ % FATES.length] as Fate));
  };
  return Promise.all(Array.from({ length: lanes }, lane)).then(() => walked);
}

/** Waits until that many more events have been recorded. */
async function furtherBy(events: number): Promise<void> {
  const before = await customer.progress();
  await until(async () => (await customer.progress()) >= before + events, 90_000);
}

test('a worker killed ten times, at another point each time: every journey ends as it would have', async () => {
  let killed = 0;
  const journeys = walkUntil(() => killed >= 10, 6);
  for (const events of [1, 2, 3, 1, 4, 2, 5, 3, 6, 2]) {
    await furtherBy(events);
    const { worker } = venule.pids();
    await venule.kill('worker');
    killed += 1;
    await until(() => venule.pids().worker !== worker);
  }
  await customer.expectAllAsEver(await journeys);
}, 400_000);

test('the API killed in a burst of orders: every idempotency key ends as one whole order', async () => {
  const keys = Array.from({ length: 30 }, () => randomUUID());
  const answered = new Map<string, string>();
  const waiting = [...keys];
  const lane = async () => {
    for (let key = waiting.shift(); key; key = waiting.shift()) answered.set(key, (await customer.order(key)).id);
  };
  const burst = Promise.all(Array.from({ length: 6 }, lane));
  for (const count of [4, 13, 22]) {
    await until(() => answered.size >= count);
    const { api } = venule.pids();
    await venule.kill('api');
    await until(() => venule.pids().api !== api);
  }
  await burst;

  const orders = await customer.documents();
  expect(orders.map(({ _id }) => _id).sort()).toEqual([...answered.values()].sort());
  expect(new Set(answered.values()).size).toBe(keys.length);
  for (const key of keys) expect((await customer.order(key)).id).toBe(answered.get(key));
  await Promise.all(orders.map(({ _id }) => customer.reaches(_id, 'requisition_created')));
}, 400_000);

test('everything killed in the middle of journeys: started again, all of them end', async () => {
  let started = false;
  const journeys = walkUntil(() => started, 4);
  await furtherBy(7);
  await venule.killAll();
  venule = await spawnVenule({ dataDir, env });
  started = true;
  await customer.expectAllAsEver(await journeys);
}, 400_000);

test('orders are accepted and can be read while every worker is away, and go on when one is back', async () => {
  venule.pause('worker');
  const orders = await Promise.all([1, 2, 3].map(() => customer.order()));
  for (const { id } of orders) {
    const order = await customer.client.labTests.getOrder({ orderId: id });
    expect(order.lastEvent.status).toBe('received.walk_in_test.ordered');
  }
  venule.resume('worker');
  await Promise.all(orders.map(({ id }) => customer.reaches(id, 'requisition_created')));
}, 400_000);

test('the API killed between the answer to a simulation and the draw: the order completes all the same', async () => {
  const { labTests, user } = customer.client;
  const { userId } = await user.create({ clientUserId: randomUUID() });
  const [panel] = await labTests.get({ labSlug: 'quest', collectionMethod: 'at_home_phlebotomy' });
  const { order } = await labTests.createOrder({
    userId,
    orderSet: { labTestIds: [panel?.id as string] },
    ...ROBIN,
  });
  const finalStatus = 'completed.at_home_phlebotomy.completed';
  await labTests.simulateOrderProcess({ orderId: order.id, finalStatus, delay: 4, body: {} });
  const { api } = venule.pids();
  await venule.kill('api');
  const killedAt = new Date();
  await until(() => venule.pids().api !== api);
  const { events } = await customer.reaches(order.id, 'completed');
  const draw = events.find(({ status }) => status.endsWith('.draw_completed'));
  expect(draw?.createdAt.getTime()).toBeGreaterThan(killedAt.getTime());
}, 400_000);

test('the laboratory killed between two of its reports: the second comes all the same', async () => {
  const { id } = await customer.order();
  await customer.reaches(id, 'requisition_created');
  const { sandbox } = venule.pids();
  await customer.simulate(id, {}, 2);
  await customer.reaches(id, 'partial_results');
  await venule.kill('sandbox');
  await until(() => venule.pids().sandbox !== sandbox);
  await customer.reaches(id, 'completed');
  await customer.expectAllAsEver([{ fate: 'completed', orderId: id }]);
}, 400_000);
