/** A1, F9: what callers find while Temporal takes its time to start journeys. */
import { type Caller, newUser, orderRequest, startTestApi, type TestApi } from '../support/api.ts';
import { until } from '../support/until.ts';

/** More than the database has connections for one API. */
const ORDERS = 60;

let api: TestApi;
let caller: Caller;
let userId: string;
let release = () => {};
let asked = 0;
const start = new Promise<void>((resolve) => {
  release = resolve;
});

beforeAll(async () => {
  api = await startTestApi(() => ({
    start() {
      asked += 1;
      return start;
    },
  }));
  caller = await api.caller();
  userId = await newUser(caller);
});
afterAll(() => api?.close());

test('orders whose journeys are slow to start hold nobody else up, are read once they have started, and keep their keys', async () => {
  const place = (key: string) =>
    caller.request('POST', '/v3/order', orderRequest(userId), { 'x-idempotency-key': key });
  const placed = Array.from({ length: ORDERS }, (_, index) => place(`slow-${index}`));
  await until(() => asked === ORDERS);
  const list = await caller.request('GET', '/v3/orders');
  expect([list.status, ((await list.json()) as { total: number }).total]).toEqual([200, 0]);

  // A claim lasts as long as its request is at work.
  const claim = { _id: `${caller.team._id}:slow-0` };
  const { lease_until } = await api.store.idempotency.findOne(claim).orFail().lean();
  await until(async () => ((await api.store.idempotency.findOne(claim).lean())?.lease_until ?? 0) > lease_until);
  expect((await place('slow-0')).status).toBe(409);

  release();
  const answers = await Promise.all(placed);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(await api.store.orders.countDocuments()).toBe(ORDERS);
});
