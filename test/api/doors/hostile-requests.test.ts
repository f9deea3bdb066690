/** Requests that are too large, not text, never whole, or asked the wrong way. */
import { connect } from 'node:net';
import { text as allOf } from 'node:stream/consumers';
import { z } from 'zod';
import { endpoints } from '../../../api/endpoints.ts';
import type { Endpoint } from '../../../api/http/endpoint.ts';
import { ERRORS, type ErrorCode } from '../../../api/http/errors.ts';
import { maximumOf, tooMuch } from '../../../api/http/request-checks.ts';
import { managementEndpoints } from '../../../api/management/endpoints.ts';
import { createOrderBody } from '../../../api/orders/schemas.ts';
import { LIST_LIMITS, REQUEST_LIMITS } from '../../../domain/limits.ts';
import { bookingToken } from '../../../store/access/booking-links.ts';
import { connectSandboxLabs } from '../../../store/connections/lab-connections.ts';
import { connectSandboxPhlebotomy } from '../../../store/connections/phlebotomy-connections.ts';
import { codecEndpointToken, EncryptionCodec } from '../../../temporal/codec.ts';
import { type Caller, newUser, orderRequest, startTestApi, TEST_CODEC_KEYS, type TestApi } from '../../support/api.ts';
import { providerEvent, signedBy } from '../../support/partners/provider-event.ts';
import { pngOf } from '../../support/png.ts';
import { placesOf, takesText, withValue } from '../../support/schema-paths.ts';

const management = managementEndpoints({ allowPrivate: true });
const all = [...endpoints, ...management];
const named = all.map((endpoint) => [`${endpoint.method.toUpperCase()} ${endpoint.path}`, endpoint] as const);

let api: TestApi;
let impatient: TestApi;
let caller: Caller;
let userId: string;
beforeAll(async () => {
  [api, impatient] = await Promise.all([startTestApi(), startTestApi(undefined, undefined, 300)]);
  caller = await api.caller();
  userId = await newUser(caller);
});
afterAll(() => Promise.all([api?.close(), impatient?.close()]));

async function expectEnvelope(answer: { status: number; body: string }, ...codes: ErrorCode[]): Promise<void> {
  const envelope = JSON.parse(answer.body) as { error: ErrorCode; status_code: number; correlation_id: string };
  expect(envelope).toMatchObject({
    status_code: answer.status,
    message: expect.any(String),
    detail: expect.anything(),
  });
  expect(ERRORS[envelope.error].status).toBe(answer.status);
  expect(envelope.correlation_id).toMatch(/./);
  if (codes.length > 0) expect(codes).toContain(envelope.error);
}

/** Bytes as they are over a connection of their own, and everything that comes back. */
async function raw(request: string | Buffer, { url } = api) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(request);
  const answer = await allOf(socket);
  const [head = '', body = ''] = answer.split(/\r\n\r\n(.*)/s);
  return { status: Number(head.split(' ')[1]), head, body };
}

const key = () => `host: venule\r\nconnection: close\r\nx-vital-api-key: ${caller.apiKey}\r\n`;

/** The address of an endpoint with ids that are well-formed. */
const addressOf = ({ path }: Endpoint) =>
  path
    .replace(':org', 'default')
    .replace(':team', caller.team._id)
    .replace(':environment', 'sandbox')
    .replace(/:\w+/g, '5c1c3a3e-5f3c-4c57-8c1c-0f0f8e3b7a11');

const send = (endpoint: Endpoint, address: string, body?: unknown, headers: Record<string, string> = {}) =>
  caller.request(endpoint.method.toUpperCase(), address, body, { 'x-management-key': api.managementKey, ...headers });

