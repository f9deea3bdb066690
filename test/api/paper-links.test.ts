/** The link on a requisition's last page: what it opens, to whom, and what it does not (0008). */
import { randomBytes } from 'node:crypto';
import { createPaperUrl } from '../../links/booking-url.ts';
import { revokeBookingLinks } from '../../store/access/booking-links.ts';
import type { BookingLinkDocument } from '../../store/collections/access.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { parseCodecKeys } from '../../temporal/codec.ts';
import { type Caller, newUser, orderRequest, PATIENT, startTestApi, type TestApi } from '../support/api.ts';

const RIGHT = PATIENT.dob;
/** As wrong as it gets without being right: every one may be somebody's. */
const wrongDate = (n: number) => `1985-11-${String(n + 1).padStart(2, '0')}`;

let api: TestApi;
let caller: Caller;
let userId: string;
beforeAll(async () => {
  // The tests stand behind a proxy that is trusted, and so can come from any address.
  api = await startTestApi(undefined, { trustedProxies: ['127.0.0.1'] });
  caller = await api.caller();
  userId = await newUser(caller);
});
afterAll(() => api?.close());

let addresses = 0;
const freshAddress = () => {
  addresses += 1;
  return `203.0.113.${addresses}`;
};

/** An order, and the path of the link that its paper carries. */
async function onPaper() {
  const { order } = (await (await caller.request('POST', '/v3/order', orderRequest(userId))).json()) as {
    order: { id: string };
  };
  // Its laboratory lists its places only: the test takes it for one that is booked.
  await collectionOf(api.store.orders).updateOne({ _id: order.id }, { $set: { lab_slug: 'quest' } });
  const document = await api.store.orders.findById(order.id).orFail().lean<OrderDocument>();
  const url = await urlOf(document);
  if (!url) throw new Error('There is something to book');
  const from = freshAddress();
  const path = new URL(url).pathname;
  return {
    id: order.id,
    document,
    path,
    token: path.slice('/book/paper/'.length),
    look: (at = path) => come(at, from),
    say: (born: string, address = from) => come(path, address, { body: new URLSearchParams({ born }) }),
    link: () => links({ order_id: order.id, kind: 'paper' }).then(([link]) => link as BookingLinkDocument),
  };
}
const links = (query: object) => collectionOf(api.store.bookingLinks).find(query).toArray();

function come(path: string, from: string, init: RequestInit = {}): Promise<Response> {
  const method = init.body === undefined ? 'GET' : 'POST';
  return fetch(api.url + path, {
    method,
    redirect: 'manual',
    ...init,
    headers: { 'x-forwarded-for': from, ...init.headers },
  });
}

const keys = parseCodecKeys(`test:${randomBytes(32).toString('base64')}`);
const urlOf = (document: OrderDocument, validUntil = new Date(Date.now() + 3_600_000)) =>
  createPaperUrl(api.store, { keys, publicUrl: 'https://venule.example' })(document, validUntil);

test('the birth date opens the booking page, at an address that is good for half an hour', async () => {
  const { id, say, look, link } = await onPaper();
  const asked = await look();
  expect(asked.status).toBe(200);
  expect(asked.headers.get('content-security-policy')).toMatch(/default-src 'none'.*form-action 'self'/);
  expect(asked.headers.get('x-robots-tag')).toBe('noindex, nofollow');

  const opened = await say(RIGHT);
  expect(opened.status).toBe(303);
  const path = opened.headers.get('location') ?? '';
  expect(path).toMatch(/^\/book\/[\w-]{43}$/);
  expect((await look(`${path}/state`)).status).toBe(200);
  const [visit] = await links({ order_id: id, kind: 'from_paper' });
  expect(Number(visit?.expires_at) - Number(visit?.created_at)).toBe(30 * 60_000);
  expect(JSON.stringify(visit)).not.toContain(path.slice('/book/'.length));
  expect((await link()).wrong_dates).toBe(0);

  await collectionOf(api.store.bookingLinks).updateOne({ _id: visit?._id }, { $set: { expires_at: new Date() } });
  const later = await look(path);
  expect(later.status).toBe(410);
  expect(await later.text()).toContain('Please scan the code on your paper again');
  expect((await say(RIGHT)).headers.get('location')).not.toBe(path);
});

