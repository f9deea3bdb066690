import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { DateTime } from 'luxon';
import { type Sandbox, startSandbox } from '../../sandbox/lab/server.ts';
import { BookingKeys } from '../../sandbox/phlebotomy/booking-key.ts';
import { slotsOn } from '../../sandbox/phlebotomy/slots.ts';
import { EventReceiver } from './event-receiver.ts';

const KEY = 'phlebotomy-key';
const SECRET = `whsec_${Buffer.from('a secret of the phlebotomy companies').toString('base64')}`;
const PHOENIX = { first_line: '123 W Lincoln St', second_line: 'Unit 4', city: 'Phoenix', state: 'AZ', zip: '85004' };
const ONALASKA = { first_line: '9 Oak Ave', second_line: null, city: 'Onalaska', state: 'WI', zip: '54650' };
const PATIENT = {
  first_name: 'Jane',
  last_name: 'Doe',
  dob: '1980-01-02',
  gender: 'female',
  phone_number: '+16025550100',
  email: 'jane@example.com',
};

interface Slot {
  booking_key: string;
  start: string;
  end: string;
  expires_at: string;
  free: number;
  location_code?: string;
}

/** An appointment, and what the provider shows of it besides. */
interface View {
  id: string;
  reference: string;
  status: string;
  start: string | null;
  end: string | null;
  timezone: string;
  location_code?: string;
  number: string;
  access_notes: string | null;
  appointment_notes: string | null;
  updated_at: string;
  notes: { access_notes: string | null; appointment_notes: string | null }[];
  steps: object[];
  events: { id: string; status: string; attempts: number; delivered_at: string | null }[];
}

type Answer<Body = View> = { status: number; body: Body & { error?: string } };

let dataDir: string;
let receiver: EventReceiver;
let sandbox: Sandbox;
let base: string;

async function open(holdMs?: number): Promise<void> {
  sandbox = await startSandbox({
    port: 0,
    host: '127.0.0.1',
    dataDir,
    resultsUrl: 'http://127.0.0.1:9/{lab}',
    user: 'lab',
    password: 'secret',
    phlebotomy: {
      key: KEY,
      secret: SECRET,
      eventsUrl: receiver.url,
      backoff: { first: 5, longest: 20 },
      ...(holdMs !== undefined && { holdMs }),
    },
  });
  base = sandbox.url;
}

async function reopen(holdMs?: number): Promise<void> {
  await sandbox.close();
  await open(holdMs);
}

async function call<Body = View>(
  method: string,
  target: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Answer<Body>> {
  const response = await fetch(`${base}${target}`, {
    method,
    headers: {
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
      ...headers,
    },
    body: body ? JSON.stringify(body) : null,
  });
  return { status: response.status, body: (await response.json()) as Answer<Body>['body'] };
}

const visitOf = (reference: string, changes: object = {}) => ({
  reference,
  patient: PATIENT,
  address: PHOENIX,
  access_notes: 'gate code 4711',
  appointment_notes: 'left arm',
  requisition_number: 'R-1',
  tests: [{ code: '899', name: 'TSH' }],
  ...changes,
});

const localDay = (timezone: string, days: number) => DateTime.now().setZone(timezone).plus({ days }).toISODate();

/** To come for as long as the tests run, whatever hour it is. */
const start_date = localDay('America/Phoenix', 2);

async function slots(question: object = {}): Promise<Slot[]> {
  const asked = { address: PHOENIX, start_date, days: 2, ...question };
  const { status, body } = await call<{ slots: Slot[] }>('POST', '/phlebotomy/getlabs/v1/availability', asked);
  expect(status).toBe(200);
  return body.slots;
}

async function slot(minute: '00' | '30' = '30', nth = 0): Promise<Slot> {
  const found = (await slots()).filter(({ start }) => start.slice(14, 16) === minute)[nth];
  if (!found) throw new Error('no slot');
  return found;
}

const book = (reference: string, { booking_key }: { booking_key: string }, changes: object = {}, key?: string) =>
  call(
    'POST',
    '/phlebotomy/getlabs/v1/appointments',
    visitOf(reference, { booking_key, ...changes }),
    key === undefined ? {} : { 'idempotency-key': key },
  );
const request = (reference: string, changes: object = {}) =>
  call(
    'POST',
    '/phlebotomy/phlebfinders/v1/appointment-requests',
    visitOf(reference, { address: ONALASKA, ...changes }),
  );
const reschedule = (id: string, body: object) => call('PATCH', `/phlebotomy/getlabs/v1/appointments/${id}`, body);
const cancel = (id: string, provider = 'getlabs') =>
  call('POST', `/phlebotomy/${provider}/v1/appointments/${id}/cancel`, { reason: 'other', notes: null });
const find = (reference: string, provider = 'getlabs') =>
  call('GET', `/phlebotomy/${provider}/v1/appointments?reference=${reference}`);
const simulate = (id: string, body: object, provider = 'getlabs') =>
  call<{ planned: string[]; appointment: View }>(
    'POST',
    `/sandbox/phlebotomy/${provider}/appointments/${id}/simulate`,
    body,
  );
const look = async (id: string, provider = 'getlabs') =>
  (await call('GET', `/sandbox/phlebotomy/${provider}/appointments/${id}`)).body;
const held = async (provider = 'getlabs') =>
  (await call<{ appointments: View[] }>('GET', `/sandbox/phlebotomy/${provider}/appointments`)).body.appointments;
const fault = (body: object) => call('POST', '/sandbox/phlebotomy/faults', { provider: 'getlabs', ...body });
const confirmation = (provider: string, body: object) =>
  call('POST', `/sandbox/phlebotomy/${provider}/confirmation`, body);
const refusal = ({ status, body }: Answer<unknown>) => [status, body.error];

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await what()); ) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'sandbox-phlebotomy-'));
  receiver = new EventReceiver(SECRET);
  await receiver.open();
  await open();
});