describe('2.1: how much a request holds is counted before it is validated', () => {
  test.each(named)('%s: every list has a limit of the table', (_name, { query, body, params, headers }) => {
    const table: number[] = Object.values(LIST_LIMITS);
    for (const schema of [params, query, headers, body]) {
      for (const { path, schema: kind } of schema ? placesOf(schema) : []) {
        if (kind instanceof z.ZodArray)
          expect({ path, limit: table.includes(maximumOf(kind)) }).toEqual({ path, limit: true });
      }
    }
  });

  test.each(named)(
    '%s: a list that is too long is refused, and none of its elements is looked at',
    (_name, endpoint) => {
      for (const schema of [endpoint.query, endpoint.body]) {
        for (const place of schema ? placesOf(schema) : []) {
          if (!(place.schema instanceof z.ZodArray) || place.path.includes(0)) continue;
          const untouchable = new Proxy(
            {},
            { get: refuse, ownKeys: refuse, has: refuse, getOwnPropertyDescriptor: refuse },
          );
          const list = Array.from({ length: maximumOf(place.schema) + 1 }, () => untouchable);
          const found = tooMuch(schema as z.ZodType, withValue({}, place.path, list), []);
          expect(found).toEqual([{ loc: place.path, msg: expect.stringContaining('Too big'), type: 'too_big' }]);
        }
      }
      function refuse(): never {
        throw new Error('An element was looked at');
      }
    },
  );

  test('what is done for a request grows with it and no faster', () => {
    let looks = 0;
    const watched = (value: object): object =>
      new Proxy(value, {
        get(target, name, receiver) {
          looks += 1;
          const part = Reflect.get(target, name, receiver);
          return typeof part === 'object' && part !== null ? watched(part) : part;
        },
      });
    const work = (length: number) => {
      looks = 0;
      const answer = { marker_id: 1, question_id: 2, answer: 'x' };
      const body = orderRequest(userId, { aoe_answers: Array.from({ length }, () => answer) });
      tooMuch(createOrderBody, watched(body), []);
      createOrderBody.safeParse(watched(body));
      return looks;
    };
    const [first, second, third] = [work(100), work(200), work(400)] as [number, number, number];
    expect(third - second).toBe(2 * (second - first));
  });

  test('millions of values are refused before they are parsed; so are levels', async () => {
    const parse = jest.spyOn(JSON, 'parse');
    try {
      const consents = `{"consents":[${'{},'.repeat(2_600_000)}{}]}`;
      const levels = `{"passthrough":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
      for (const body of [consents, levels]) {
        const response = await fetch(`${api.url}/v3/order`, {
          method: 'POST',
          headers: { 'x-vital-api-key': caller.apiKey, 'content-type': 'application/json' },
          body,
        });
        const answer = await response.text();
        expect(parse.mock.calls.filter(([text]) => String(text).length > 1_000)).toEqual([]);
        await expectEnvelope({ status: response.status, body: answer }, 'body_too_large');
      }
    } finally {
      parse.mockRestore();
    }
    const many = orderRequest(userId, { consents: Array.from({ length: 21 }, () => ({})) });
    const refused = await caller.request('POST', '/v3/order', many);
    expect(await refused.json()).toMatchObject({ detail: [{ loc: ['body', 'consents'], type: 'too_big' }] });
  });

  test('a picture is taken, however long its text', async () => {
    const padded = Buffer.concat([pngOf(300, 100), Buffer.alloc(300_000)]);
    const signature_image = { content: padded.toString('base64'), content_type: 'image/png' };
    const physician = { first_name: 'Jane', last_name: 'Doe', npi: '1234567893', signature_image };
    expect((await caller.request('POST', '/v3/order', orderRequest(userId, { physician }))).status).toBe(200);
  });

  test('commas and brackets within texts count for nothing', async () => {
    const passthrough = '[{,"\\'.repeat(1_900);
    const placed = await caller.request(
      'POST',
      '/v3/order',
      orderRequest(userId, { passthrough: passthrough.slice(0, 9_999) }),
    );
    expect(placed.status).toBe(200);
  });
});

describe('2.5: text that is not text', () => {
  const texts: [string, string, ErrorCode[]][] = [
    ['NUL', 'a\0b', ['validation_failed']],
    ['half of a surrogate pair', 'a\ud800b', ['validation_failed']],
    ['a megabyte', 'x'.repeat(1024 * 1024), ['validation_failed', 'body_too_large', 'head_too_large']],
    ['right to left, and marks', '\u202eشاه\u0301\u0301\u200f 👩‍🔬', []],
    ['an operator', '{"$ne":null}', []],
  ];

  describe.each(named)('%s', (_name, endpoint) => {
    test.each(texts)('%s, in every place that takes a text', async (what, text, codes) => {
      const requests = async (response: Response) => {
        const body = await response.text();
        expect(response.status).toBeLessThan(500);
        if (response.status >= 400) await expectEnvelope({ status: response.status, body }, ...codes);
        else if (codes.length > 0) throw new Error(`${what} was taken: ${body.slice(0, 200)}`);
      };
      const base = endpoint.path === '/v3/order' ? orderRequest(userId) : {};
      for (const place of endpoint.body ? placesOf(endpoint.body).filter(takesText) : []) {
        await requests(await send(endpoint, addressOf(endpoint), JSON.stringify(withValue(base, place.path, text))));
      }
      if (text.length > 1_000) return;
      const isHalf = /\p{Surrogate}/u.test(text);
      const inAddress = isHalf ? '' : encodeURIComponent(text);
      for (const name of isHalf ? [] : Object.keys(endpoint.query?.shape ?? {})) {
        await requests(await send(endpoint, `${addressOf(endpoint)}?${name}=${inAddress}`));
      }
      for (const step of isHalf ? [] : Object.keys(endpoint.params?.shape ?? {})) {
        if (['org', 'team', 'environment'].includes(step)) continue;
        const address = addressOf({ ...endpoint, path: endpoint.path.replace(`:${step}`, inAddress) });
        await requests(await send(endpoint, address, endpoint.body ? '{}' : undefined));
      }
    });

    test('bytes that are no UTF-8 are refused, and never mended', async () => {
      const [first = 'nothing'] = Object.keys(endpoint.query?.shape ?? {});
      const method = endpoint.method.toUpperCase();
      const address = addressOf(endpoint);
      const keys = `${key()}x-management-key: ${api.managementKey}\r\n`;
      for (const bad of [`${address}?${first}=%ff`, `${address}?${first}=%c3%28`, `${address}%fe`]) {
        await expectEnvelope(
          await raw(`${method} ${bad} HTTP/1.1\r\n${keys}content-length: 0\r\n\r\n`),
          'malformed_request',
        );
      }
      const inQuery = Buffer.concat([
        Buffer.from(`${method} ${address}?${first}=`),
        Buffer.from([0xff]),
        Buffer.from(` HTTP/1.1\r\n${keys}\r\n`),
      ]);
      await expectEnvelope(await raw(inQuery), 'malformed_request');
      if (!endpoint.body) return;
      const body = Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
      const head = `${method} ${address} HTTP/1.1\r\n${keys}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
      await expectEnvelope(await raw(Buffer.concat([Buffer.from(head), body])), 'malformed_request');
    });

    test('known parameters in brackets or with operators are refused, unknown names ignored', async () => {
      const address = addressOf(endpoint);
      const plain = await send(endpoint, address);
      const unknown = await send(endpoint, `${address}?utm_source=mail&nobody[$ne]=1&__proto__[x]=1`);
      expect(unknown.status).toBe(plain.status);
      for (const name of Object.keys(endpoint.query?.shape ?? {})) {
        for (const form of [`${name}[]=a`, `${name}[$ne]=a`, `${name}%5B0%5D=a`, `${name}.$gt=a`]) {
          const response = await send(endpoint, `${address}?${form}`);
          expect(response.status).toBe(422);
          const { detail } = (await response.json()) as { detail: { loc: string[] }[] };
          expect(detail.some(({ loc }) => loc[0] === 'query' && loc[1]?.startsWith(name))).toBe(true);
        }
      }
    });
  });

  test('an idempotency key of bytes that are no UTF-8 is refused; NUL in a header is no request', async () => {
    const body = JSON.stringify(orderRequest(userId));
    const head = `POST /v3/order HTTP/1.1\r\n${key()}content-length: ${Buffer.byteLength(body)}\r\nx-idempotency-key: `;
    const refused = await raw(
      Buffer.concat([Buffer.from(head), Buffer.from([0xc3, 0x28]), Buffer.from(`\r\n\r\n${body}`)]),
    );
    await expectEnvelope(refused, 'validation_failed');
    await expectEnvelope(await raw(`${head}a\0b\r\n\r\n${body}`), 'malformed_request');
  });
});

