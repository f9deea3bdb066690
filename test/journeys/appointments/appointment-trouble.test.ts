/** What may go wrong between an order's journey, its appointment and the provider, beside answers that do not come. */

import { randomUUID } from 'node:crypto';
import type { Appointment, AppointmentReport } from '../../../domain/appointments/appointment.ts';
import type { OfferedSlot, ProviderEvent } from '../../../domain/appointments/appointment-command.ts';
import { NOTHING_MORE } from '../../../domain/orders/order.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import { recordEvent } from '../../../store/orders/record-event.ts';
import { atHome } from '../../support/at-home.ts';
import { inMs, nightUntil } from '../../support/nights.ts';
import { labMessage } from '../../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { until } from '../../support/until.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());
afterEach(async () => {
  await fault({ mode: 'ok' });
  await venule.fault({ lab: 'labcorp', mode: 'ok' });
  await venule.fault({ lab: 'quest', mode: 'ok' });
});

const { slots, order, book, held, heldFor, now, statuses } = atHome(() => venule);
const fault = (trouble: object) => venule.atProvider('/sandbox/phlebotomy/faults', { provider: 'getlabs', ...trouble });
const appointment = async ({ id }: Pick<Appointment, 'id'>) =>
  collectionOf(venule.store.appointments).findOne({ _id: id }) as Promise<(Appointment & { _id: string }) | null>;
const walk = (provider: string, id: string | null, to: object) =>
  venule.atProvider(`/sandbox/phlebotomy/${provider}/appointments/${id}/simulate`, to);
const cancel = (document: OrderDocument, notes: string | null = null) =>
  venule.journeys.appointment(document, { kind: 'cancel', reason: 'Other', notes });
const move = (document: OrderDocument, slot: OfferedSlot | undefined) => {
  if (!slot) throw new Error('No slot was offered');
  return venule.journeys.appointment(document, { kind: 'reschedule', slot, appointment_notes: null });
};
const HASTY = { partner_call: 600 };

/** What a provider says of an appointment, as the journey hears it. */
function said({ id, ...visit }: Appointment, changes: Partial<AppointmentReport>): ProviderEvent {
  const { start_at, end_at, time_zone, external_id, provider_appointment_id, site_code, status } = visit;
  const facts = { status, start_at, end_at, time_zone, external_id, provider_appointment_id, site_code };
  const report = { ...facts, occurred_at: new Date().toISOString(), data: null, ...changes };
  return { event_id: randomUUID(), appointment_id: id, report };
}