afterEach(async () => {
  await sandbox.close();
  await receiver.close();
  await rm(dataDir, { recursive: true });
});

describe('where the providers work', () => {
  test.each([
    ['getlabs', '85004', { served: true, service_types: ['appointment-ready'] }],
    ['getlabs', '54650', { served: false, service_types: [] }],
    ['phlebfinders', '54650', { served: true, service_types: ['appointment-request'] }],
    ['quest', '10001', { served: true, service_types: ['appointment-ready'] }],
    ['quest', '99501', { served: false, service_types: [] }],
  ])('F6: %s in %s', async (provider, zip, answer) => {
    expect(await call('GET', `/phlebotomy/${provider}/v1/coverage?zip=${zip}`)).toEqual({ status: 200, body: answer });
  });

  test('service centers are listed the nearest first, within the radius, with all a patient needs', async () => {
    interface Locations {
      locations: { code: string; distance_miles: number }[];
    }
    const near = (zip: string, radius: number) =>
      call<Locations>('GET', `/phlebotomy/quest/v1/locations?zip=${zip}&radius_miles=${radius}`);
    const { locations } = (await near('85004', 25)).body;
    expect(locations.map(({ code }) => code)).toEqual(['PHX1', 'PHX2', 'PHX3']);
    expect(locations[2]?.distance_miles).toBeCloseTo(3.7, 0);
    expect(locations[0]).toMatchObject({
      address: { zip: '85004', state: 'AZ' },
      location: { lng: -112.0742, lat: 33.4522 },
      timezone: 'America/Phoenix',
      phone: '+16025550111',
      hours: { monday: '06:30-15:30' },
    });
    expect((await near('85004', 2)).body.locations.map(({ code }) => code)).toEqual(['PHX1', 'PHX2']);
    expect((await near('10001', 25)).body.locations.map(({ code }) => code)).toEqual(['NYC1', 'NYC2', 'BKN1']);
    expect((await near('99501', 25)).body.locations).toEqual([]);
  });

  test('service centers are found by their codes, those that there are', async () => {
    const named = async (provider: string, codes: string) =>
      (await call<{ locations: object[] }>('GET', `/phlebotomy/${provider}/v1/locations?codes=${codes}`)).body
        .locations;
    expect(await named('quest', 'NYC1,NOPE,PHX2')).toMatchObject([{ code: 'PHX2' }, { code: 'NYC1' }]);
    expect(await named('quest', 'NOPE')).toEqual([]);
    expect(await named('getlabs', 'PHX1')).toEqual([]);
    expect(refusal(await call('GET', '/phlebotomy/quest/v1/locations'))).toEqual([400, 'invalid_request']);
  });

  test.each([
    ['another ZIP', { zip: '10001' }],
    ['a PO box', { first_line: 'PO Box 12' }],
    ['no street number', { first_line: 'West Lincoln Street' }],
  ])('C3: an address with %s cannot be reached', async (_what, change) => {
    const address = { ...PHOENIX, ...change };
    expect(refusal(await call('POST', '/phlebotomy/getlabs/v1/availability', { address }))).toEqual([
      422,
      'not_served',
    ]);
    expect(refusal(await book('b-1', await slot(), { address }))).toEqual([422, 'not_served']);
    expect(await held()).toEqual([]);
  });

  test('nobody gets in without the key, and unknown providers are not found', async () => {
    const wrong = { authorization: 'Bearer wrong' };
    expect(refusal(await call('GET', '/phlebotomy/getlabs/v1/coverage?zip=85004', undefined, wrong))).toEqual([
      401,
      'unauthorized',
    ]);
    expect(refusal(await call('GET', '/sandbox/phlebotomy/getlabs/appointments', undefined, wrong))).toEqual([
      401,
      'unauthorized',
    ]);
    expect(refusal(await call('GET', '/phlebotomy/nobody/v1/coverage?zip=85004'))).toEqual([404, 'not_found']);
    expect(refusal(await call('GET', '/phlebotomy/getlabs/v2/coverage'))).toEqual([404, 'not_found']);
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
  });
});