test('ten wrong dates in all close it, whoever gives them, and the right one opens nothing any more', async () => {
  const { id, say, look, link } = await onPaper();
  for (let n = 0; n < 8; n += 1) {
    const answer = await say(wrongDate(n), freshAddress());
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain(`${9 - n} more tries are left`);
  }
  expect((await say(RIGHT)).status).toBe(303);
  expect(await (await say(wrongDate(8))).text()).toContain('One more try is left');
  expect((await say(RIGHT)).status).toBe(303);
  expect((await link()).wrong_dates).toBe(9);
  const last = await say(wrongDate(9));
  expect(last.status).toBe(410);
  expect(await last.text()).toContain('This link was closed after too many wrong dates');
  for (const answer of [await look(), await say(RIGHT, freshAddress())]) {
    expect(answer.status).toBe(410);
    const text = await answer.text();
    for (const secret of [PATIENT.first_name, RIGHT, id]) expect(text).not.toContain(secret);
  }
  const entries = await api.store.audit.find({ order_id: id, action: 'booking_link.guessed' }).lean();
  expect(entries).toMatchObject([{ team_id: caller.team._id, by: { kind: 'patient_link', id: (await link())._id } }]);
});

test('of many dates at once, ten are looked at', async () => {
  const { id, say, link } = await onPaper();
  const wrong = Array.from({ length: 24 }, (_, n) => say(wrongDate(n), freshAddress()));
  const statuses = (await Promise.all(wrong)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 403)).toHaveLength(9);
  expect(statuses.filter((status) => status === 410)).toHaveLength(15);
  expect((await link()).wrong_dates).toBe(10);
  expect((await say(RIGHT)).status).toBe(410);
  expect(await api.store.audit.countDocuments({ order_id: id, action: 'booking_link.guessed' })).toBe(1);
});

test('what is no date of birth is told so and costs no try', async () => {
  const { path, say, link } = await onPaper();
  const ask = (body: NonNullable<RequestInit['body']>, type?: string) =>
    come(path, freshAddress(), { body, ...(type && { headers: { 'content-type': type } }) });
  const form = 'application/x-www-form-urlencoded';
  const answers = await Promise.all([
    ...['', '1985-02-30', '12/10/1985', '0085-12-10', '3085-12-10', `${RIGHT} `, `${RIGHT}\u0000`].map((born) =>
      say(born),
    ),
    ask('', form),
    ask(`born=${RIGHT}&born=${RIGHT}`, form),
    ask(`born[$ne]=x`, form),
    ask(JSON.stringify({ born: RIGHT }), 'application/json'),
    ask(`born=${RIGHT}&more=${'x'.repeat(20_000)}`, form),
    ask(Buffer.concat([Buffer.from(`born=${RIGHT}&x=`), Buffer.from([0xff])]), form),
    ask(`born=${RIGHT}`, `${form}; charset=klingon`),
  ]);
  for (const answer of answers) {
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await answer.text()).toContain('Please enter a date of birth');
  }
  expect((await link()).wrong_dates).toBe(0);
});

