/** Nobody guesses keys, passwords or links for long; and nobody is locked out by it who has been here before (F12). */
import { randomBytes } from 'node:crypto';
import express from 'express';
import { clientAddress } from '../../../api/http/doors/client-address.ts';
import { connectSandboxLabs } from '../../../store/connections/lab-connections.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';

const RIGHT = { user: 'lab', password: 'the right password' };

let api: TestApi;
beforeAll(async () => {
  // The tests stand behind a proxy that is trusted, and so can come from any address.
  api = await startTestApi(undefined, { trustedProxies: ['127.0.0.1'] });
  await connectSandboxLabs(api.store, api.catalogue, { url: 'http://127.0.0.1:9', ...RIGHT });
});
afterAll(() => api.close());

let addresses = 0;
/** An address that no other test comes from. */
function freshAddress(): string {
  addresses += 1;
  return `203.0.113.${addresses}`;
}

interface Come {
  from: string;
  headers?: Record<string, string>;
  method?: string;
  body?: string;
}
const come = (path: string, { from, headers = {}, ...init }: Come) =>
  fetch(api.url + path, { ...init, headers: { 'x-forwarded-for': from, ...headers } });
const basic = (password: string, user = RIGHT.user) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
/** 415 for the right password: the message itself is no HL7. */
const asLab = (from: string, password: string, user = RIGHT.user) =>
  come('/partners/labs/labcorp/hl7', { from, method: 'POST', headers: basic(password, user) });

/** The answers to so many guesses, and the last of them. */
async function guess(times: number, make: () => Promise<Response>) {
  const statuses: number[] = [];
  let last: Response | undefined;
  for (let n = 0; n < times; n += 1) {
    last = await make();
    statuses.push(last.status);
  }
  return { statuses, last: last as Response };
}

test.each([
  ['API keys', (from: string) => come('/v3/orders', { from, headers: { 'x-vital-api-key': guessed() } }), 401],
  [
    'management keys',
    (from: string) =>
      come('/v1/org/default/team/t/sandbox/webhook', { from, headers: { 'x-management-key': guessed() } }),
    401,
  ],
  ['booking links', (from: string) => come(`/book/${guessed()}/state`, { from }), 404],
  ['links to unsubscribe', (from: string) => come(`/unsubscribe/${guessed()}`, { from }), 404],
  ['addresses of the codec', (from: string) => come(`/codec/${guessed()}/decode`, { from, method: 'POST' }), 404],
  [
    'signatures of phlebotomy providers',
    (from: string) => come('/partners/phlebotomy/getlabs/events', { from, method: 'POST', body: guessed() }),
    401,
  ],
])('F12: guessing %s is answered 429 with Retry-After after some failures', async (_what, attempt, wrong) => {
  const from = freshAddress();
  const { statuses, last } = await guess(110, () => attempt(from));
  expect(statuses.slice(0, 5)).toEqual(Array(5).fill(wrong));
  expect(statuses.slice(-5)).toEqual(Array(5).fill(429));
  expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await attempt(freshAddress())).status).toBe(wrong);
});

const guessed = () => randomBytes(18).toString('base64url');

test('F12: a password that is guessed after too many failures opens nothing', async () => {
  const from = freshAddress();
  const { statuses } = await guess(12, () => asLab(from, guessed()));
  expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
  const lucky = await asLab(from, RIGHT.password);
  expect(lucky.status).toBe(429);
  expect(Number(lucky.headers.get('retry-after'))).toBeGreaterThan(0);
});

test('F12: a laboratory that has delivered before is never locked out, not even by failures from its own address', async () => {
  const from = freshAddress();
  expect((await asLab(from, RIGHT.password)).status).toBe(415);
  const { statuses } = await guess(12, () => asLab(from, guessed()));
  expect(statuses.at(-1)).toBe(429);
  expect((await asLab(from, RIGHT.password)).status).toBe(415);

  // Nor by failures from anywhere else, at an address it was never seen at.
  await guess(12, () => asLab(freshAddress(), guessed()));
  expect((await asLab(freshAddress(), RIGHT.password)).status).toBe(415);
});

test('F12: what one address guesses as one user is not counted against another', async () => {
  const from = freshAddress();
  await guess(12, () => asLab(from, guessed(), 'somebody'));
  expect((await asLab(from, RIGHT.password)).status).toBe(415);
});

test('a valid key is taken from an address that guesses, and from one that sends no key nothing is counted', async () => {
  const from = freshAddress();
  const { apiKey } = await api.caller();
  await guess(110, () => come('/v2/user', { from, headers: { 'x-vital-api-key': guessed() } }));
  expect((await come('/v2/user', { from, headers: { 'x-vital-api-key': apiKey } })).status).toBe(200);

  const forgetful = freshAddress();
  const { statuses } = await guess(110, () => come('/v2/user', { from: forgetful }));
  expect(new Set(statuses)).toEqual(new Set([401]));
});

test('the counts are everybody’s: another API refuses what was guessed at this one', async () => {
  const from = freshAddress();
  await guess(12, () => asLab(from, guessed()));
  const counts = await api.store.rateLimits.find({ key: new RegExp(`${from} labcorp`) }).lean();
  expect(counts).toMatchObject([{ points: 10 }]);
});

describe('the address that is counted', () => {
  async function addressBehind(trusted: string[], forwarded: string): Promise<string> {
    const app = express().set('trust proxy', trusted);
    app.get('/', (request, response) => void response.send(clientAddress(request)));
    const server = app.listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const { port } = server.address() as { port: number };
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-forwarded-for': forwarded } });
    server.close();
    return response.text();
  }

  test.each([
    ['nobody is believed unless configured', [], '198.51.100.7', '127.0.0.1'],
    ['a trusted proxy is believed', ['127.0.0.0/8'], '198.51.100.7', '198.51.100.7'],
    ['of what it says only the last hop that is not trusted', ['127.0.0.1'], '1.2.3.4, 198.51.100.7', '198.51.100.7'],
    ['all of an IPv6 customer’s addresses are one', ['127.0.0.1'], '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['an IPv4 address in IPv6 is itself', ['127.0.0.1'], '::ffff:198.51.100.7', '198.51.100.7'],
    ['nonsense is nobody’s', ['127.0.0.1'], 'nonsense', 'unknown'],
  ])('%s', async (_what, trusted, forwarded, counted) => {
    expect(await addressBehind(trusted, forwarded)).toBe(counted);
  });
});