describe('slots', () => {
  test('a mobile provider has a slot each half hour from 07:00 to 15:00 of its own time', async () => {
    const question = { address: PHOENIX, start_date };
    const { body } = await call<{ timezone: string; slots: Slot[] }>(
      'POST',
      '/phlebotomy/getlabs/v1/availability',
      question,
    );
    expect(body.timezone).toBe('America/Phoenix');
    expect(body.slots).toHaveLength(14 * 16);
    const local = body.slots.map(({ start }) => DateTime.fromISO(start, { zone: body.timezone }).toFormat('HH:mm'));
    expect([local[0], local[1], local[15], local[16]]).toEqual(['07:00', '07:30', '14:30', '07:00']);
    expect(body.slots.map(({ free }) => free).slice(0, 4)).toEqual([2, 1, 2, 1]);
    expect(new Set(body.slots.map(({ booking_key }) => booking_key)).size).toBe(14 * 16);
  });

  test('only times to come are offered, whatever day was asked for', async () => {
    const asked = await slots({ start_date: localDay('America/Phoenix', -5), days: 7 });
    const now = new Date().toISOString();
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter(({ start }) => start <= now)).toEqual([]);
    expect(await slots({ start_date: localDay('America/Phoenix', 95) })).toEqual([]);
  });

  test('service centers have a slot each 20 minutes in their hours, of the centers asked for', async () => {
    const monday = DateTime.now().setZone('America/New_York').plus({ weeks: 1 }).startOf('week').toISODate();
    const ask = (location_codes: string[]) =>
      call<{ timezone: string | null; slots: Slot[] }>('POST', '/phlebotomy/quest/v1/availability', {
        location_codes,
        start_date: monday,
        days: 7,
      });
    const { body } = await ask(['NYC2']);
    expect(body.timezone).toBe('America/New_York');
    expect(body.slots).toHaveLength(5 * 27);
    expect(body.slots.every(({ location_code }) => location_code === 'NYC2')).toBe(true);
    const both = await ask(['NYC2', 'PHX2']);
    expect(both.body.timezone).toBeNull();
    expect(new Set(both.body.slots.map(({ location_code }) => location_code))).toEqual(new Set(['NYC2', 'PHX2']));
    expect(refusal(await ask(['NOWHERE']))).toEqual([404, 'not_found']);
    expect(refusal(await call('POST', '/phlebotomy/quest/v1/availability', { address: PHOENIX }))).toEqual([
      400,
      'invalid_request',
    ]);
  });

  test.each([
    ['America/New_York', '2027-03-13', 'T12:00:00.000Z'],
    ['America/New_York', '2027-03-14', 'T11:00:00.000Z'],
    ['America/New_York', '2027-11-06', 'T11:00:00.000Z'],
    ['America/New_York', '2027-11-07', 'T12:00:00.000Z'],
    ['America/Phoenix', '2027-03-14', 'T14:00:00.000Z'],
  ])('07:00 in %s stays 07:00 when the clocks change, on %s', (timezone, day, instant) => {
    const hours = { saturday: '07:00-09:00', sunday: '07:00-09:00' };
    const place = { code: null, timezone, location: { lng: 0, lat: 0 }, hours, slotMinutes: 60 };
    const visits = slotsOn(place, DateTime.fromISO(day));
    expect(visits).toHaveLength(2);
    expect(visits[0]?.start).toBe(`${day}${instant}`);
  });
});

