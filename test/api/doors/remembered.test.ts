/** What every request reads is had once a second, and what is revoked counts a second later at the latest. */
import { setTimeout as sleep } from 'node:timers/promises';
import { listApiKeys, revokeApiKey } from '../../../store/access/teams.ts';
import { newUser, orderRequest, startTestApi, type TestApi } from '../../support/api.ts';

const A_SECOND = 1_000;

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api?.close());

test('a key that was used and is revoked elsewhere opens nothing a second later', async () => {
  const caller = await api.caller();
  expect((await caller.request('GET', '/v3/orders')).status).toBe(200);
  for (const { _id } of await listApiKeys(api.store, caller.team._id)) await revokeApiKey(api.store, _id);
  await sleep(A_SECOND);
  expect((await caller.request('GET', '/v3/orders')).status).toBe(401);
});

test('for a user who was ordered for and is deleted elsewhere nothing is ordered a second later', async () => {
  const caller = await api.caller();
  const userId = await newUser(caller);
  expect((await caller.request('POST', '/v3/order', orderRequest(userId))).status).toBe(200);
  await api.store.users.deleteOne({ _id: userId });
  await sleep(A_SECOND);
  expect((await caller.request('POST', '/v3/order', orderRequest(userId))).status).toBe(404);
});

test('one team’s remembered user is not another’s', async () => {
  const [caller, other] = [await api.caller(), await api.caller()];
  const userId = await newUser(caller);
  expect((await caller.request('POST', '/v3/order', orderRequest(userId))).status).toBe(200);
  expect((await other.request('POST', '/v3/order', orderRequest(userId))).status).toBe(404);
});

test('what is changed of a user at this API counts for the very next order', async () => {
  const caller = await api.caller();
  const userId = await newUser(caller);
  const body = orderRequest(userId);
  for (const clientUserId of ['before', 'after']) {
    expect((await caller.request('PATCH', `/v2/user/${userId}`, { client_user_id: clientUserId })).status).toBe(204);
    expect((await caller.request('POST', '/v3/order', body)).status).toBe(200);
    expect(api.started.at(-1)?.client_user_id).toBe(clientUserId);
  }
});
