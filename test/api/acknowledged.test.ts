/** A1, 1.5: what was acknowledged is never denied, also while it has yet to be written, as when the database was away. */
import { type Caller, newUser, orderRequest, startTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
let caller: Caller;
let stranger: Caller;
beforeAll(async () => {
  api = await startTestApi();
  [caller, stranger] = [await api.caller(), await api.caller()];
});
afterAll(() => api?.close());

/** An order whose journey has begun, and of which nothing is written. */
async function acknowledged() {
  const answer = await caller.request('POST', '/v3/order', orderRequest(await newUser(caller)));
  expect(answer.status).toBe(200);
  const { order } = (await answer.json()) as { order: { id: string; order_transaction: { id: string } } };
  await api.store.orders.deleteOne({ _id: order.id });
  await api.store.transactions.deleteOne({ _id: order.order_transaction.id });
  return { orderId: order.id, transactionId: order.order_transaction.id };
}

const readings = ['', '/result', '/result/metadata', '/communication_settings', '/phlebotomy/appointment'];

test.each(readings)('GET /v3/order/{id}%s asks to come again, and tells another team nothing', async (below) => {
  const { orderId } = await acknowledged();
  const path = `/v3/order/${orderId}${below}`;
  const answer = await caller.request('GET', path);
  expect([answer.status, await answer.json()]).toMatchObject([503, { error: 'unavailable' }]);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await stranger.request('GET', path)).status).toBe(404);
});

test('a command is not refused as if there were no such order', async () => {
  const { orderId } = await acknowledged();
  expect((await caller.request('POST', `/v3/order/${orderId}/cancel`)).status).toBe(503);
});

test.each(['', '/result'])('GET /v3/order_transaction/{id}%s asks to come again', async (below) => {
  const { transactionId } = await acknowledged();
  expect((await caller.request('GET', `/v3/order_transaction/${transactionId}${below}`)).status).toBe(503);
});

test('what was never accepted is not found; nor is another team’s transaction that is written', async () => {
  const nobodys = 'f00db00c-0000-4000-8000-000000000000';
  for (const path of [`/v3/order/${nobodys}`, `/v3/order_transaction/${nobodys}`]) {
    expect((await caller.request('GET', path)).status).toBe(404);
  }
  const answer = await caller.request('POST', '/v3/order', orderRequest(await newUser(caller)));
  const { order } = (await answer.json()) as { order: { order_transaction: { id: string } } };
  const path = `/v3/order_transaction/${order.order_transaction.id}`;
  expect((await caller.request('GET', path)).status).toBe(200);
  expect((await stranger.request('GET', path)).status).toBe(404);
});