describe('booking', () => {
  test('A4: a slot is booked at once, with a number for the patient', async () => {
    const chosen = await slot();
    const { status, body } = await book('b-1', chosen);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      reference: 'b-1',
      status: 'scheduled',
      start: chosen.start,
      end: chosen.end,
      timezone: 'America/Phoenix',
      number: expect.stringMatching(/^GL-[0-9A-F]{8}$/),
      access_notes: 'gate code 4711',
      appointment_notes: 'left arm',
    });
    expect((await call('GET', `/phlebotomy/getlabs/v1/appointments/${body.id}`)).body).toEqual(body);
    expect((await find('b-1')).body).toEqual(body);
    expect(await look(body.id)).toMatchObject({ patient: PATIENT, address: PHOENIX, requisition_number: 'R-1' });
    expect(receiver.deliveries).toEqual([]);
  });

  test('a service center is booked without an address', async () => {
    const days = { location_codes: ['LSE1'], start_date: localDay('America/Chicago', 1), days: 4 };
    const { body } = await call<{ slots: Slot[] }>('POST', '/phlebotomy/quest/v1/availability', days);
    const booked = await call(
      'POST',
      '/phlebotomy/quest/v1/appointments',
      visitOf('b-1', { address: undefined, booking_key: body.slots[0]?.booking_key }),
    );
    expect(booked.body).toMatchObject({ status: 'scheduled', location_code: 'LSE1', timezone: 'America/Chicago' });
  });

  test('F10: the same reference again is answered with the appointment made then', async () => {
    const { body } = await book('b-1', await slot());
    const again = await book('b-1', await slot('00'));
    expect(again).toEqual({ status: 200, body });
    expect(await held()).toHaveLength(1);
  });

  test('F10: the same Idempotency-Key again is answered as the first time, also after a restart', async () => {
    const chosen = await slot();
    const first = await book('b-1', chosen, {}, 'key-1');
    await simulate(first.body.id, { status: 'in_progress' });
    expect(await book('b-1', chosen, {}, 'key-1')).toEqual(first);
    const full = await book('b-2', chosen, {}, 'key-2');
    expect(refusal(full)).toEqual([409, 'slot_taken']);
    await reopen();
    expect(await book('b-1', chosen, {}, 'key-1')).toEqual(first);
    expect(await book('b-2', chosen, {}, 'key-2')).toEqual(full);
    expect(refusal(await book('b-3', chosen, {}, 'key-1'))).toEqual([409, 'idempotency_key_reused']);
    expect(await held()).toHaveLength(1);
  });

  test('C2: of 50 who want the same slot at once, as many get it as it takes', async () => {
    const [one, two] = [await slot('30'), await slot('00')];
    const offers = [...Array(50).keys()].map((index) => (index % 2 ? one : two));
    const keys = await Promise.all(offers.map(async ({ start }) => (await slots()).find((s) => s.start === start)));
    const answers = await Promise.all(keys.map((key, index) => book(`b-${index}`, key ?? one)));
    const won = answers.filter(({ status }) => status === 201).map(({ body }) => body.start);
    expect(won.toSorted()).toEqual([one.start, two.start, two.start].toSorted());
    expect(answers.filter(({ status, body }) => status === 409 && body.error === 'slot_taken')).toHaveLength(47);
    expect((await held()).length).toBe(3);
    expect((await slots()).filter(({ start }) => start === one.start || start === two.start)).toEqual([]);
  });

  test('a booking key is good for one visit, and free again when that is cancelled', async () => {
    const chosen = await slot('00');
    const { body } = await book('b-1', chosen);
    expect(refusal(await book('b-2', chosen))).toEqual([409, 'slot_taken']);
    await cancel(body.id);
    expect((await book('b-3', chosen)).status).toBe(201);
  });

  test('booking keys that were never made, or belong to another provider, are refused', async () => {
    const { booking_key } = await slot();
    const [content = '', seal = ''] = booking_key.split('.');
    const forged = Buffer.from(content, 'base64url').toString().replace('getlabs', 'GETLABS');
    for (const bad of ['', 'x', 'x.y', `${Buffer.from(forged).toString('base64url')}.${seal}`]) {
      expect(refusal(await book('b-1', { booking_key: bad }))).toEqual([400, 'booking_key_invalid']);
    }
    const elsewhere = await call('POST', '/phlebotomy/quest/v1/appointments', visitOf('b-1', { booking_key }));
    expect(refusal(elsewhere)).toEqual([400, 'booking_key_invalid']);
  });

  test('booking keys hold over a restart, and expire', async () => {
    const kept = await slot();
    await reopen(1);
    expect((await book('b-1', kept)).status).toBe(201);
    const expired = await slot('30', 1);
    await until(() => new Date().toISOString() > expired.expires_at);
    expect(refusal(await book('b-2', expired))).toEqual([410, 'booking_key_expired']);
  });

  test('a time that has passed is refused, though its key still holds', async () => {
    const visit = { start: '2026-01-05T14:00:00.000Z', end: '2026-01-05T14:30:00.000Z', locationCode: null };
    const offer = { provider: 'getlabs', visit, expiresAt: '2126-01-01T00:00:00.000Z' };
    const booking_key = new BookingKeys(SECRET).issue(offer);
    expect(refusal(await book('b-1', { booking_key }))).toEqual([409, 'too_late']);
    const { id } = (await book('b-1', await slot())).body;
    expect(refusal(await reschedule(id, { booking_key }))).toEqual([409, 'too_late']);
  });

  test('what is not as the wire has it is refused, and nothing is booked', async () => {
    const { booking_key } = await slot();
    const target = '/phlebotomy/getlabs/v1/appointments';
    const bodies = [{}, visitOf('b-1'), visitOf('', { booking_key }), visitOf('b-1', { booking_key, patient: {} })];
    for (const body of bodies) expect(refusal(await call('POST', target, body))).toEqual([400, 'invalid_request']);
    const noKey = await call('POST', target, visitOf('b-1', { booking_key }), { 'idempotency-key': '' });
    expect(refusal(noKey)).toEqual([400, 'invalid_request']);
    const noAddress = await call('POST', target, visitOf('b-1', { booking_key, address: null }));
    expect(refusal(noAddress)).toEqual([400, 'invalid_request']);
    expect(refusal(await find('b-1'))).toEqual([404, 'not_found']);
  });

  test('a provider that confirms later says reserved or pending, keeps the slot, and confirms', async () => {
    await confirmation('getlabs', { answer: 'reserved' });
    const chosen = await slot();
    const { status, body } = await book('b-1', chosen);
    expect([status, body.status, body.start]).toEqual([201, 'reserved', chosen.start]);
    expect((await slots()).map(({ start }) => start)).not.toContain(chosen.start);
    await simulate(body.id, { status: 'scheduled' });
    await until(() => receiver.statuses.length === 1);
    expect(receiver.taken[0]?.appointment).toMatchObject({ id: body.id, status: 'scheduled', start: chosen.start });

    await confirmation('getlabs', { answer: 'pending', after_seconds: 0 });
    expect((await book('b-2', await slot('30', 1))).body.status).toBe('pending');
    await until(() => receiver.statuses.length === 2);
    expect((await find('b-2')).body.status).toBe('scheduled');
    await confirmation('getlabs', { answer: 'scheduled' });
    expect((await book('b-3', await slot('30', 2))).body.status).toBe('scheduled');
  });
});

