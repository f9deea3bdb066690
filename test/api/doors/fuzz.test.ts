import fc from 'fast-check';
import { endpoints } from '../../../api/endpoints.ts';
import type { Endpoint } from '../../../api/http/endpoint.ts';
import { ERRORS, type ErrorCode } from '../../../api/http/errors.ts';
import { managementEndpoints } from '../../../api/management/endpoints.ts';
import { type Caller, newUser, orderRequest, startTestApi, type TestApi, WALK_IN_TEST } from '../../support/api.ts';

let api: TestApi;
let caller: Caller;
let known: string[];

beforeAll(async () => {
  api = await startTestApi();
  caller = await api.caller();
  const userId = await newUser(caller);
  const { order } = (await (await caller.request('POST', '/v3/order', orderRequest(userId))).json()) as {
    order: { id: string; order_transaction: { id: string } };
  };
  known = [userId, order.id, order.order_transaction.id, caller.team._id, WALK_IN_TEST];
});
afterAll(() => api?.close());

const management = managementEndpoints({ allowPrivate: true });
const named = (list: readonly Endpoint[]) =>
  list.map((endpoint) => [`${endpoint.method.toUpperCase()} ${endpoint.path}`, endpoint] as const);

const knownId = fc.nat(4).map((index) => known[index] ?? '');

/** Text of every kind, the known ids among it. */
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.uuid(),
  fc.constantFrom(
    '',
    '0',
    '-1',
    '1',
    '50',
    '1e400',
    'true',
    'null',
    '2026-02-30',
    '2026-01-01',
    '$where',
    '../..',
    '%00',
    '.*',
  ),
  knownId,
);
const anything = fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.constant(undefined));

/** Requests that look right in places: fields of the schema with values of every kind. */
function fieldsOf(names: readonly string[]) {
  const value = fc.oneof(
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(text, { maxLength: 3 }),
    anything,
  );
  return fc.dictionary(names.length > 0 ? fc.oneof(fc.constantFrom(...names), text) : text, value, { maxKeys: 8 });
}

const shapeOf = (schema: unknown) => Object.keys((schema as { shape?: object } | undefined)?.shape ?? {});

function requestsTo(endpoint: Endpoint) {
  return fc.record({
    params: fc.array(fc.oneof(text, knownId), { minLength: 3, maxLength: 3 }),
    query: fieldsOf(shapeOf(endpoint.query)),
    body: fc.oneof(fieldsOf(shapeOf(endpoint.body)), mutatedOrder(), anything),
  });
}

/** A good order in which one thing is changed, so that the rules behind the schema are reached. */
function mutatedOrder() {
  return fc
    .tuple(
      fc.constantFrom(
        'order_set',
        'physician',
        'icd_codes',
        'aoe_answers',
        'activate_by',
        'patient_address',
        'collection_method',
        'consents',
        'passthrough',
      ),
      anything,
    )
    .map(([field, value]) => orderRequest(known[0] ?? '', { [field]: value }));
}

function addressOf(endpoint: Endpoint, params: Iterator<string>, query: Record<string, unknown>): string {
  const path = endpoint.path.replace(/:\w+/g, () => encodeURIComponent(params.next().value?.toWellFormed() || 'x'));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? value : [value]) search.append(key, written(item));
  }
  return `${path}?${search}`;
}

const written = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

/** A simulation speaks to the sandbox partners, and none run here: that it says so is no fault. */
const isSimulation = (endpoint: Endpoint) => endpoint.path === '/v3/order/:order_id/test';

async function expectEnvelope(response: Response): Promise<void> {
  const body = (await response.json()) as Record<string, unknown>;
  expect(body).toEqual({
    detail: expect.anything(),
    error: expect.any(String),
    message: expect.any(String),
    status_code: response.status,
    correlation_id: response.headers.get('x-request-id'),
  });
  expect(ERRORS[body.error as ErrorCode].status).toBe(response.status);
}

describe.each(named(endpoints))('%s', (_name, endpoint) => {
  test('needs a key, before it looks at anything', async () => {
    const address = addressOf(endpoint, ['x', 'y'].values(), {});
    const response = await fetch(`${api.url}${address}`, { method: endpoint.method.toUpperCase() });
    expect(response.status).toBe(401);
    await expectEnvelope(response);
  });

  test('answers whatever it is sent as its description says, and never with a fault', async () => {
    await fc.assert(
      fc.asyncProperty(requestsTo(endpoint), async ({ params, query, body }) => {
        const address = addressOf(endpoint, params.values(), query);
        const withBody = endpoint.method !== 'get' && body !== undefined;
        const response = await caller.request(endpoint.method.toUpperCase(), address, withBody ? body : undefined);
        if (!(isSimulation(endpoint) && response.status === 503)) expect(response.status).toBeLessThan(500);
        if (response.status >= 400) await expectEnvelope(response);
      }),
      { numRuns: 40 },
    );
  });
});

describe.each(named(management))('%s', (_name, endpoint) => {
  test('needs the management key, and a team’s key is none', async () => {
    const address = addressOf(endpoint, ['default', caller.team._id, 'sandbox', 'x'].values(), {});
    for (const headers of [{}, { 'x-vital-api-key': caller.apiKey }, { 'x-management-key': caller.apiKey }]) {
      const response = await fetch(`${api.url}${address}`, { method: endpoint.method.toUpperCase(), headers });
      expect(response.status).toBe(401);
      await expectEnvelope(response);
    }
  });

  test('answers whatever it is sent as its description says, and never with a fault', async () => {
    const headers = { 'x-management-key': api.managementKey };
    await fc.assert(
      fc.asyncProperty(requestsTo(endpoint), text, async ({ query, body }, id) => {
        const address = addressOf(endpoint, ['default', caller.team._id, 'sandbox', id].values(), query);
        const withBody = endpoint.method !== 'get' && body !== undefined;
        const response = await caller.request(
          endpoint.method.toUpperCase(),
          address,
          withBody ? body : undefined,
          headers,
        );
        expect(response.status).toBeLessThan(500);
        if (response.status >= 400) await expectEnvelope(response);
      }),
      { numRuns: 40 },
    );
  });
});

describe('what no endpoint takes', () => {
  test.each([
    ['GET', '/v3/nothing', 404],
    ['DELETE', '/v3/orders', 405],
    ['GET', '/v3/order/%E0%A4%A', 400],
    ['GET', '/v2', 404],
  ])('%s %s is refused in the same shape', async (method, path, status) => {
    const response = await fetch(`${api.url}${path}`, { method, headers: { 'x-vital-api-key': caller.apiKey } });
    expect(response.status).toBe(status);
    await expectEnvelope(response);
  });
});

describe('what needs no key', () => {
  test('health, readiness, the OpenAPI document and its reference page', async () => {
    expect(await (await fetch(`${api.url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${api.url}/readyz`)).json()).toEqual({ status: 'ready', missing: [] });
    const page = await (await fetch(`${api.url}/reference`)).text();
    for (const [, path] of page.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect(path).not.toMatch(/^https?:/);
      expect((await fetch(new URL(path ?? '', `${api.url}/reference`))).status).toBe(200);
    }
  });
});