describe('2.5: no answer is empty, and none but JSON', () => {
  test.each(named)('%s: another method is 405 with what the address takes', async (_name, { path }) => {
    const pattern = new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`);
    const address = addressOf({ path } as Endpoint);
    const matching = all.filter((other) => new RegExp(`^${other.path.replace(/:\w+/g, '[^/]+')}$`).test(address));
    expect(address).toMatch(pattern);
    const allowed = new Set(matching.map(({ method }) => method.toUpperCase()));
    if (allowed.has('GET')) allowed.add('HEAD');
    const other = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'].filter((method) => !allowed.has(method));
    for (const method of [...other, 'OPTIONS']) {
      const response = await fetch(`${api.url}${address}`, { method });
      expect(response.headers.get('allow')).toBe([...allowed].sort().join(', '));
      expect(response.status).toBe(method === 'OPTIONS' ? 204 : 405);
      const body = await response.text();
      if (method !== 'OPTIONS') await expectEnvelope({ status: response.status, body }, 'method_not_allowed');
    }
  });

  test.each([
    ['/partners/labs/labcorp/hl7', 'POST'],
    ['/partners/phlebotomy/getlabs/events', 'POST'],
    ['/unsubscribe/token', 'GET, HEAD, POST'],
    ['/book/token/state', 'GET, HEAD'],
    ['/book/token/cancel', 'POST'],
    ['/book/paper/token', 'GET, HEAD, POST'],
  ])('what partners and patients open, too: %s takes %s', async (path, allowed) => {
    const asked = await fetch(`${api.url}${path}`, { method: 'OPTIONS' });
    expect([asked.status, asked.headers.get('allow')]).toEqual([204, allowed]);
    // A link that nobody was given is not there, whatever the method.
    if (path.startsWith('/book/')) return;
    const refused = await fetch(`${api.url}${path}`, { method: 'DELETE' });
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, allowed]);
  });

  test('500 order_ids fit into a query; what does not fit is 431 in the same shape', async () => {
    const ids = Array.from({ length: 500 }, () => `order_ids=${crypto.randomUUID()}`).join('&');
    expect((await caller.request('GET', `/v3/orders?${ids}`)).status).toBe(200);
    const more = await caller.request('GET', `/v3/orders?${ids}&order_ids=${crypto.randomUUID()}`);
    expect(more.status).toBe(422);
    const long = 'x'.repeat(REQUEST_LIMITS.head_bytes);
    await expectEnvelope(await raw(`GET /v3/orders?user_id=${long} HTTP/1.1\r\n${key()}\r\n`), 'head_too_large');
    await expectEnvelope(await raw(`GET /v3/orders HTTP/1.1\r\nx-long: ${long}\r\n${key()}\r\n`), 'head_too_large');
  });

  test('what is no HTTP is refused in the same shape', async () => {
    await expectEnvelope(await raw('hello\r\n\r\n'), 'malformed_request');
    await expectEnvelope(
      await raw('CONNECT other.example:443 HTTP/1.1\r\nhost: other.example\r\n\r\n'),
      'method_not_allowed',
    );
  });

  test('a request that never comes whole is ended, and says so', async () => {
    const other = await impatient.caller();
    const head = `POST /v3/order HTTP/1.1\r\nhost: venule\r\nx-vital-api-key: ${other.apiKey}\r\ncontent-length: 10\r\n`;
    for (const part of [head, `${head}\r\n`, `${head}\r\n{"a"`]) {
      await expectEnvelope(await raw(part, impatient), 'request_timeout');
    }
    expect(REQUEST_LIMITS.arrives_within).toBe(30_000);
  });
});

describe('2.5: patients’ links', () => {
  test('names in a query are ignored, whatever their form; text that is not text is refused', async () => {
    const { order } = (await (await caller.request('POST', '/v3/order', orderRequest(userId))).json()) as {
      order: { id: string };
    };
    const token = await bookingToken(api.store, Buffer.alloc(32, 1), order.id, new Date(Date.now() + 3_600_000));
    const page = `${api.url}/book/${token}`;
    for (const query of ['', '?utm_source=mail', '?status[]=a&user_id[$ne]=b', '?token=%00']) {
      expect((await fetch(`${page}${query}`)).status).toBe(200);
      expect((await fetch(`${page}/state${query}`)).status).toBe(200);
    }
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' };
    for (const body of [
      '{"key":"a\\u0000"}',
      '{"key":"\\ud800"}',
      Buffer.from([0x7b, 0xff, 0x7d]),
      '{"key":7}',
      '[',
      '',
    ]) {
      const response = await fetch(`${page}/book`, { method: 'POST', headers, body });
      expect(response.status).toBe(400);
      await expectEnvelope({ status: 400, body: await response.text() }, 'malformed_request');
    }
    for (const strange of ['%00', 'x'.repeat(5_000), '%E2%80%AE']) {
      expect((await fetch(`${api.url}/book/${strange}/state`)).status).toBe(404);
      expect((await fetch(`${api.url}/unsubscribe/${strange}`)).status).toBe(404);
    }
    const asset = await fetch(`${api.url}/book/assets/%00.js`);
    expect(asset.status).toBeLessThan(500);
    expect(await asset.text()).not.toBe('');
  });
});

/** Texts of the kinds that the API is tried with, and bytes that are none. */
const STRANGE: [what: string, bytes: Buffer][] = [
  ['nothing', Buffer.alloc(0)],
  ['NUL', Buffer.from('a\0b')],
  ['bytes that are no UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0xff, 0x22])],
  ['half of a surrogate pair', Buffer.from('{"a":"\\ud800"}')],
  ['right to left, and marks', Buffer.from('\u202eشاه\u0301\u0301\u200f 👩‍🔬')],
  ['a megabyte', Buffer.alloc(1024 * 1024, 'x')],
  ['ten megabytes', Buffer.alloc(10 * 1024 * 1024, 'x')],
  ['brackets', Buffer.from('['.repeat(100_000))],
];

describe('2.5: the codec door', () => {
  const door = (verb: string) => `${api.url}/codec/${codecEndpointToken(TEST_CODEC_KEYS)}/${verb}`;
  const ask = (verb: string, body: Buffer | string) => fetch(door(verb), { method: 'POST', body });
  const b64 = (text: string) => Buffer.from(text).toString('base64');
  const sealed = (data: string, id = 'test') => ({
    metadata: { encoding: b64('binary/encrypted'), 'encryption-key-id': b64(id) },
    data,
  });

  test.each(STRANGE)('%s is refused in the one shape, or is nothing to decode', async (what, body) => {
    for (const verb of ['decode', 'encode']) {
      const answer = await ask(verb, body);
      if (what === 'nothing' || (what.startsWith('half') && answer.status === 200)) {
        expect([answer.status, await answer.json()]).toEqual([200, { payloads: [] }]);
      } else {
        expect(answer.status).toBeLessThan(500);
        await expectEnvelope(
          { status: answer.status, body: await answer.text() },
          'malformed_request',
          'body_too_large',
        );
      }
    }
  });

  test.each([
    ['a number', 7],
    ['a list', [1]],
    ['payloads that are none', { payloads: 'x' }],
    ['a payload that is none', { payloads: [null] }],
    ['metadata that are no bytes', { payloads: [{ metadata: { encoding: 7 } }] }],
    ['bytes that are no base64', { payloads: [{ data: '%%%' }] }],
    ['a cipher of nothing', { payloads: [sealed('')] }],
    ['a cipher that is too short', { payloads: [sealed(b64('short'))] }],
    ['a cipher that was tampered with', { payloads: [sealed(b64('x'.repeat(200)))] }],
    ['a key that there is not', { payloads: [sealed(b64('x'.repeat(200)), 'lost')] }],
  ])('%s cannot be decoded, and says so', async (_what, body) => {
    const answer = await ask('decode', JSON.stringify(body));
    await expectEnvelope({ status: answer.status, body: await answer.text() }, 'malformed_request');
  });

  test('what was encoded is decoded', async () => {
    const [payload] = await new EncryptionCodec(TEST_CODEC_KEYS).encode([{ data: Buffer.from('a\0\u0301') }]);
    const data = Buffer.from(payload?.data ?? []).toString('base64');
    const answer = await ask('decode', JSON.stringify({ payloads: [sealed(data)] }));
    expect(await answer.json()).toEqual({ payloads: [{ metadata: {}, data: b64('a\0\u0301') }] });
  });
});

describe('2.5: the doors of partners', () => {
  const LAB = { user: 'lab', password: 'password' };
  const secret = `whsec_${Buffer.alloc(24, 5).toString('base64')}`;
  beforeAll(async () => {
    for (const { store, catalogue } of [api, impatient]) {
      await connectSandboxLabs(store, catalogue, { url: 'http://127.0.0.1:9', ...LAB });
      await connectSandboxPhlebotomy(store, { url: 'http://127.0.0.1:9', key: 'key', secret });
    }
  });
  const authorization = `Basic ${Buffer.from(`${LAB.user}:${LAB.password}`).toString('base64')}`;

  const deliver = (body: Buffer | string, headers: Record<string, string> = {}) =>
    fetch(`${api.url}/partners/labs/labcorp/hl7`, {
      method: 'POST',
      headers: { 'content-type': 'application/hl7-v2', authorization, ...headers },
      body,
    });
  const MESSAGE = ['MSH|^~\\&|L|L|V|V|20261101||ORU^R01^ORU_R01|1|P|2.5.1', 'PID|1||1||Bell^Ana', 'OBR|1|V1||1^X^L'];

  test.each(STRANGE)('HL7: %s is acknowledged or refused, and never fails', async (_what, bytes) => {
    const within = (line: number) =>
      Buffer.concat([
        Buffer.from(MESSAGE.slice(0, line).join('\r')),
        bytes,
        Buffer.from(`\r${MESSAGE.slice(line).join('\r')}`),
      ]);
    for (const body of [bytes, within(1), within(2), within(3)]) {
      const answer = await deliver(body);
      const text = await answer.text();
      expect(answer.status).toBeLessThan(500);
      expect(text).toMatch(answer.status === 200 ? /^MSH\|.*\rMSA\|A[AER]/s : /^\{"detail":"/);
    }
  });

  test('HL7: an empty frame, unknown charsets and encodings, and strange addresses are refused', async () => {
    for (const [body, headers] of [
      ['\x1c\r\x0b\x0b', {}],
      [MESSAGE.join('\r'), { 'content-type': 'application/hl7-v2; charset=klingon' }],
      [MESSAGE.join('\r'), { 'content-encoding': 'gzip' }],
      [MESSAGE.join('\r'), { authorization: 'Basic /////' }],
      [MESSAGE.join('\r'), { authorization: `Basic ${Buffer.from('a\0:\xff').toString('base64')}` }],
    ] as const) {
      const answer = await deliver(body, headers);
      expect(answer.status).toBeLessThan(500);
      expect(await answer.text()).toMatch(/MSA\|A[ER]|"detail"/);
    }
    for (const lab of ['%00', 'x'.repeat(5_000), '%E2%80%AE', '__proto__']) {
      const answer = await fetch(`${api.url}/partners/labs/${lab}/hl7`, { method: 'POST', headers: { authorization } });
      expect(answer.status).toBe(401);
    }
  });

  const tell = (body: Buffer, headers: Record<string, string> = {}) =>
    fetch(`${api.url}/partners/phlebotomy/getlabs/events`, {
      method: 'POST',
      headers: { ...signedBy(secret, body), ...headers },
      body,
    });

  test.each(STRANGE)('webhooks of providers: %s, signed or not, is refused as JSON', async (_what, bytes) => {
    for (const answer of [await tell(bytes), await tell(bytes, { 'webhook-signature': 'v1,x' })]) {
      expect([400, 401, 413]).toContain(answer.status);
      expect(JSON.parse(await answer.text())).toMatchObject({ detail: expect.anything() });
    }
  });

  test('webhooks of providers: text within an event that is no text is refused, and what is strange is taken', async () => {
    const ill = Buffer.from(providerEvent('ILL'));
    const at = ill.indexOf('ILL');
    ill.set([0xc3, 0x28, 0xff], at);
    const before = await api.store.phlebotomyEvents.countDocuments();
    for (const body of [ill, Buffer.from(providerEvent('a\0b')), Buffer.from(providerEvent('a\ud800'))]) {
      const answer = await tell(body);
      expect([answer.status, await answer.json()]).toEqual([400, { detail: expect.any(String) }]);
    }
    expect(await api.store.phlebotomyEvents.countDocuments()).toBe(before);
    expect((await tell(Buffer.from(providerEvent('\u202eشاه\u0301')))).status).toBe(204);
  });

  test('a delivery that never comes whole is ended, and says so', async () => {
    const length = 'content-length: 10\r\n\r\n';
    for (const head of [
      `POST /partners/labs/labcorp/hl7 HTTP/1.1\r\nhost: v\r\nauthorization: ${authorization}\r\ncontent-type: application/hl7-v2\r\n`,
      'POST /partners/phlebotomy/getlabs/events HTTP/1.1\r\nhost: v\r\n',
      `POST /codec/${codecEndpointToken(TEST_CODEC_KEYS)}/decode HTTP/1.1\r\nhost: v\r\n`,
    ]) {
      const answers = await Promise.all([raw(`${head}${length}`, impatient), raw(`${head}${length}MSH`, impatient)]);
      for (const answer of answers) await expectEnvelope(answer, 'request_timeout');
    }
  });
});