describe('requests', () => {
  test('A4: a request is pending without a time until the provider finds one', async () => {
    const { status, body } = await request('b-1');
    expect([status, body.status, body.start, body.end]).toEqual([201, 'pending', null, null]);
    const tomorrow = () => localDay('America/Chicago', 1);
    const asked = tomorrow();
    const { planned } = (await simulate(body.id, { status: 'scheduled' }, 'phlebfinders')).body;
    expect(planned).toEqual(['scheduled']);
    const answered = tomorrow();
    const { start } = (await find('b-1', 'phlebfinders')).body;
    const local = DateTime.fromISO(start ?? '', { zone: 'America/Chicago' });
    expect([asked, answered]).toContain(local.toISODate());
    expect(local.toFormat('HH:mm')).toBe('09:00');
    await until(() => receiver.taken.length === 1);
    expect(receiver.taken[0]).toMatchObject({
      path: '/phlebfinders',
      type: 'appointment.updated',
      data: { origin: 'provider' },
      appointment: { id: body.id, status: 'scheduled', start, reference: 'b-1' },
    });
  });

  test('the provider never takes more visits at once than it can', async () => {
    const references = ['b-1', 'b-2', 'b-3', 'b-4', 'b-5'];
    const made = await Promise.all(references.map((reference) => request(reference)));
    await Promise.all(made.map(({ body }) => simulate(body.id, { status: 'scheduled' }, 'phlebfinders')));
    const starts = (await held('phlebfinders')).map(({ start }) => start).toSorted();
    expect(starts.map((start) => DateTime.fromISO(start ?? '', { zone: 'America/Chicago' }).hour)).toEqual([
      9, 9, 10, 10, 11,
    ]);
  });

  test('the provider can pencil a time in, settle it, and move it', async () => {
    const { id } = (await request('b-1')).body;
    const day = localDay('America/Chicago', 3);
    const at = (time: string) => DateTime.fromISO(`${day}T${time}`, { zone: 'America/Chicago' }).toUTC().toISO();
    await simulate(id, { status: 'reserved', start: at('10:00') }, 'phlebfinders');
    await simulate(id, { status: 'scheduled' }, 'phlebfinders');
    await simulate(id, { status: 'scheduled', start: at('13:15') }, 'phlebfinders');
    await until(() => receiver.taken.length === 3);
    expect(receiver.taken.map(({ appointment, data }) => [appointment.status, appointment.start, data])).toEqual([
      ['reserved', at('10:00'), { origin: 'provider' }],
      ['scheduled', at('10:00'), { origin: 'provider' }],
      ['scheduled', at('13:15'), { origin: 'provider', is_reschedule: true }],
    ]);
  });

  test('each provider works its own way only', async () => {
    const { booking_key } = await slot();
    expect(refusal(await call('POST', '/phlebotomy/getlabs/v1/appointment-requests', visitOf('b-1')))).toEqual([
      422,
      'not_served',
    ]);
    const booking = visitOf('b-1', { booking_key, address: ONALASKA });
    expect(refusal(await call('POST', '/phlebotomy/phlebfinders/v1/appointments', booking))).toEqual([
      422,
      'not_served',
    ]);
    const question = { address: ONALASKA };
    expect(refusal(await call('POST', '/phlebotomy/phlebfinders/v1/availability', question))).toEqual([
      422,
      'not_served',
    ]);
  });
});