test('the token on paper opens nothing but its own door, and no other token opens that', async () => {
  const { path, token, say, look } = await onPaper();
  const visit = (await say(RIGHT)).headers.get('location') ?? '';
  const parts = ['', '/state', '/requisition.pdf', '/appointment.ics', '/centres'];
  for (const part of parts) {
    expect((await look(`/book/${token}${part}`)).status).toBe(404);
    if (part) expect((await look(`${path}${part}`)).status).toBe(404);
  }
  for (const other of [visit.slice('/book/'.length), 'A'.repeat(43), token.slice(1), '%E0%A4', '%00', '']) {
    const answer = await look(`/book/paper/${other}`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('This link does not work');
  }
  for (const wish of ['times', 'book', 'cancel']) {
    const headers = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' };
    expect((await come(`/book/${token}/${wish}`, freshAddress(), { body: '{}', headers })).status).toBe(404);
    expect((await come(`${path}/${wish}`, freshAddress(), { body: '{}', headers })).status).toBe(404);
  }
});

test('expired and revoked it opens nothing, nor does what was opened before the revocation', async () => {
  const expired = await onPaper();
  await collectionOf(api.store.bookingLinks).updateOne({ order_id: expired.id }, { $set: { expires_at: new Date() } });
  for (const answer of [await expired.look(), await expired.say(RIGHT)]) {
    expect(answer.status).toBe(410);
    expect(await answer.text()).toContain('This link has expired');
  }
  const revoked = await onPaper();
  const visit = (await revoked.say(RIGHT)).headers.get('location') ?? '';
  expect(await revokeBookingLinks(api.store, revoked.id)).toBe(2);
  for (const answer of [await revoked.look(), await revoked.say(RIGHT), await revoked.look(visit)]) {
    expect(answer.status).toBe(410);
    expect(await answer.text()).toContain('This link is no longer valid');
  }
});

test('the same paper carries the same link, until it was revoked; its token is not in the database', async () => {
  const { document, path, token, link } = await onPaper();
  expect(new URL((await urlOf(document)) ?? '').pathname).toBe(path);
  expect(JSON.stringify(await link())).not.toContain(token);
  await revokeBookingLinks(api.store, document._id);
  expect(new URL((await urlOf(document)) ?? '').pathname).not.toBe(path);
});

test('there is a link where the patient can book: not when the order is over, nor where one only walks in', async () => {
  const { document } = await onPaper();
  const changed = (changes: Partial<OrderDocument>) => urlOf({ ...document, ...changes });
  expect(await changed({ collection_method: 'at_home_phlebotomy', lab_slug: 'labcorp' })).toMatch(/\/book\/paper\//);
  expect(await changed({ lab_slug: 'labcorp' })).toBeNull();
  expect(await changed({ lab_slug: 'getlabs' })).toBeNull();
  expect(await changed({ collection_method: 'testkit' })).toBeNull();
  expect(await changed({ collection_method: 'on_site_collection' })).toBeNull();
  for (const last_status of ['cancelled', 'completed'] as const) expect(await changed({ last_status })).toBeNull();
});

test('F12: whoever guessed too often elsewhere has to wait, with the right date too, and nothing is counted', async () => {
  const { look, say, link } = await onPaper();
  const from = freshAddress();
  for (let n = 0; n < 101; n += 1) await come(`/book/paper/${randomBytes(32).toString('base64url')}`, from);
  for (const born of [RIGHT, wrongDate(1)]) {
    const answer = await say(born, from);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
  }
  expect((await link()).wrong_dates).toBe(0);
  expect((await look()).status).toBe(200);
  expect((await say(RIGHT)).status).toBe(303);
});

test('F12: wrong dates on one paper after another are guesses, too', async () => {
  const from = freshAddress();
  const statuses: number[] = [];
  for (let paper = 0; paper < 12; paper += 1) {
    const { say } = await onPaper();
    for (let n = 0; n < 9; n += 1) statuses.push((await say(wrongDate(n), from)).status);
  }
  expect(statuses.slice(0, 9)).toEqual(Array(9).fill(403));
  expect(statuses.slice(-5)).toEqual(Array(5).fill(429));
});

test('a visit that has expired is forgotten a day later; links that messages and paper carry are kept', async () => {
  const indexes = await collectionOf(api.store.bookingLinks).indexes();
  const forgetting = indexes.filter(({ expireAfterSeconds }) => expireAfterSeconds !== undefined);
  expect(forgetting).toMatchObject([
    { key: { expires_at: 1 }, expireAfterSeconds: 86_400, partialFilterExpression: { kind: 'from_paper' } },
  ]);
});

test('while the database is away, the patient reads a page that says so', async () => {
  const { look, say } = await onPaper();
  for (const ask of [() => look(), () => say(RIGHT)]) {
    const away = jest.spyOn(collectionOf(api.store.bookingLinks), 'findOne').mockRejectedValueOnce(new Error('away'));
    const answer = await ask();
    away.mockRestore();
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('This page is not available at the moment');
  }
});