/** A walk-in order at Quest, booked at a service center through the API. */
async function bookedAtQuest(
  ...[changes, policy]: Parameters<InProcessVenule['place']>
): Promise<{ document: OrderDocument; booked: Appointment }> {
  const placed = await venule.place({ labTest: 'quest-lipid-panel', ...changes }, policy);
  const document = await venule.reaches(
    placed.id,
    changes?.options?.early_booking_enabled ? 'ordered' : 'requisition_created',
  );
  const times = await ask('POST', '/v3/order/psc/appointment/availability?lab=quest', {
    zip_code: '85004',
    radius: 25,
  });
  const booking_key = times.body.slots.at(-1).slots.at(-1).booking_key;
  const { status, body } = await ask('POST', `/v3/order/${placed.id}/psc/appointment/book`, { booking_key });
  expect(status).toBe(200);
  return {
    document,
    booked: (await appointment(body)) ? { ...((await appointment(body)) as Appointment), id: body.id } : body,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: an answer is read as its tests read it, field by field.
async function ask(method: string, path: string, body?: object): Promise<{ status: number; body: any }> {
  const headers = { 'x-vital-api-key': venule.api.key, 'content-type': 'application/json' };
  const answer = await fetch(`${venule.api.url}${path}`, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json().catch(() => null) };
}

test('B2: moved there and back and there again, a visit is where we say it is', async () => {
  const document = await order();
  const [first, second] = await slots();
  const booked = await book(document, first);
  for (const slot of [second, first, second]) await move(document, slot);
  expect(await appointment(booked)).toMatchObject({ start_at: second?.start_at });
  expect(await heldFor(booked)).toMatchObject({ start: second?.start_at });
});

test('C2: a booking that the provider cancelled before we found it stays cancelled, and the patient is free', async () => {
  const document = await order({}, { ...venule.policy, ...HASTY });
  const [slot, another] = await slots();
  const id = randomUUID();
  await fault({ mode: 'down', after_accept: true, calls: ['book', 'read'] });
  await expect(book(document, slot, { id })).rejects.toThrow('did not respond in time');
  await walk('getlabs', (await heldFor({ id })).id, { status: 'cancelled' });
  await fault({ mode: 'ok' });
  const refusal = await until(() =>
    book(document, slot, { id }).then(
      () => 'booked',
      ({ message }: Error) => !message.includes('not known yet') && message,
    ),
  );
  expect(refusal).toContain('canceled');
  expect(await venule.store.appointmentClaims.exists({ order_id: document._id })).toBeNull();
  expect((await book(document, another)).status).toBe('scheduled');
});

test('a journey that has lost an event to a crash hears of it from the store, and goes on from there', async () => {
  // What was handed to the worker that stops is found to be lost soon.
  const document = await order({}, { ...venule.policy, partner_call: 3_000 });
  const [slot] = await slots();
  const booked = await book(document, slot);
  await venule.reaches(document._id, 'appointment_scheduled');
  await venule.stopWorker();
  // As an attempt would have that died before it could say so.
  const { events } = await now(document.order);
  await recordEvent(venule.store, venule.catalogue, {
    order_id: document._id,
    number: events.length + 1,
    status: 'cancelled',
    ...NOTHING_MORE,
    reason: 'Canceled on request.',
  });
  await venule.journeys.appointmentReport(
    document,
    said(booked, { status: 'scheduled', start_at: slot?.end_at ?? null, end_at: booked.end_at }),
  );
  await venule.startWorker();
  await venule.ended(document.order);
  expect(await heldFor(booked)).toMatchObject({ status: 'cancelled' });
  expect(await appointment(booked)).toMatchObject({ status: 'cancelled' });
}, 120_000);

test('a provider that Venule is not connected to is refused, and others can be booked', async () => {
  const document = await order();
  const [slot] = await slots();
  if (!slot) throw new Error('No slot was offered');
  const connection = await collectionOf(venule.store.phlebotomyConnections).findOneAndDelete({
    _id: 'phlebfinders:sandbox',
  });
  const { address, location } = slot;
  const wish = {
    appointment_id: randomUUID(),
    provider: 'phlebfinders',
    address,
    location,
    appointment_notes: null,
  } as const;
  await expect(venule.journeys.appointment(document, { kind: 'request', ...wish })).rejects.toThrow('not connected');
  if (connection) await collectionOf(venule.store.phlebotomyConnections).insertOne(connection);
  expect((await book(document, slot)).status).toBe('scheduled');
});

test('C2: an overdue visit cannot be moved beside another order’s', async () => {
  const user_id = randomUUID();
  const [one, two] = await Promise.all([order({ user_id }), order({ user_id })]);
  const [first, second, third] = await slots();
  const overdue = await book(one, first);
  const start = new Date(Date.now() - 5 * 86_400_000).toISOString();
  await walk('getlabs', overdue.provider_appointment_id, { status: 'scheduled', start });
  await until(async () => Date.parse((await appointment(overdue))?.start_at ?? '') < Date.now());
  const booked = await book(two, second);
  await expect(move(one, third)).rejects.toThrow('already has an active appointment');
  const upcoming = (await held()).filter((visit) => [overdue.id, booked.id].includes(visit.reference));
  expect(upcoming.filter(({ start: at }) => Date.parse(at ?? '') > Date.now())).toHaveLength(1);
});

test('C2: what a slow provider makes of a booking after all is cancelled when it turns up', async () => {
  const document = await order({}, { ...venule.policy, partner_call: 1_000 });
  const [slot] = await slots();
  await fault({ mode: 'slow', delay_ms: 3_000, calls: ['book'] });
  const id = randomUUID();
  await expect(book(document, slot, { id })).rejects.toThrow('did not respond in time');
  await until(async () => (await held()).find(({ reference }) => reference === id)?.status === 'cancelled');
  expect(await appointment({ id })).toBeNull();
});

test('F7: a cancellation goes through in other words than one before that came to no answer', async () => {
  const document = await order({}, { ...venule.policy, partner_call: 3_000 });
  const [slot] = await slots();
  const booked = await book(document, slot);
  await fault({ mode: 'down', after_accept: true, calls: ['cancel', 'read'] });
  await expect(cancel(document, 'on holiday')).rejects.toThrow('did not respond in time');
  await venule.journeys.cancel(document);
  await fault({ mode: 'ok' });
  await venule.ended(document.order);
  expect(await heldFor(booked)).toMatchObject({ status: 'cancelled' });
  expect(await appointment(booked)).toMatchObject({ status: 'cancelled' });
});

describe('an appointment at a service center', () => {
  const address = { access_notes: 'gate code 4711' };
  const placeOf = async () => ({ ...(await venule.place({ labTest: 'quest-lipid-panel' })).address, ...address });

  test('F7: outlives its order, and can be cancelled by either side; no access notes go there', async () => {
    const [one, two] = [await bookedAtQuest({ address: await placeOf() }), await bookedAtQuest()];
    expect(one.booked.address.access_notes).toBeNull();
    for (const { document } of [one, two]) await venule.journeys.cancel(document);
    await venule.reaches(one.document._id, 'cancelled');
    await walk('quest', two.booked.provider_appointment_id, { status: 'cancelled' });
    expect(await cancel(one.document)).toMatchObject({ status: 'cancelled' });
    for (const { document, booked } of [one, two]) {
      await venule.ended(document.order);
      expect(await appointment(booked)).toMatchObject({ status: 'cancelled' });
      expect(await venule.store.appointmentClaims.exists({ order_id: document._id })).toBeNull();
    }
  });

  test('can be canceled after an engineer has canceled the workflow, and the caller is answered', async () => {
    const { document, booked } = await bookedAtQuest();
    await venule.workflow(document.order).cancel();
    await venule.reaches(document._id, 'cancelled');
    expect(await cancel(document)).toMatchObject({ id: booked.id, status: 'cancelled' });
    await venule.ended(document.order);
    expect(await appointment(booked)).toMatchObject({ status: 'cancelled' });
  });

  test('that was booked early is withdrawn with an order that never had a requisition', async () => {
    await venule.fault({ lab: 'quest', mode: 'down' });
    const { document, booked } = await bookedAtQuest({ options: { early_booking_enabled: true } });
    expect(booked.status).toBe('reserved');
    await venule.journeys.cancel(document);
    await venule.fault({ lab: 'quest', mode: 'ok' });
    await venule.ended(document.order);
    expect(await appointment(booked)).toMatchObject({ status: 'cancelled' });
  });

  test('is told of after a correction of its order, too', async () => {
    const { document, booked } = await bookedAtQuest(
      { options: { sms_enabled: true } },
      nightUntil(inMs(6 * 3_600_000)),
    );
    await venule.deliver('quest', labMessage(venule.catalogue, document.order));
    await venule.reaches(document._id, 'completed');
    const again = labMessage(venule.catalogue, document.order, { status: 'C' });
    await venule.deliver('quest', again);
    await venule.reaches(document._id, 'corrected');
    await walk('quest', booked.provider_appointment_id, { status: 'completed' });
    await until(async () => (await appointment(booked))?.status === 'completed');
  });
});

test('before the requisition, the newest of a provider’s promises holds, in whatever order they come', async () => {
  await venule.fault({ lab: 'labcorp', mode: 'down' });
  const options = { early_booking_enabled: true };
  const placed = await venule.place({ labTest: 'labcorp-lipid-panel-at-home', options });
  const document = await venule.reaches(placed.id, 'ordered');
  const [first, second, third] = await slots();
  const booked = await book(document, first);
  const promise = (slot: OfferedSlot | undefined, later: number) =>
    venule.journeys.appointmentReport(
      document,
      said(booked, {
        status: 'scheduled',
        start_at: slot?.start_at ?? null,
        end_at: slot?.end_at ?? null,
        occurred_at: new Date(Date.now() + later).toISOString(),
      }),
    );
  await promise(third, 2_000);
  await promise(second, 1_000);
  await venule.fault({ lab: 'labcorp', mode: 'ok' });
  await venule.reaches(placed.id, 'appointment_scheduled');
  expect(await appointment(booked)).toMatchObject({ status: 'scheduled', start_at: third?.start_at });
});

test('A6: a lab that is quicker than the phlebotomist’s word is heard when that has come', async () => {
  const document = await order();
  const [slot] = await slots();
  const booked = await book(document, slot);
  await venule.deliver('labcorp', labMessage(venule.catalogue, document.order));
  await until(() => venule.store.labMessages.exists({ order_id: document._id, state: 'delivered' }));
  await walk('getlabs', booked.provider_appointment_id, { status: 'completed' });
  await venule.ended(document.order);
  expect(statuses(await now(document.order)).slice(-2)).toEqual(['draw_completed', 'completed']);
});

test('a visit that the provider found the time for is not the patient’s to move', async () => {
  const document = await order();
  const place = { first_line: '11 Oak Street', second_line: null, city: 'Viroqua', state: 'WI', zip_code: '54650' };
  const requested = await venule.journeys.appointment(document, {
    kind: 'request',
    appointment_id: randomUUID(),
    provider: 'phlebfinders',
    address: { ...place, access_notes: null },
    location: { lng: -90.9, lat: 43.6 },
    appointment_notes: null,
  });
  await walk('phlebfinders', requested.provider_appointment_id, { status: 'scheduled' });
  await until(async () => (await appointment(requested))?.status === 'scheduled');
  expect(await appointment(requested)).toMatchObject({ can_reschedule: false });
});