describe('moving and cancelling', () => {
  test('B1, B2: every notes text the provider was given is kept in order, and the last ones stand', async () => {
    const { id } = (await book('b-1', await slot())).body;
    const move = async (nth: number, notes: object) =>
      reschedule(id, { booking_key: (await slot('30', nth)).booking_key, ...notes });
    const moved = await move(1, { access_notes: 'gate code 4712', appointment_notes: 'right arm' });
    expect(moved.body).toMatchObject({ access_notes: 'gate code 4712', appointment_notes: 'right arm' });
    const again = await move(2, { access_notes: 'gate code 4712', appointment_notes: null });
    expect(again.body).toMatchObject({ access_notes: 'gate code 4712', appointment_notes: 'right arm' });
    expect((await look(id)).notes).toMatchObject([
      { call: 'booking', access_notes: 'gate code 4711', appointment_notes: 'left arm' },
      { call: 'reschedule', access_notes: 'gate code 4712', appointment_notes: 'right arm' },
      { call: 'reschedule', access_notes: 'gate code 4712', appointment_notes: null },
    ]);
    await reopen();
    expect((await look(id)).notes).toHaveLength(3);
  });

  test('a visit that moves gives its slot back, and a full slot cannot be moved to', async () => {
    const [first, second] = [await slot('30', 0), await slot('30', 1)];
    const { body } = await book('b-1', first);
    const other = (await book('b-2', second)).body;
    expect(refusal(await reschedule(body.id, second))).toEqual([409, 'slot_taken']);
    await cancel(other.id);
    const moved = await reschedule(body.id, second);
    expect(moved.body).toMatchObject({ id: body.id, status: 'scheduled', start: second.start });
    expect(moved.body.updated_at > body.updated_at).toBe(true);
    const free = (await slots()).map(({ start }) => start);
    expect([free.includes(first.start), free.includes(second.start)]).toEqual([true, false]);
  });

  test('what has no time, is under way or over cannot be moved', async () => {
    const pending = (await request('b-1')).body;
    const target = `/phlebotomy/phlebfinders/v1/appointments/${pending.id}`;
    expect(refusal(await call('PATCH', target, { booking_key: 'x' }))).toEqual([409, 'not_reschedulable']);
    const { id } = (await book('b-1', await slot())).body;
    for (const status of ['in_progress', 'completed']) {
      await simulate(id, { status });
      expect(refusal(await reschedule(id, await slot()))).toEqual([409, 'not_reschedulable']);
    }
    expect(refusal(await reschedule(randomUUID(), await slot()))).toEqual([404, 'not_found']);
  });

  test('F7: a cancellation frees the slot, and again is the same answer; under way it is too late', async () => {
    const chosen = await slot();
    const { id } = (await book('b-1', chosen)).body;
    const first = await cancel(id);
    expect([first.status, first.body.status]).toEqual([200, 'cancelled']);
    expect(await cancel(id)).toEqual(first);
    expect((await look(id)) as object).toMatchObject({ cancellation: { reason: 'other', notes: null } });
    const next = (await book('b-2', chosen)).body;
    await simulate(next.id, { status: 'in_progress' });
    expect(refusal(await cancel(next.id))).toEqual([409, 'too_late']);
    expect(receiver.statuses).not.toContain('cancelled');
  });
});

