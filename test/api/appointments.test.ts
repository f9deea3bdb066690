/** Appointments over the API, with the sandbox providers behind it and journeys that only carry commands to them. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DateTime } from 'luxon';
import { pino } from 'pino';
import { startAppointmentDispatcher } from '../../dispatch/provider-events.ts';
import { SLOT_TAKEN } from '../../domain/appointments/appointment-refusals.ts';
import { CANCELLATION_REASONS } from '../../domain/orders/cancellation-reasons.ts';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';
import { type Sandbox, startSandbox } from '../../sandbox/lab/server.ts';
import type { SealedSlot } from '../../store/appointments/booking-keys.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { connectSandboxPhlebotomy, setPhlebotomyConnection } from '../../store/connections/phlebotomy-connections.ts';
import { listPhlebotomyEvents, listUnreadableEvents, unreadableEventBody } from '../../store/inbox/phlebotomy-inbox.ts';
import { AppointmentRefused, JourneysUnavailable } from '../../temporal/journeys.ts';
import {
  ADDRESS,
  type Caller,
  newUser,
  orderRequest,
  PATIENT,
  startTestApi,
  TEST_BOOKING_KEYS,
  type TestApi,
} from '../support/api.ts';
import { appointmentJourneys } from '../support/appointment-journeys.ts';
import { providerEvent, signedBy } from '../support/partners/provider-event.ts';
import { AT_HOME_TEST } from '../support/sdk-order.ts';
import { until } from '../support/until.ts';

const KEY = 'phlebotomy-key';
const SECRET = `whsec_${Buffer.from('a secret of the phlebotomy companies').toString('base64')}`;
const QUEST_TEST = 'c796e759-4571-4638-9252-f1a6362c8968';
const OTHER_REASON = '3a59800c-287d-4109-beff-562aec7d896e';

const PHOENIX = { firstLine: '412 West Lincoln Street', city: 'Phoenix', state: 'AZ', zipCode: '85004' };
const ONALASKA = { firstLine: '9 Oak Avenue', city: 'Onalaska', state: 'WI', zipCode: '54650' };
const wire = ({ firstLine: first_line, zipCode: zip_code, ...rest }: typeof PHOENIX) => ({
  first_line,
  zip_code,
  ...rest,
});

let api: TestApi;
let caller: Caller;
let sandbox: Sandbox;
let desk: ReturnType<typeof appointmentJourneys>;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'venule-appointments-'));
  api = await startTestApi((store) => {
    desk = appointmentJourneys(store);
    return { appointment: desk.appointment, appointmentReport: desk.appointmentReport };
  });
  sandbox = await startSandbox({
    port: 0,
    host: '127.0.0.1',
    dataDir: folder,
    resultsUrl: 'http://127.0.0.1:9/{lab}',
    user: 'lab',
    password: 'secret',
    phlebotomy: {
      key: KEY,
      secret: SECRET,
      eventsUrl: `${api.url}/partners/phlebotomy/{provider}/events`,
      backoff: { first: 20, longest: 100 },
    },
  });
  await connectSandboxPhlebotomy(api.store, { url: sandbox.url, key: KEY, secret: SECRET });
});
beforeEach(async () => {
  caller = await api.caller();
});
afterAll(async () => {
  await sandbox?.close();
  await api?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** An order in a status, with the person and address that a test wants. */
async function order(
  labTest: string,
  status: OrderLowLevelStatus = 'requisition_created',
  changes: { patient_details?: object; patient_address?: object } = {},
): Promise<string> {
  const answer = await caller.request(
    'POST',
    '/v3/order',
    orderRequest(await newUser(caller), { order_set: { lab_test_ids: [labTest] }, ...changes }),
  );
  expect(answer.status).toBe(200);
  const { order } = (await answer.json()) as { order: { id: string } };
  await collectionOf(api.store.orders).updateOne({ _id: order.id }, { $set: { last_status: status } });
  return order.id;
}
const atHome = (status?: OrderLowLevelStatus, changes?: object) => order(AT_HOME_TEST, status, changes);
const atQuest = (status?: OrderLowLevelStatus) => order(QUEST_TEST, status);

const dayIn = (days: number, zone = 'America/Phoenix') => DateTime.now().setZone(zone).plus({ days }).toISODate() ?? '';

const fourteenDaysFrom = (first: string) =>
  Array.from({ length: 14 }, (_, days) => DateTime.fromISO(first).plus({ days }).toISODate());

async function slots(address: object = PHOENIX) {
  const { slots: days } = await caller.sdk.labTests.getPhlebotomyAppointmentAvailability({
    startDate: dayIn(1),
    body: { ...PHOENIX, ...address },
  });
  return days.flatMap((day) => day.slots);
}
/** A key of a slot that nobody else in this file takes. */
let taken = 0;
async function freshKey(address: object = {}): Promise<string> {
  taken += 1;
  return String((await slots(address))[taken]?.bookingKey);
}

const book = (orderId: string, bookingKey: string, more: object = {}) =>
  caller.sdk.labTests.bookPhlebotomyAppointment({ orderId, body: { bookingKey, ...more } });
const refusedWith = (message: string | RegExp, statusCode = 400) => ({
  statusCode,
  body: expect.objectContaining({
    message: typeof message === 'string' ? message : expect.stringMatching(message),
    status_code: statusCode,
  }),
});

