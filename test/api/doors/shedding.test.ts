/** An API that has too much to do says so before it does anything; what waits elsewhere is no reason. */
import { createDoorkeeper } from '../../../api/http/doors/doorkeeper.ts';
import { newUser, orderRequest, startTestApi, type TestApi } from '../../support/api.ts';
import { until } from '../../support/until.ts';

describe('an API with room for eight requests', () => {
  let api: TestApi;
  let held: (() => void)[] = [];
  let isHolding = true;
  beforeAll(async () => {
    const start = () => (isHolding ? new Promise<void>((letGo) => held.push(letGo)) : Promise.resolve());
    api = await startTestApi(() => ({ start }), { mostRequests: 8 });
  });
  afterEach(() => {
    for (const letGo of held) letGo();
    held = [];
    isHolding = true;
  });
  afterAll(() => api.close());

  async function customer() {
    const caller = await api.caller();
    const user = await newUser(caller);
    const order = (key: string) =>
      caller.request('POST', '/v3/order', orderRequest(user), { 'x-idempotency-key': key });
    return { ...caller, order };
  }
  const underWay = (count: number) => until(async () => held.length === count || undefined);

  test('lets a team have half of them under way, and answers 429 to more before any claim', async () => {
    const [busy, other] = [await customer(), await customer()];
    const first = [1, 2, 3, 4].map((n) => busy.order(`key-${n}`));
    await underWay(4);
    const refused = await busy.order('key-5');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ error: 'too_many_requests' });
    expect(await api.store.idempotency.countDocuments({ _id: /key-5/ })).toBe(0);

    const others = other.order('key-6');
    await underWay(5);
    isHolding = false;
    for (const letGo of held) letGo();
    expect((await Promise.all([...first, others])).map(({ status }) => status)).toEqual(Array(5).fill(200));
    expect((await busy.order('key-5')).status).toBe(200);
  });

  test('refuses everybody when all of them are under way, and still says that it is alive', async () => {
    const [one, two, third] = [await customer(), await customer(), await customer()];
    const all = [1, 2, 3, 4].flatMap((n) => [one.order(`all-${n}`), two.order(`all-${n}`)]);
    await underWay(8);
    expect((await third.request('GET', '/v2/user')).status).toBe(429);
    const lab = await fetch(`${api.url}/partners/labs/labcorp/hl7`, { method: 'POST' });
    expect(lab.status).toBe(429);
    const page = await fetch(`${api.url}/book/anything`);
    expect([page.status, page.headers.get('content-type')]).toEqual([429, 'text/html; charset=utf-8']);
    for (const path of ['/healthz', '/readyz']) expect((await fetch(api.url + path)).status).toBe(200);
    isHolding = false;
    for (const letGo of held) letGo();
    await Promise.all(all);
    expect((await third.request('GET', '/v2/user')).status).toBe(200);
  });

  test('a caller who hangs up makes room', async () => {
    const impatient = new AbortController();
    const caller = await customer();
    const user = await newUser(caller);
    const asked = [1, 2, 3, 4].map(() =>
      fetch(`${api.url}/v3/order`, {
        method: 'POST',
        signal: impatient.signal,
        headers: { 'x-vital-api-key': caller.apiKey, 'content-type': 'application/json' },
        body: JSON.stringify(orderRequest(user)),
      }).catch(() => null),
    );
    await underWay(4);
    expect((await caller.request('GET', '/v2/user')).status).toBe(429);
    impatient.abort();
    await Promise.all(asked);
    await until(async () => (await caller.request('GET', '/v2/user')).status === 200 || undefined);
  });
});

describe('an event loop that is late', () => {
  const response = { once: () => undefined } as never;
  const admitted = (doorkeeper: ReturnType<typeof createDoorkeeper>) => {
    let isIn = false;
    try {
      doorkeeper.admit({} as never, response, () => {
        isIn = true;
      });
    } catch {
      return false;
    }
    return isIn;
  };

  test('sheds all but a few requests, and none for the sake of one long piece of work', () => {
    let late = 0;
    const doorkeeper = createDoorkeeper(64, () => late);
    const admit = (times: number) => Array.from({ length: times }, () => admitted(doorkeeper));
    expect(admit(15)).toEqual(Array(15).fill(true));
    late = 5000;
    expect(admit(3)).toEqual([true, false, false]);
    late = 10;
    expect(admit(1)).toEqual([true]);
  });
});