describe('simulation', () => {
  test('F6: a walk takes every step on the way, with an event each, in order', async () => {
    const { id } = (await request('b-1')).body;
    const { body } = await simulate(id, { status: 'completed' }, 'phlebfinders');
    expect(body.planned).toEqual(['scheduled', 'in_progress', 'completed']);
    await until(() => receiver.taken.length === 3);
    expect(receiver.statuses).toEqual(['scheduled', 'in_progress', 'completed']);
    const times = receiver.taken.map(({ occurred_at }) => occurred_at);
    expect(times).toEqual([...new Set(times)].toSorted());
    expect(receiver.taken.map(({ appointment }) => appointment.updated_at)).toEqual(times);
    expect((await simulate(id, { status: 'completed' }, 'phlebfinders')).body.planned).toEqual([]);
    expect(refusal(await simulate(id, { status: 'scheduled' }, 'phlebfinders'))).toEqual([409, 'too_late']);
    expect(refusal(await simulate(id, { status: 'cancelled' }, 'phlebfinders'))).toEqual([409, 'too_late']);
  });

  test('F6: delay_seconds lies between the steps, and a cancellation ends the walk', async () => {
    const { id } = (await book('b-1', await slot())).body;
    await confirmation('getlabs', { answer: 'reserved' });
    const slow = (await book('b-2', await slot())).body;
    await simulate(id, { status: 'completed', delay_seconds: 0.05 });
    const { appointment } = (await simulate(slow.id, { status: 'completed', delay_seconds: 3600 })).body;
    expect(appointment).toMatchObject({ status: 'scheduled', steps: [{ status: 'in_progress' }, {}] });
    await until(async () => (await look(id)).status === 'completed');
    expect(await cancel(slow.id)).toMatchObject({ body: { status: 'cancelled' } });
    expect(await look(slow.id)).toMatchObject({ status: 'cancelled', steps: [] });
  });

  test('the provider can cancel, which frees the slot', async () => {
    const chosen = await slot();
    const { id } = (await book('b-1', chosen)).body;
    await simulate(id, { status: 'cancelled' });
    await until(() => receiver.statuses.includes('cancelled'));
    expect((await slots()).map(({ start }) => start)).toContain(chosen.start);
  });

  test('steps that were to come are taken after a restart', async () => {
    const { id } = (await book('b-1', await slot())).body;
    await simulate(id, { status: 'completed', delay_seconds: 0.2 });
    await reopen();
    await until(() => receiver.taken.length === 2);
    expect(receiver.statuses).toEqual(['in_progress', 'completed']);
  });
});

describe('events', () => {
  test('an event is sent again under the same id until it is taken', async () => {
    receiver.answers = [503, 500, 401];
    const { id } = (await book('b-1', await slot())).body;
    await simulate(id, { status: 'in_progress' });
    await until(async () => (await look(id)).events.every((event) => event.delivered_at !== null));
    expect(receiver.deliveries).toHaveLength(4);
    expect(new Set(receiver.deliveries).size).toBe(1);
    expect((await look(id)).events).toMatchObject([{ id: receiver.deliveries[0], attempts: 4 }]);
  });

  test('events that were not taken go out after a restart, those that were do not', async () => {
    const { id } = (await book('b-1', await slot())).body;
    await simulate(id, { status: 'in_progress' });
    await until(async () => (await look(id)).events.every((event) => event.delivered_at !== null));
    await receiver.close();
    await simulate(id, { status: 'completed' });
    await reopen();
    await receiver.open();
    await until(() => receiver.taken.length === 2);
    expect(receiver.statuses).toEqual(['in_progress', 'completed']);
    expect(new Set(receiver.deliveries).size).toBe(2);
  });

  test('on demand an event comes twice', async () => {
    await fault({ mode: 'duplicate', times: 1 });
    const { id } = (await book('b-1', await slot())).body;
    await simulate(id, { status: 'completed' });
    await until(() => receiver.taken.length === 3);
    expect(receiver.statuses).toEqual(['in_progress', 'in_progress', 'completed']);
    expect(receiver.taken[0]?.id).toBe(receiver.taken[1]?.id);
  });

  test('on demand events come in the wrong order, told by occurred_at', async () => {
    await fault({ provider: 'phlebfinders', mode: 'reorder' });
    const { id } = (await request('b-1')).body;
    await simulate(id, { status: 'completed', delay_seconds: 0.02 }, 'phlebfinders');
    await until(() => receiver.taken.length === 3);
    expect(receiver.statuses).toEqual(['completed', 'in_progress', 'scheduled']);
    const times = receiver.taken.map(({ occurred_at }) => occurred_at);
    expect(times.toSorted().toReversed()).toEqual(times);
  });
});