const steer = (path: string, body: object) =>
  fetch(`${sandbox.url}/sandbox/phlebotomy${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const fault = (provider: string, mode: string, more: object = {}) => steer('/faults', { provider, mode, ...more });
async function atProvider(provider: string, id: string) {
  const answer = await fetch(`${sandbox.url}/sandbox/phlebotomy/${provider}/appointments/${id}`, {
    headers: { authorization: `Bearer ${KEY}` },
  });
  return (await answer.json()) as { notes: { access_notes: string; appointment_notes: string }[]; status: string };
}

describe('times at a patient’s address', () => {
  test('6.8: fourteen days by name, from today or whichever day is asked for, with or without a slot', async () => {
    for (const startDate of [undefined, dayIn(1), dayIn(9), dayIn(90)]) {
      const answer = await caller.sdk.labTests.getPhlebotomyAppointmentAvailability({
        ...(startDate && { startDate }),
        body: PHOENIX,
      });
      expect(answer.slots.map(({ date }) => date)).toEqual(fourteenDaysFrom(startDate ?? dayIn(0)));
    }
  });

  test('in the zone of the address, with keys that expire', async () => {
    const answer = await caller.sdk.labTests.getPhlebotomyAppointmentAvailability({
      startDate: dayIn(1),
      body: PHOENIX,
    });
    expect(answer.timezone).toBe('America/Phoenix');
    for (const { date, slots: ofDay, location } of answer.slots) {
      expect(location).toBeFalsy();
      for (const slot of ofDay) {
        expect(DateTime.fromJSDate(slot.start).setZone('America/Phoenix').toISODate()).toBe(date);
        expect(slot).toMatchObject({ price: 3500, numAppointmentsAvailable: expect.any(Number) });
        expect(slot.bookingKey).toMatch(/^[\w-]{100,2000}$/);
        expect(slot.expiresAt?.getTime()).toBeGreaterThan(Date.now());
      }
    }
    expect((answer as { warnings?: string[] }).warnings).toEqual([]);
  });

  test('C3: nobody comes outside of the area, and there are no slots', async () => {
    const answer = await caller.sdk.labTests.getPhlebotomyAppointmentAvailability({ body: ONALASKA });
    expect(answer).toMatchObject({ slots: [], timezone: null });
  });

  test.each([
    ['PO Box 12', /PO box/],
    ['West Lincoln Street', /no street number/],
  ])('C3: %s is refused with the reason', async (firstLine, reason) => {
    await expect(slots({ firstLine })).rejects.toMatchObject(refusedWith(reason));
  });

  test('C3: a unit that seems to be missing is a warning, with the slots', async () => {
    const answer = await caller.sdk.labTests.getPhlebotomyAppointmentAvailability({
      body: { ...PHOENIX, secondLine: 'Lincoln Towers' },
    });
    expect(answer.slots.length).toBeGreaterThan(0);
    expect((answer as { warnings?: string[] }).warnings).toEqual([expect.stringContaining('add the unit')]);
    const withUnit = await caller.sdk.labTests.getPhlebotomyAppointmentAvailability({
      body: { ...PHOENIX, secondLine: 'Lincoln Towers', unit: 'Apt 4' },
    });
    expect((withUnit as { warnings?: string[] }).warnings).toEqual([]);
  });

  test('a day that is past is refused', async () => {
    await expect(
      caller.sdk.labTests.getPhlebotomyAppointmentAvailability({ startDate: dayIn(-2), body: PHOENIX }),
    ).rejects.toMatchObject(refusedWith('start_date must be greater or equal than the current date'));
  });

  test('6.3: a day that is years away is refused, as no calendar may have it', async () => {
    const ask = (startDate: string) =>
      caller.sdk.labTests.getPhlebotomyAppointmentAvailability({ startDate, body: PHOENIX });
    expect((await ask(dayIn(730))).slots.map(({ date }) => date)).toEqual(fourteenDaysFrom(dayIn(730)));
    for (const day of [dayIn(733), '9999-12-31']) {
      await expect(ask(day)).rejects.toMatchObject(refusedWith('start_date must be within 731 days'));
    }
  });

  test.each(['down', 'error', 'nonsense'])('a provider that is %s is 503 with Retry-After', async (mode) => {
    await fault('getlabs', mode, { calls: ['availability'], times: 1 });
    const answer = await caller.request('POST', '/v3/order/phlebotomy/appointment/availability', wire(PHOENIX));
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    await fault('getlabs', 'ok');
  });

  test('a team whose environment has no provider has no slots', async () => {
    caller = await api.caller({ environment: 'production' });
    expect(await slots()).toEqual([]);
  });
});

describe('a phlebotomy appointment', () => {
  test('is booked, read, moved and cancelled through the SDK (B1, B2)', async () => {
    const orderId = await atHome('requisition_created', {
      patient_address: { ...ADDRESS, access_notes: 'Gate code 4411' },
    });
    await expect(caller.sdk.labTests.getPhlebotomyAppointment({ orderId })).rejects.toMatchObject(
      refusedWith('The order has no active appointment.', 404),
    );
    const booked = await book(orderId, await freshKey(), { appointmentNotes: 'left arm' });
    expect(booked).toMatchObject({
      orderId,
      orderTransactionId: expect.any(String),
      type: 'phlebotomy',
      provider: 'getlabs',
      status: 'confirmed',
      eventStatus: 'scheduled',
      events: [{ status: 'scheduled', createdAt: expect.any(Date) }],
      canReschedule: true,
      ianaTimezone: 'America/Phoenix',
      appointmentNotes: 'left arm',
      address: { firstLine: '412 West Lincoln Street', zipCode: '85004', accessNotes: 'Gate code 4411' },
      externalId: expect.stringMatching(/^GL-/),
    });
    expect(booked.location.lat).toBeCloseTo(33.45, 1);
    expect(booked.location.lng).toBeCloseTo(-112.07, 1);
    expect(await caller.sdk.labTests.getPhlebotomyAppointment({ orderId })).toEqual(booked);

    const moved = await caller.sdk.labTests.reschedulePhlebotomyAppointment({
      orderId,
      body: { bookingKey: await freshKey({ accessNotes: 'Side door' }), appointmentNotes: 'right arm' },
    });
    expect(moved).toMatchObject({ id: booked.id, appointmentNotes: 'right arm', status: 'confirmed' });
    expect(moved.startAt).not.toEqual(booked.startAt);
    expect((await atProvider('getlabs', booked.providerId)).notes).toMatchObject([
      { access_notes: 'Gate code 4411', appointment_notes: 'left arm' },
      { access_notes: 'Side door', appointment_notes: 'right arm' },
    ]);

    const reasons = await caller.sdk.labTests.getPhlebotomyAppointmentCancellationReason();
    expect(reasons).toHaveLength(11);
    const cancelled = await caller.sdk.labTests.cancelPhlebotomyAppointment({
      orderId,
      cancellationReasonId: String(reasons[0]?.id),
      notes: 'on holiday',
    });
    expect(cancelled).toMatchObject({ id: booked.id, status: 'cancelled', eventStatus: 'cancelled' });
    expect((await atProvider('getlabs', booked.providerId)).status).toBe('cancelled');
    await expect(caller.sdk.labTests.getPhlebotomyAppointment({ orderId })).rejects.toMatchObject({ statusCode: 404 });
  });

  test('C3: access notes given with the address go before the order’s', async () => {
    const orderId = await atHome('requisition_created', {
      patient_address: { ...ADDRESS, access_notes: 'Gate code 4411' },
    });
    const { address } = await book(orderId, await freshKey({ accessNotes: 'Blue door' }));
    expect(address.accessNotes).toBe('Blue door');
  });

  test('C3: an appointment moves to times of its own address only', async () => {
    const orderId = await atHome();
    await book(orderId, await freshKey());
    const elsewhere = await freshKey({ firstLine: '500 West Lincoln Street' });
    await expect(
      caller.sdk.labTests.reschedulePhlebotomyAppointment({ orderId, body: { bookingKey: elsewhere } }),
    ).rejects.toMatchObject(refusedWith(/different address/));
    const sameWrittenOtherwise = await freshKey({ firstLine: '412 west lincoln street', zipCode: '85004-1234' });
    await caller.sdk.labTests.reschedulePhlebotomyAppointment({ orderId, body: { bookingKey: sameWrittenOtherwise } });
  });

  test('C1: is for nobody who is under 18 on its day', async () => {
    const proxy = {
      first_name: 'Annabella',
      last_name: 'Byron',
      phone_number: '+16025550144',
      address: { ...ADDRESS, receiver_name: undefined },
    };
    const born = (date: string | null) => ({
      patient_details: { ...PATIENT, dob: date, medical_proxy: proxy },
    });
    caller = await api.caller();
    await collectionOf(api.store.teams).updateOne(
      { _id: caller.team._id },
      { $set: { 'options.minor_ordering_enabled': true } },
    );
    const [first] = await slots();
    if (!first) throw new Error('No slot was offered');
    const bookingKey = String(first.bookingKey);
    const day = DateTime.fromJSDate(first.start).setZone('America/Phoenix');
    const tooYoung = await atHome('requisition_created', born(day.minus({ years: 18 }).plus({ days: 1 }).toISODate()));
    await expect(book(tooYoung, bookingKey)).rejects.toMatchObject(refusedWith(/under 18/));
    const birthday = await atHome('requisition_created', born(day.minus({ years: 18 }).toISODate()));
    await expect(book(birthday, bookingKey)).resolves.toMatchObject({ status: 'confirmed' });
  });

  test.each([
    ['ordered', /no requisition yet/],
    ['cancelled', /The order is cancelled/],
    ['draw_completed', /The order is draw_completed/],
    ['completed', /The order is completed/],
    ['sample_error', /The order is sample_error/],
  ] as const)('is refused for an order that is %s', async (status, message) => {
    const orderId = await atHome(status);
    const bookingKey = await freshKey();
    const asked = desk.desk.commands.length;
    await expect(book(orderId, bookingKey)).rejects.toMatchObject(refusedWith(message));
    await expect(
      caller.sdk.labTests.requestPhlebotomyAppointment({ orderId, address: ONALASKA, provider: 'phlebfinders' }),
    ).rejects.toMatchObject(refusedWith(message));
    expect(desk.desk.commands).toHaveLength(asked);
  });

  test('is for at-home orders', async () => {
    const orderId = await atQuest();
    await expect(book(orderId, await freshKey())).rejects.toMatchObject(refusedWith(/this order is walk_in_test/));
    await expect(
      caller.sdk.labTests.cancelPhlebotomyAppointment({ orderId, cancellationReasonId: OTHER_REASON }),
    ).rejects.toMatchObject(refusedWith('The order has no appointment'));
  });

  test('a booking key is ours, the team’s own, and still good', async () => {
    const orderId = await atHome();
    await expect(book(orderId, 'slot-1')).rejects.toMatchObject(refusedWith('Invalid booking key format'));
    await expect(book(orderId, `${randomUUID()}.0`)).rejects.toMatchObject(refusedWith(/booking key does not exist/));
    const key = await freshKey();
    const tampered = `${key.slice(0, 40)}${key[40] === 'A' ? 'B' : 'A'}${key.slice(41)}`;
    await expect(book(orderId, tampered)).rejects.toMatchObject(refusedWith('Invalid booking key format'));

    const mine = caller;
    caller = await api.caller();
    const anothers = await freshKey();
    caller = mine;
    await expect(book(orderId, anothers)).rejects.toMatchObject(refusedWith('Invalid booking key format'));

    const teamId = caller.team._id;
    const slot = TEST_BOOKING_KEYS.open(teamId, key) as SealedSlot;
    const changed = (change: Partial<SealedSlot>) => TEST_BOOKING_KEYS.seal(teamId, { ...slot, ...change });
    const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
    const past = changed({ start: ago(60_000) });
    await expect(book(orderId, past)).rejects.toMatchObject(refusedWith('The appointment would start in the past'));
    const expired = changed({ expires_at: ago(1) });
    await expect(book(orderId, expired)).rejects.toMatchObject(refusedWith(/booking key has expired/));
    const forgotten = changed({ place_id: 'forgotten' });
    await expect(book(orderId, forgotten)).rejects.toMatchObject(refusedWith(/booking key does not exist/));
  });

  test('C3: however often times at a place are asked for, its address is kept once, and no slot is', async () => {
    const { availabilities, offeredPlaces } = api.store;
    caller = await api.caller();
    for (let n = 0; n < 5; n += 1) await freshKey();
    expect(await availabilities.countDocuments({ team_id: caller.team._id })).toBe(0);
    const [place, ...others] = await offeredPlaces.find({ team_id: caller.team._id }).lean();
    expect(others).toEqual([]);
    expect(Number(place?.forget_at)).toBeGreaterThan(Date.now());
  });

  test('a booking key that was handed out before keys held their slots is still good', async () => {
    const orderId = await atHome();
    const { provider, place_id, ...times } = TEST_BOOKING_KEYS.open(caller.team._id, await freshKey()) as SealedSlot;
    const place = (await api.store.offeredPlaces.findById(place_id).orFail().lean()).place;
    const id = randomUUID();
    await collectionOf(api.store.availabilities).insertOne({
      _id: id,
      team_id: caller.team._id,
      provider,
      places: [place],
      slots: [{ ...times, site_code: null }],
      created_at: new Date(),
      forget_at: new Date(Date.now() + 3_600_000),
    });
    await expect(book(orderId, `${id}.1`)).rejects.toMatchObject(refusedWith(/booking key does not exist/));
    expect(await book(orderId, `${id}.0`)).toMatchObject({ startAt: expect.anything() });
  });

  test('a slot that somebody else took is refused in the contract’s words', async () => {
    const key = await freshKey();
    await fault('getlabs', 'slot_taken', { times: 1 });
    await expect(book(await atHome(), key)).rejects.toMatchObject(refusedWith(SLOT_TAKEN));
    await fault('getlabs', 'ok');
  });

  test('a journey’s no is 400 with its words; no answer is 503 with what is known of it', async () => {
    const orderId = await atHome();
    desk.desk.trouble = new AppointmentRefused('The patient has an appointment with getlabs already');
    await expect(book(orderId, await freshKey())).rejects.toMatchObject(refusedWith(/has an appointment with getlabs/));
    desk.desk.trouble = new JourneysUnavailable('Whether it was booked is being found out');
    await expect(book(orderId, await freshKey())).rejects.toMatchObject(
      refusedWith('Whether it was booked is being found out', 503),
    );
  });

  test('nothing can be moved or cancelled that is not there, over, or not to be moved', async () => {
    const orderId = await atHome();
    const reschedule = async () =>
      caller.sdk.labTests.reschedulePhlebotomyAppointment({ orderId, body: { bookingKey: await freshKey() } });
    const cancel = (cancellationReasonId = OTHER_REASON) =>
      caller.sdk.labTests.cancelPhlebotomyAppointment({ orderId, cancellationReasonId });
    await expect(reschedule()).rejects.toMatchObject(refusedWith('The order has no appointment'));
    await expect(cancel()).rejects.toMatchObject(refusedWith('The order has no appointment'));

    const { id } = await book(orderId, await freshKey());
    await expect(cancel(randomUUID())).rejects.toMatchObject(refusedWith(/no cancellation reason/));
    await collectionOf(api.store.appointments).updateOne({ _id: id }, { $set: { can_reschedule: false } });
    await expect(reschedule()).rejects.toMatchObject(refusedWith(/cannot be rescheduled/));
    await collectionOf(api.store.appointments).updateOne({ _id: id }, { $set: { status: 'completed' } });
    await expect(reschedule()).rejects.toMatchObject(refusedWith('The appointment is completed'));
    await expect(cancel()).rejects.toMatchObject(refusedWith('The appointment is completed'));
  });

  test('another team’s order is not there', async () => {
    const orderId = await atHome();
    caller = await api.caller();
    await expect(caller.sdk.labTests.getPhlebotomyAppointment({ orderId })).rejects.toMatchObject({ statusCode: 404 });
    await expect(book(orderId, await freshKey())).rejects.toMatchObject({ statusCode: 404 });
  });
});

describe('an appointment that is requested', () => {
  const request = (orderId: string, changes: object = {}) =>
    caller.sdk.labTests.requestPhlebotomyAppointment({
      orderId,
      address: ONALASKA,
      provider: 'phlebfinders',
      ...changes,
    });

  test('is pending without a time, and cannot be moved', async () => {
    const orderId = await atHome('requisition_created', {
      patient_address: { ...ADDRESS, ...{ city: 'Onalaska', state: 'WI', zip: '54650' }, access_notes: 'Ring twice' },
    });
    const address = { ...ONALASKA, secondLine: 'Oak Towers' };
    const requested = await request(orderId, { address, appointmentNotes: 'needs a butterfly needle' });
    expect(requested).toMatchObject({
      provider: 'phlebfinders',
      status: 'pending',
      eventStatus: 'pending',
      startAt: null,
      endAt: null,
      canReschedule: false,
      appointmentNotes: 'needs a butterfly needle',
      address: { firstLine: '9 Oak Avenue', accessNotes: 'Ring twice' },
      warnings: [expect.stringContaining('add the unit')],
    });
    expect((await atProvider('phlebfinders', requested.providerId)).notes).toMatchObject([
      { access_notes: 'Ring twice', appointment_notes: 'needs a butterfly needle' },
    ]);
    await expect(
      caller.sdk.labTests.reschedulePhlebotomyAppointment({ orderId, body: { bookingKey: await freshKey() } }),
    ).rejects.toMatchObject(refusedWith(/cannot be rescheduled/));
  });

  test('a key asks once, and its answer comes with the same warnings', async () => {
    const orderId = await atHome();
    const path = `/v3/order/${orderId}/phlebotomy/appointment/request`;
    const body = { address: { ...wire(ONALASKA), second_line: 'Oak Towers' }, provider: 'phlebfinders' };
    const ask = async (headers: Record<string, string>) => {
      const answer = await caller.request('POST', path, body, headers);
      return { status: answer.status, body: (await answer.json()) as { id: string; warnings: string[] } };
    };
    const again = { 'x-idempotency-key': randomUUID() };
    desk.desk.trouble = new JourneysUnavailable('The provider did not answer');
    expect(await ask(again)).toMatchObject({ status: 503 });
    const first = await ask(again);
    expect(first).toMatchObject({ status: 200, body: { warnings: [expect.stringContaining('add the unit')] } });
    const [lost, made] = desk.desk.commands.slice(-2) as { appointment_id: string }[];
    expect([lost?.appointment_id, made?.appointment_id]).toEqual([first.body.id, first.body.id]);

    // As if we had died between making it and writing the answer down.
    const unanswered = { $set: { response: null, lease_until: new Date(0) } };
    await collectionOf(api.store.idempotency).updateOne({ 'ids.appointment_id': first.body.id }, unanswered);
    expect(await ask(again)).toEqual(first);
    expect(await ask(again)).toEqual(first);
    expect(desk.desk.commands.at(-1)).toBe(made);

    const tried = { 'x-idempotency-key': randomUUID(), 'x-idempotency-error': 'no-cache' };
    expect(await ask(tried)).toMatchObject({ status: 400 });
    await caller.sdk.labTests.cancelPhlebotomyAppointment({ orderId, cancellationReasonId: OTHER_REASON });
    expect(await ask(tried)).toMatchObject({ status: 200 });

    const { post } = api.openApi.paths['/v3/order/{order_id}/phlebotomy/appointment/request'] ?? {};
    expect(post).toMatchObject({
      parameters: expect.arrayContaining([expect.objectContaining({ in: 'header', name: 'x-idempotency-key' })]),
    });
  });

  test('goes to a provider that takes requests, at an address that can be reached, for a grown-up (C1, C3)', async () => {
    const orderId = await atHome();
    await expect(request(orderId, { provider: 'getlabs' })).rejects.toMatchObject(
      refusedWith(/does not accept requests/),
    );
    await expect(request(orderId, { provider: 'quest' })).rejects.toMatchObject(
      refusedWith(/does not accept requests/),
    );
    const poBox = { ...ONALASKA, firstLine: 'P.O. Box 7' };
    await expect(request(orderId, { address: poBox })).rejects.toMatchObject(refusedWith(/PO box/));
    await expect(request(orderId, { address: PHOENIX })).rejects.toMatchObject(refusedWith(/cannot reach/));
    const almost = DateTime.now().setZone('America/New_York').minus({ years: 18 }).plus({ days: 2 }).toISODate();
    await collectionOf(api.store.orders).updateOne({ _id: orderId }, { $set: { 'order.patient.dob': almost } });
    await expect(request(orderId)).rejects.toMatchObject(refusedWith(/under 18/));
  });
});

describe('service centers', () => {
  test('area info says who comes and where to go', async () => {
    const phoenix = await caller.sdk.labTests.getAreaInfo({ zipCode: '85004', radius: '10' });
    expect(phoenix).toMatchObject({
      zipCode: '85004',
      phlebotomy: { isServed: true, providers: [{ name: 'getlabs', serviceTypes: ['appointment-ready'] }] },
      centralLabs: {
        quest: {
          labId: 6,
          patientServiceCenters: { appointmentWithVital: true, withinRadius: 3, radius: '10' },
          supportedBillTypes: expect.arrayContaining(['client_bill']),
        },
        labcorp: { patientServiceCenters: { appointmentWithVital: false, withinRadius: 2, capabilities: [] } },
      },
    });
    const onalaska = await caller.sdk.labTests.getAreaInfo({ zipCode: '54650', lab: 'quest' });
    expect(onalaska.phlebotomy.providers).toEqual([{ name: 'phlebfinders', serviceTypes: ['appointment-request'] }]);
    expect(Object.keys(onalaska.centralLabs)).toEqual(['quest']);
    const nowhere = await caller.sdk.labTests.getAreaInfo({ zipCode: '99501', labs: ['quest', 'labcorp'] });
    expect(nowhere.phlebotomy).toEqual({ isServed: false, providers: [] });
    expect(nowhere.centralLabs.quest?.patientServiceCenters.withinRadius).toBe(0);
  });

  test('are listed around a ZIP and around an order’s patient, the nearest first', async () => {
    const near = await caller.sdk.labTests.getPscInfo({ zipCode: '85004', labId: 6 });
    expect(near).toMatchObject({ labId: 6, slug: 'quest' });
    expect(near.patientServiceCenters.map(({ siteCode }) => siteCode)).toEqual(['PHX1', 'PHX2', 'PHX3']);
    expect(near.patientServiceCenters[0]).toMatchObject({
      metadata: { name: 'Phoenix Downtown', zipCode: '85004', hours: { monday: '06:30-15:30' } },
      capabilities: ['appointment_scheduling_via_junction'],
      supportedBillTypes: expect.arrayContaining(['client_bill']),
    });
    const orderId = await atQuest();
    expect((await caller.sdk.labTests.getOrderPscInfo({ orderId })).patientServiceCenters).toEqual(
      near.patientServiceCenters,
    );
    const stat = await caller.sdk.labTests.getPscInfo({ zipCode: '85004', labId: 6, capabilities: ['stat'] });
    expect(stat.patientServiceCenters).toEqual([]);
    for (const [labId, codes] of [
      [27, ['LCPHX2', 'LCPHX1']],
      [30, ['BRPHX1']],
    ] as const) {
      const { patientServiceCenters } = await caller.sdk.labTests.getPscInfo({ zipCode: '85004', labId });
      expect(patientServiceCenters.map(({ siteCode }) => siteCode)).toEqual(codes);
      expect(patientServiceCenters.map(({ capabilities }) => capabilities)).toEqual(codes.map(() => []));
    }
    await expect(caller.sdk.labTests.getPscInfo({ zipCode: '85004', labId: 12345 })).rejects.toMatchObject({
      statusCode: 404,
    });
  });

  test('have times, by code or around a ZIP, each day at its place', async () => {
    await caller.sdk.labTests.getPscInfo({ zipCode: '85004', labId: 6 });
    const byCode = await caller.sdk.labTests.getPscAppointmentAvailability({
      lab: 'quest',
      siteCodes: ['PHX1', 'PHX2'],
      startDate: dayIn(1),
    });
    expect(byCode.timezone).toBeNull();
    expect(byCode.slots.map(({ location, date }) => [location?.code, date])).toEqual(
      ['PHX1', 'PHX2'].flatMap((code) => fourteenDaysFrom(dayIn(1)).map((date) => [code, date])),
    );
    expect(byCode.slots[0]?.location).toMatchObject({
      name: 'Phoenix Downtown',
      ianaTimezone: 'America/Phoenix',
      address: { zipCode: '85004' },
    });
    const around = await caller.sdk.labTests.getPscAppointmentAvailability({
      lab: 'quest',
      zipCode: '10001',
      radius: '25',
      allowStale: true,
    });
    expect(around.slots[0]?.location).toMatchObject({ distance: expect.any(Number), ianaTimezone: 'America/New_York' });

    const inBody = await caller.request('POST', '/v3/order/psc/appointment/availability', {
      lab: 'quest',
      zip_code: '85004',
      radius: 25,
    });
    expect(inBody.status).toBe(200);
  });

  test.each([
    ['neither place nor ZIP', {}, 400, 'site_codes or zip_code must be provided'],
    ['a ZIP without a radius', { zipCode: '85004' }, 400, 'radius must be provided when using zip_code'],
    ['four places', { siteCodes: ['A', 'B', 'C', 'D'] }, 400, 'site_codes must be less than or equal to 3'],
    ['an unknown place', { siteCodes: ['NOPE'] }, 400, 'Location with site code NOPE not found'],
    [
      'a day that is past',
      { zipCode: '85004', radius: '25', startDate: '2020-01-01' },
      400,
      'start_date must be greater or equal than the current date',
    ],
    [
      'a day that is years away',
      { zipCode: '85004', radius: '25', startDate: '9999-12-31' },
      400,
      'start_date must be within 731 days',
    ],
    [
      'a laboratory without scheduling',
      { lab: 'sonora_quest', zipCode: '85004', radius: '25' },
      400,
      /cannot be booked/,
    ],
    ['a ZIP without places', { zipCode: '99501', radius: '10' }, 404, 'No slots found for zip code'],
  ])('availability is refused for %s', async (_what, question, status, message) => {
    const ask = caller.sdk.labTests.getPscAppointmentAvailability({ lab: 'quest', ...question } as never);
    await expect(ask).rejects.toMatchObject(refusedWith(message, status));
  });

  test('have times by code though nobody has listed them yet, and are known from then on', async () => {
    const remembered = collectionOf(api.store.serviceCenters);
    await remembered.deleteMany({ code: { $in: ['NYC1', 'PHX3'] } });
    const ask = (siteCodes: string[]) =>
      caller.sdk.labTests.getPscAppointmentAvailability({ lab: 'quest', siteCodes, startDate: dayIn(1) });
    await expect(ask(['NYC1', 'NOPE'])).rejects.toMatchObject(refusedWith('Location with site code NOPE not found'));
    const { slots: days } = await ask(['NYC1', 'PHX3']);
    expect(new Set(days.map(({ location }) => location?.code))).toEqual(new Set(['NYC1', 'PHX3']));

    await fault('quest', 'error', { calls: ['locations'] });
    await expect(ask(['NYC1', 'PHX3'])).resolves.toMatchObject({ slots: days.map(({ date }) => ({ date })) });
    await expect(ask(['NOPE'])).rejects.toMatchObject({ statusCode: 503 });
    await fault('quest', 'ok');
    caller = await api.caller({ environment: 'production' });
    await expect(ask(['NYC1'])).rejects.toMatchObject({ statusCode: 503 });
  });

  test('a place that the provider has given up is no longer active', async () => {
    await collectionOf(api.store.serviceCenters).insertOne({
      _id: 'quest:sandbox:OLD1',
      provider: 'quest',
      environment: 'sandbox',
      code: 'OLD1',
      name: 'Old',
      address: {
        first_line: '1 A St',
        second_line: null,
        city: 'X',
        state: 'AZ',
        zip_code: '85004',
        access_notes: null,
      },
      location: { lng: 0, lat: 0 },
      time_zone: 'America/Phoenix',
      updated_at: new Date(),
    });
    await expect(
      caller.sdk.labTests.getPscAppointmentAvailability({ lab: 'quest', siteCodes: ['OLD1'] }),
    ).rejects.toMatchObject(refusedWith('Location with site code OLD1 is no longer active'));
  });

  test('a team that is not connected gets 503, and a laboratory has to be named', async () => {
    const empty = await caller.request('POST', '/v3/order/psc/appointment/availability');
    expect(empty.status).toBe(422);
    caller = await api.caller({ environment: 'production' });
    await expect(
      caller.sdk.labTests.getPscAppointmentAvailability({ lab: 'quest', zipCode: '85004', radius: '10' }),
    ).rejects.toMatchObject({ statusCode: 503 });
  });
});

describe('an appointment at a service center', () => {
  let next = 0;
  async function key(zipCode = '85004'): Promise<string> {
    const { slots: days } = await caller.sdk.labTests.getPscAppointmentAvailability({
      lab: 'quest',
      zipCode,
      radius: '10',
      startDate: dayIn(1),
    });
    next += 1;
    return String(days.flatMap((day) => day.slots)[next]?.bookingKey);
  }
  const bookPsc = (orderId: string, bookingKey: string, more: object = {}) =>
    caller.sdk.labTests.bookPscAppointment({ orderId, body: { bookingKey }, ...more });

  test('is booked, read, moved and cancelled through the SDK', async () => {
    const orderId = await atQuest();
    const booked = await bookPsc(orderId, await key());
    expect(booked).toMatchObject({
      type: 'patient_service_center',
      provider: 'quest',
      status: 'confirmed',
      address: { zipCode: '85004', accessNotes: null },
      location: { lng: -112.0742, lat: 33.4522 },
    });
    expect(await caller.sdk.labTests.getPscAppointment({ orderId })).toEqual(booked);
    const elsewhere = await caller.sdk.labTests.reschedulePscAppointment({
      orderId,
      body: { bookingKey: await key('10001') },
    });
    expect(elsewhere).toMatchObject({ id: booked.id, ianaTimezone: 'America/New_York' });
    const reasons = await caller.sdk.labTests.getPscAppointmentCancellationReason();
    const other = reasons.find(({ name }) => name === 'Other');
    const cancelled = await caller.sdk.labTests.cancelPscAppointment({
      orderId,
      cancellationReasonId: String(other?.id),
      note: 'no time',
    });
    expect(cancelled.status).toBe('cancelled');
    expect(desk.desk.commands.at(-1)).toEqual({ kind: 'cancel', reason: 'Other', notes: 'no time' });
  });

  test('is cancelled in snake_case too, for a reason of its own', async () => {
    const orderId = await atQuest();
    await bookPsc(orderId, await key());
    const cancel = (body: object) => caller.request('PATCH', `/v3/order/${orderId}/psc/appointment/cancel`, body);
    expect((await cancel({})).status).toBe(422);
    const atHomeOnly = CANCELLATION_REASONS.find(({ of }) => !of.includes('patient_service_center'))?.id;
    expect((await cancel({ cancellation_reason_id: atHomeOnly })).status).toBe(400);
    expect((await cancel({ cancellation_reason_id: OTHER_REASON, notes: 'x' })).status).toBe(200);
  });

  test('is for walk-in orders at a laboratory that can be booked', async () => {
    const questKey = await key();
    await expect(bookPsc(await atHome(), questKey)).rejects.toMatchObject(
      refusedWith(/this order is at_home_phlebotomy/),
    );
    const labcorp = await order('2a5374cd-ab41-42f6-8fea-e7b3f89de847');
    await expect(bookPsc(labcorp, questKey)).rejects.toMatchObject(refusedWith(/labcorp cannot be booked/));
    await expect(bookPsc(await atQuest('ordered'), questKey)).rejects.toMatchObject(refusedWith(/no requisition yet/));
    await expect(bookPsc(await atQuest(), await freshKey())).rejects.toMatchObject(refusedWith(/for getlabs/));
    await expect(book(await atHome(), questKey)).rejects.toMatchObject(refusedWith(/for quest/));
  });

  test('a key asks once: what was answered is answered again, whatever became of it', async () => {
    const orderId = await atQuest();
    const again = { idempotencyKey: randomUUID() };
    const bookingKey = await key();
    const booked = await bookPsc(orderId, bookingKey, again);
    await caller.sdk.labTests.cancelPscAppointment({ orderId, cancellationReasonId: OTHER_REASON });
    const asked = desk.desk.commands.length;
    expect(await bookPsc(orderId, bookingKey, again)).toEqual(booked);
    expect(desk.desk.commands).toHaveLength(asked);
    const claim = await collectionOf(api.store.idempotency).findOne({ 'ids.appointment_id': booked.id });
    expect(claim?.expires_at.getTime()).toBeGreaterThan(Date.now() + 13 * 24 * 3_600_000);
  });

  test.each([
    ['book', 'phlebotomy', async () => ({ booking_key: await freshKey() })],
    ['request', 'phlebotomy', async () => ({ address: wire(ONALASKA), provider: 'phlebfinders' })],
    ['book', 'psc', async () => ({ booking_key: await key() })],
  ])('6.7: another body under the key of a %s (%s) is 409, and asks nobody', async (verb, path, bodyOf) => {
    const orderId = await (path === 'psc' ? atQuest() : atHome());
    const body = await bodyOf();
    const again = { 'x-idempotency-key': randomUUID() };
    const ask = async (changes: object) => {
      const answer = await caller.request(
        'POST',
        `/v3/order/${orderId}/${path}/appointment/${verb}`,
        { ...body, ...changes },
        again,
      );
      return { status: answer.status, body: await answer.json() };
    };
    const first = await ask({});
    expect(first.status).toBe(200);
    const asked = desk.desk.commands.length;
    expect(await ask({ appointment_notes: 'left arm' })).toMatchObject({
      status: 409,
      body: { error: 'idempotency_key_reused' },
    });
    expect(desk.desk.commands).toHaveLength(asked);
    expect(await ask({})).toEqual(first);
  });

  test('a refusal is answered again unless asked otherwise; trouble of ours never is', async () => {
    const orderId = await atQuest();
    const bookingKey = await key();
    const kept = { idempotencyKey: randomUUID() };
    desk.desk.trouble = new AppointmentRefused('No');
    await expect(bookPsc(orderId, bookingKey, kept)).rejects.toMatchObject(refusedWith('No'));
    await expect(bookPsc(orderId, bookingKey, kept)).rejects.toMatchObject(refusedWith('No'));
    const tried = { idempotencyKey: randomUUID(), idempotencyError: 'no-cache' };
    desk.desk.trouble = new AppointmentRefused('No');
    await expect(bookPsc(orderId, bookingKey, tried)).rejects.toMatchObject(refusedWith('No'));
    desk.desk.trouble = new JourneysUnavailable('away');
    await expect(bookPsc(orderId, bookingKey, tried)).rejects.toMatchObject({ statusCode: 503 });
    const [refused, lost] = desk.desk.commands.slice(-2) as { appointment_id: string }[];
    const booked = await bookPsc(orderId, bookingKey, tried);
    expect(booked.id).toBe(lost?.appointment_id);
    expect(booked.id).not.toBe(refused?.appointment_id);
  });

  test('a confirmation may come later, if the caller says so and for how long', async () => {
    const bookWith = async (body: object) => {
      const orderId = await atQuest();
      await caller.sdk.labTests.bookPscAppointment({ orderId, body: { bookingKey: await key(), ...body } });
      return desk.desk.commands.at(-1);
    };
    expect(await bookWith({})).toMatchObject({ patience: null });
    expect(await bookWith({ asyncConfirmation: true })).toMatchObject({
      patience: { answered_within: 2_500, confirmed_within: 900_000 },
    });
    expect(
      await bookWith({
        asyncConfirmation: true,
        syncConfirmationTimeoutMillisecond: 1_000,
        asyncConfirmationTimeoutMillisecond: 60_000,
      }),
    ).toMatchObject({ patience: { answered_within: 1_000, confirmed_within: 60_000 } });
    await expect(bookWith({ asyncConfirmation: true, syncConfirmationTimeoutMillisecond: 999 })).rejects.toMatchObject({
      statusCode: 422,
    });
  });

  test('a slot that is gone is 400 in the sandbox and 404 in production', async () => {
    desk.desk.trouble = new AppointmentRefused(SLOT_TAKEN);
    await expect(bookPsc(await atQuest(), await key())).rejects.toMatchObject(refusedWith(SLOT_TAKEN));
    await setPhlebotomyConnection(api.store, {
      provider: 'quest',
      environment: 'production',
      url: `${sandbox.url}/phlebotomy/quest`,
      key: KEY,
      secrets: [SECRET],
    });
    caller = await api.caller({ environment: 'production' });
    desk.desk.trouble = new AppointmentRefused(SLOT_TAKEN);
    await expect(bookPsc(await atQuest(), await key())).rejects.toMatchObject(refusedWith(SLOT_TAKEN, 404));
    await collectionOf(api.store.phlebotomyConnections).deleteOne({ _id: 'quest:production' });
  });
});

describe('what phlebotomy providers tell', () => {
  const quiet = pino({ level: 'silent' });
  const send = (
    body: string | Buffer<ArrayBuffer>,
    { secret = SECRET, id = randomUUID() as string, provider = 'getlabs' } = {},
  ) =>
    fetch(`${api.url}/partners/phlebotomy/${provider}/events`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...signedBy(secret, body, { id }),
      },
      body,
    });
  const stored = (id: string) => collectionOf(api.store.phlebotomyEvents).findOne({ event_id: id });

  test('a forged event is 401 and nothing is stored', async () => {
    const forger = `whsec_${Buffer.from('another secret, nobody knows it').toString('base64')}`;
    const forged = providerEvent(randomUUID());
    expect((await send(forged, { secret: forger })).status).toBe(401);
    expect((await send(forged, { provider: 'nobody' })).status).toBe(401);
    expect((await fetch(`${api.url}/partners/phlebotomy/getlabs/events`, { method: 'POST' })).status).toBe(401);
    // Providers may still be telling of what earlier tests had them do: only these events are counted.
    const kept = { raw: { $in: [forged, ''] } };
    expect(await collectionOf(api.store.phlebotomyEvents).countDocuments(kept)).toBe(0);
    expect(await collectionOf(api.store.unreadableEvents).countDocuments(kept)).toBe(0);
  });

  test.each([
    ['nothing of an event', '{}', /^type, appointment, occurred_at$/],
    ['no JSON', 'Good morning', /^not JSON$/],
    ['a letter that is no text', providerEvent('Mu\ud800oz'), /^text that is no text$/],
    ['bytes that are no text', Buffer.from(providerEvent('Muñoz'), 'latin1'), /^text that is no text$/],
  ])('G1: a signed event with %s is 400, and kept once, as it came, for people to see', async (_, body, why) => {
    const id = randomUUID();
    for (const _again of [1, 2]) expect((await send(body, { id })).status).toBe(400);
    const listed = (await listUnreadableEvents(api.store, { provider: 'getlabs' }, 10)).filter(
      ({ event_id }) => event_id === id,
    );
    expect(listed).toMatchObject([
      { provider: 'getlabs', environment: 'sandbox', unreadable_because: expect.stringMatching(why) },
    ]);
    expect(listed[0]).not.toHaveProperty('raw');
    expect(await unreadableEventBody(api.store, listed[0]?._id ?? '')).toEqual(body);
    const another = Buffer.concat([Buffer.from(body), Buffer.from(' ')]);
    expect((await send(another, { id })).status).toBe(400);
    expect(await collectionOf(api.store.unreadableEvents).countDocuments({ event_id: id })).toBe(2);
    expect(await stored(id)).toBeNull();
  });

  test('an event is stored once, and 204', async () => {
    const id = randomUUID();
    const body = providerEvent(randomUUID());
    expect((await send(body, { id })).status).toBe(204);
    expect((await send(body, { id })).status).toBe(204);
    expect(await collectionOf(api.store.phlebotomyEvents).countDocuments({ event_id: id })).toBe(1);
    expect(await stored(id)).toMatchObject({ state: 'stored', raw: body, environment: 'sandbox', attempts: 0 });
    await collectionOf(api.store.phlebotomyEvents).deleteOne({ event_id: id });
  });

  test('the provider’s own events reach the journey of the appointment', async () => {
    const dispatcher = startAppointmentDispatcher({ store: api.store, journeys: desk, logger: quiet });
    try {
      const orderId = await atHome();
      const { id, providerId } = await book(orderId, await freshKey());
      await steer(`/getlabs/appointments/${providerId}/simulate`, { status: 'completed' });
      const said = await until(() => {
        const heard = desk.desk.said.filter(({ appointment_id }) => appointment_id === id);
        return heard.length === 2 && heard;
      });
      expect(said.map(({ report }) => report.status)).toEqual(['in_progress', 'completed']);
      await until(async () => {
        const events = await listPhlebotomyEvents(api.store, { order_id: orderId, state: 'delivered' }, 10);
        return events.length === 2;
      });

      // Found by the provider's own id where it has lost our reference.
      const event = randomUUID();
      await send(providerEvent('lost', { id: providerId }), { id: event });
      await until(async () => (await stored(event))?.state === 'delivered');
      expect(await stored(event)).toMatchObject({ appointment_id: id, order_id: orderId });
    } finally {
      await dispatcher.stop();
    }
  });

  test('an event that overtakes its appointment waits for it, and is kept when none comes; so is one whose journey is over', async () => {
    const [early, orphan, late] = [randomUUID(), randomUUID(), randomUUID()] as const;
    const orderId = await atHome();
    await book(orderId, await freshKey());
    const appointment = await collectionOf(api.store.appointments).findOne({ order_id: orderId });
    if (!appointment) throw new Error('no appointment');
    await collectionOf(api.store.appointments).deleteOne({ _id: appointment._id });
    const dispatcher = startAppointmentDispatcher({ store: api.store, journeys: desk, logger: quiet });
    try {
      await send(providerEvent(appointment._id), { id: early });
      await until(async () => ((await stored(early))?.attempts ?? 0) > 0);
      expect((await stored(early))?.state).toBe('stored');
      await collectionOf(api.store.appointments).insertOne(appointment);
      await until(async () => (await stored(early))?.state === 'delivered');

      await send(providerEvent(randomUUID(), { id: 'gl_unknown' }), { id: orphan });
      const dayBefore = new Date(Date.now() - 25 * 3_600_000);
      await collectionOf(api.store.phlebotomyEvents).updateOne(
        { event_id: orphan },
        { $set: { received_at: dayBefore } },
      );
      await until(async () => (await stored(orphan))?.state === 'kept');
      expect(await stored(orphan)).toMatchObject({ kept_because: 'no_such_appointment' });

      desk.desk.open = false;
      await send(providerEvent(appointment._id), { id: late });
      await until(async () => (await stored(late))?.state === 'kept');
      expect(await stored(late)).toMatchObject({ kept_because: 'journey_over', order_id: orderId });
      const shown = await listPhlebotomyEvents(api.store, { state: 'kept', order_id: orderId }, 10);
      expect(shown.map(({ event_id }) => event_id)).toEqual([late]);
    } finally {
      desk.desk.open = true;
      await dispatcher.stop();
    }
  });
});
