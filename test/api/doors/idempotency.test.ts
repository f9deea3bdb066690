import { ApiError } from '../../../api/http/errors.ts';
import { JourneysUnavailable } from '../../../temporal/journeys.ts';
import { type Caller, newUser, orderRequest, PATIENT, startTestApi, type TestApi } from '../../support/api.ts';
import { whileUnwritable } from '../../support/running/unwritable.ts';

let api: TestApi;
let caller: Caller;
let userId: string;

beforeAll(async () => {
  api = await startTestApi();
  caller = await api.caller();
  userId = await newUser(caller);
});
afterAll(() => api?.close());
afterEach(() => {
  api.started.length = 0;
});

const place = (key: string, changes = {}, headers = {}) =>
  caller.request('POST', '/v3/order', orderRequest(userId, changes), { 'x-idempotency-key': key, ...headers });

type Accepted = { order: { id: string; created_at: string; status: string } };
const accepted = async (response: Response) => (await response.json()) as Accepted;

const refusal = { icd_codes: ['nonsense'] };

describe('F9: the same key is the same order', () => {
  test('an answer is given again, word for word', async () => {
    const first = await accepted(await place('again'));
    const second = await accepted(await place('again'));
    expect(second).toEqual(first);
    expect(api.started).toHaveLength(1);
    expect(await api.store.orders.countDocuments({ _id: first.order.id })).toBe(1);
  });

  test('a refusal is given again, unless the caller asked for no cache', async () => {
    const first = await place('refused', refusal);
    expect(first.status).toBe(400);
    const again = await place('refused', refusal);
    expect(again.status).toBe(400);
    expect(await again.json()).toEqual(await first.json());

    const noCache = { 'x-idempotency-error': 'no-cache' };
    expect((await place('retried', refusal, noCache)).status).toBe(400);
    expect((await place('retried', {}, noCache)).status).toBe(200);
  });

  test('6.7: another body under the same key is 409 and changes nothing, whatever came of the first', async () => {
    const first = await accepted(await place('reused'));
    await place('reused and refused', refusal);
    const orders = await api.store.orders.countDocuments();
    const claims = await api.store.idempotency.find().lean();
    for (const key of ['reused', 'reused and refused']) {
      const other = await place(key, { patient_details: { ...PATIENT, first_name: 'Grace' } });
      expect(other.status).toBe(409);
      expect(other.headers.get('retry-after')).toBeNull();
      expect(await other.json()).toMatchObject({ error: 'idempotency_key_reused' });
    }
    expect(await api.store.orders.countDocuments()).toBe(orders);
    expect(await api.store.idempotency.find().lean()).toEqual(claims);
    expect(await accepted(await place('reused'))).toEqual(first);
  });

  test('6.7: a claim from before bodies were told apart answers as it did', async () => {
    const first = await accepted(await place('old'));
    await api.store.idempotency.updateOne({ _id: `${caller.team._id}:old` }, { $unset: { request_hash: 1 } });
    expect(await accepted(await place('old', { passthrough: 'another' }))).toEqual(first);
  });

  test('wrong fields leave no trace', async () => {
    expect((await place('mistyped', { billing_type: 'free' })).status).toBe(422);
    expect((await place('mistyped')).status).toBe(200);
  });

  test('after trouble with Temporal a retry makes the order that was begun', async () => {
    api.failNextStart(new JourneysUnavailable('away'), 'after');
    const first = await place('trouble');
    expect(first.status).toBe(503);
    expect(first.headers.get('retry-after')).toBe('2');
    const second = await place('trouble');
    expect(second.status).toBe(200);
    expect(api.started).toHaveLength(1);
    const { order } = await accepted(second);
    expect(order.id).toBe(api.started[0]?.id);
    expect(order.created_at).toBe(api.started[0]?.created_at);
  });

  test.each([{}, { 'x-idempotency-error': 'no-cache' }])(
    '429 is not kept: the same request goes on later (%j)',
    async (headers) => {
      const key = `busy ${JSON.stringify(headers)}`;
      api.failNextStart(new ApiError('too_many_requests', 'Busy.', { retryAfter: 7 }), 'before');
      const first = await place(key, {}, headers);
      expect([first.status, first.headers.get('retry-after')]).toEqual([429, '7']);
      const begun = await api.store.idempotency.findById(`${caller.team._id}:${key}`).lean();
      expect(begun).toMatchObject({ response: null });
      const second = await place(key, {}, headers);
      expect(second.status).toBe(200);
      expect((await accepted(second)).order.id).toBe(begun?.ids.order_id);
    },
  );

  test('a request that died is taken over once its lease has passed, with the same body only', async () => {
    api.failNextStart(new JourneysUnavailable('away'), 'before');
    await place('died');
    const id = `${caller.team._id}:died`;
    await api.store.idempotency.updateOne({ _id: id }, { $set: { lease_until: new Date(Date.now() + 60_000) } });
    expect((await place('died')).status).toBe(409);
    await api.store.idempotency.updateOne({ _id: id }, { $set: { lease_until: new Date(0) } });
    expect((await place('died', { passthrough: 'another order' })).status).toBe(409);
    expect((await place('died')).status).toBe(200);
    const claim = await api.store.idempotency.findById(id).lean();
    expect(api.started[0]?.id).toBe(claim?.ids.order_id);
    expect(api.started[0]?.placer_order_number).toBe(claim?.ids.placer_order_number);
  });

  test('of many at once one order comes out', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => place('at once')));
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toContain(200);
    expect(statuses.filter((status) => status !== 200 && status !== 409)).toEqual([]);
    expect(api.started).toHaveLength(1);
  });

  test('keys of different teams are different keys', async () => {
    const { order } = await accepted(await place('shared'));
    const other = await api.caller();
    const request = orderRequest(await newUser(other));
    const answer = await other.request('POST', '/v3/order', request, { 'x-idempotency-key': 'shared' });
    expect((await accepted(answer)).order.id).not.toBe(order.id);
  });

  test('an answer can be had for 24 hours and more', async () => {
    await place('kept');
    const claim = await api.store.idempotency.findById(`${caller.team._id}:kept`).lean();
    expect(claim?.expires_at.getTime()).toBeGreaterThan(Date.now() + 24 * 3_600_000);
  });

  test('without a key, trouble before the start leaves nothing', async () => {
    api.failNextStart(new JourneysUnavailable('away'), 'before');
    const before = await api.store.orders.countDocuments();
    expect((await caller.request('POST', '/v3/order', orderRequest(userId))).status).toBe(503);
    expect(await api.store.orders.countDocuments()).toBe(before);
  });

  test('once the journey has started the answer is 200, though nothing could be written', async () => {
    const place = () => caller.request('POST', '/v3/order', orderRequest(userId));
    const answers = await whileUnwritable(api.store.orders, () => Promise.all(Array.from({ length: 8 }, place)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const told = await Promise.all(answers.map(accepted));
    expect(new Set(told.map(({ order }) => order.id))).toEqual(new Set(api.started.map(({ id }) => id)));
    expect(new Set(told.map(({ order }) => order.status))).toEqual(new Set(['received']));
    expect(await api.store.orders.countDocuments({ _id: { $in: told.map(({ order }) => order.id) } })).toBe(0);
  });
});