describe('trouble on demand', () => {
  test('down: no answer and nothing done', async () => {
    const chosen = await slot();
    await fault({ mode: 'down', times: 1 });
    await expect(book('b-1', chosen)).rejects.toThrow();
    expect(await held()).toEqual([]);
    expect((await book('b-1', chosen)).status).toBe(201);
  });

  test('F10: down after it was done: the same again finds what was booked', async () => {
    const chosen = await slot();
    await fault({ mode: 'down', times: 1, after_accept: true });
    await expect(book('b-1', chosen, {}, 'key-1')).rejects.toThrow();
    const found = await find('b-1');
    expect(await book('b-1', chosen, {}, 'key-1')).toEqual({ status: 201, body: found.body });
    expect(await held()).toHaveLength(1);
  });

  test('error, nonsense and slot_taken are answered without a deed, and only where they were asked for', async () => {
    const chosen = await slot();
    await fault({ mode: 'error', calls: ['book'] });
    expect((await slots()).length).toBeGreaterThan(0);
    expect((await book('b-1', chosen)).status).toBe(500);
    await fault({ mode: 'nonsense' });
    await expect(book('b-1', chosen)).rejects.toThrow('not valid JSON');
    await fault({ mode: 'slot_taken' });
    expect((await slots()).length).toBeGreaterThan(0);
    expect(refusal(await book('b-1', chosen))).toEqual([409, 'slot_taken']);
    await fault({ mode: 'ok' });
    expect(await held()).toEqual([]);
    expect((await book('b-1', chosen)).status).toBe(201);
  });

  test('slow: the answer comes after the caller gave up, and the deed is done', async () => {
    const chosen = await slot();
    await fault({ mode: 'slow', delay_ms: 3_600_000, times: 1, after_accept: true });
    const given = new AbortController();
    const asked = fetch(`${base}/phlebotomy/getlabs/v1/appointments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', 'idempotency-key': 'key-1' },
      body: JSON.stringify(visitOf('b-1', { booking_key: chosen.booking_key })),
      signal: given.signal,
    });
    await until(async () => (await held()).length === 1);
    given.abort();
    await expect(asked).rejects.toThrow();
    expect((await book('b-1', chosen, {}, 'key-1')).status).toBe(201);
    expect(await held()).toHaveLength(1);
  });

  test('troubles that do not exist, or of providers that do not, are refused', async () => {
    expect(refusal(await fault({ mode: 'mood' }))).toEqual([400, 'invalid_request']);
    expect(refusal(await fault({ provider: 'nobody', mode: 'down' }))).toEqual([404, 'not_found']);
    expect(refusal(await fault({ mode: 'slot_taken', after_accept: true }))).toEqual([400, 'invalid_request']);
  });
});

describe('the journal', () => {
  test('a line that a crash cut off is dropped', async () => {
    await book('b-1', await slot());
    const before = await held();
    await sandbox.close();
    await appendFile(path.join(dataDir, 'phlebotomy', 'journal.jsonl'), '{"at":"2026-');
    await open();
    expect(await held()).toEqual(before);
  });

  describe('of a process of its own', () => {
    const MAIN = path.join(import.meta.dirname, '../../sandbox/main.ts');
    let child: ChildProcess | undefined;

    async function start(): Promise<void> {
      child = spawn(process.execPath, [MAIN], {
        env: {
          PATH: process.env.PATH ?? '',
          SANDBOX_PORT: '0',
          SANDBOX_DATA_DIR: dataDir,
          SANDBOX_PHLEBOTOMY_KEY: KEY,
          SANDBOX_PHLEBOTOMY_SECRET: SECRET,
          SANDBOX_PHLEBOTOMY_EVENTS_URL: receiver.url,
        },
      });
      if (!child.stdout) throw new Error('no standard output');
      for await (const line of createInterface({ input: child.stdout })) {
        const { msg, url } = JSON.parse(line);
        if (msg !== 'ready') continue;
        base = url;
        return;
      }
      throw new Error('it ended before it was ready');
    }

    async function kill(): Promise<void> {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }

    afterEach(kill);

    test('kill -9 in the middle of bookings loses nothing that was answered, and the event goes out', async () => {
      await sandbox.close();
      await start();
      await receiver.close();
      const { id } = (await book('b-0', await slot('30', 9))).body;
      await simulate(id, { status: 'in_progress' });
      const offers = [...(await slots()), ...(await slots())].slice(0, 60);
      const answers: Answer[] = [];
      const bookings = offers.map(async (offer, index) => answers.push(await book(`b-${index + 1}`, offer)));
      await Promise.any(bookings);
      await kill();
      await Promise.allSettled(bookings);

      await receiver.open();
      await start();
      // Each time is offered twice, and not all can be had twice.
      const granted = answers.filter(({ body }) => body.error !== 'slot_taken');
      expect(granted.length).toBeGreaterThan(0);
      for (const { body } of granted) expect((await find(body.reference)).body).toEqual(body);
      const starts = (await held()).map((appointment) => appointment.start ?? '');
      for (const start of starts) {
        const capacity = start.slice(14, 16) === '00' ? 2 : 1;
        expect(starts.filter((other) => other === start).length).toBeLessThanOrEqual(capacity);
      }
      await until(() => receiver.taken.length === 1);
      expect(receiver.taken[0]?.appointment).toMatchObject({ id, status: 'in_progress' });
    });
  });
});
