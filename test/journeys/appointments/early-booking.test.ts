/** Appointments before the requisition, for teams that have switched them on: held in reserve until the laboratory has the order. */
import { randomUUID } from 'node:crypto';
import { JunctionClient } from '@junction-api/sdk';
import type { Appointment } from '../../../domain/appointments/appointment.ts';
import { createApiKey, createTeam } from '../../../store/access/teams.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import { atHome } from '../../support/at-home.ts';
import { type InProcessVenule, type OrderChanges, startVenule } from '../../support/running/in-process-venule.ts';
import { AT_HOME_TEST, orderBySdk, PHOENIX } from '../../support/sdk-order.ts';
import { until } from '../../support/until.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());
beforeEach(() => venule.fault({ lab: 'labcorp', mode: 'down' }));
afterEach(() => labAnswers());

const labAnswers = () => venule.fault({ lab: 'labcorp', mode: 'ok' });
const { slots, book, held, heldFor, now, statuses } = atHome(() => venule);

/** An order that its laboratory does not acknowledge for now. */
async function waiting(changes: OrderChanges = {}, policy: object = {}): Promise<OrderDocument> {
  const order = await venule.place(
    { labTest: 'labcorp-lipid-panel-at-home', options: { early_booking_enabled: true }, ...changes },
    { ...venule.policy, ...policy },
  );
  return venule.reaches(order.id, 'ordered');
}

const appointment = async ({ id }: Pick<Appointment, 'id'>) =>
  collectionOf(venule.store.appointments).findOne({ _id: id }) as Promise<(Appointment & { _id: string }) | null>;
const history = async (booked: Appointment) => (await appointment(booked))?.events.map(({ status }) => status);
const told = async (orderId: string) => (await venule.webhooks(orderId)).map(({ event_type }) => event_type);

test('a slot is reserved, and confirmed when the requisition is there; the order follows', async () => {
  const document = await waiting();
  const [slot] = await slots();
  const booked = await book(document, slot);
  expect(booked).toMatchObject({ status: 'reserved', start_at: slot?.start_at, can_reschedule: false });
  expect(await heldFor(booked)).toMatchObject({ status: 'scheduled' });
  expect(statuses(await now(document.order))).toEqual(['ordered']);
  await until(async () => (await told(document._id)).length === 3);

  await labAnswers();
  await venule.reaches(document._id, 'appointment_scheduled');
  expect(statuses(await now(document.order))).toEqual([
    'ordered',
    'requisition_created',
    'appointment_pending',
    'appointment_scheduled',
  ]);
  expect(await history(booked)).toEqual(['pending', 'reserved', 'scheduled']);
  expect(await appointment(booked)).toMatchObject({ can_reschedule: true, start_at: slot?.start_at });
  expect((await told(document._id)).sort()).toEqual([
    'labtest.appointment.created',
    'labtest.appointment.updated',
    'labtest.appointment.updated',
    'labtest.order.created',
    'labtest.order.updated',
    'labtest.order.updated',
    'labtest.order.updated',
  ]);
});

test('through the API, a team that has switched it on books at once; another is refused', async () => {
  const sdkOf = async (early_booking_enabled: boolean) => {
    const team = await createTeam(venule.store, {
      name: 'Northwind Health',
      environment: 'sandbox',
      options: { early_booking_enabled },
    });
    const { key: apiKey } = await createApiKey(venule.store, team, 'tests');
    return new JunctionClient({ apiKey, baseUrl: venule.api.url, maxRetries: 0 });
  };
  const bookAtOnce = async (caller: JunctionClient) => {
    const { labTests } = caller;
    const order = await orderBySdk(caller, AT_HOME_TEST);
    const { zip: zipCode, country: _, ...place } = PHOENIX;
    const offered = await labTests.getPhlebotomyAppointmentAvailability({ body: { ...place, zipCode } });
    const bookingKey = String(offered.slots[2]?.slots[0]?.bookingKey);
    return labTests.bookPhlebotomyAppointment({ orderId: order.id, body: { bookingKey } });
  };
  expect(await bookAtOnce(await sdkOf(true))).toMatchObject({ status: 'reserved', eventStatus: 'reserved' });
  await expect(bookAtOnce(await sdkOf(false))).rejects.toMatchObject({ statusCode: 400 });
});

test('a request stays pending, or is reserved when the provider has found a time', async () => {
  const address = { first_line: '11 Oak Street', second_line: null, city: 'Viroqua', state: 'WI', zip_code: '54650' };
  const request = (document: OrderDocument) =>
    venule.journeys.appointment(document, {
      kind: 'request',
      appointment_id: randomUUID(),
      provider: 'phlebfinders',
      address: { ...address, access_notes: null },
      location: { lng: -90.9, lat: 43.6 },
      appointment_notes: null,
    });
  const [undated, dated] = await Promise.all([waiting(), waiting()]);
  const [first, second] = [await request(undated), await request(dated)];
  expect([first.status, second.status]).toEqual(['pending', 'pending']);
  await venule.atProvider(`/sandbox/phlebotomy/phlebfinders/appointments/${second.provider_appointment_id}/simulate`, {
    status: 'scheduled',
  });
  await until(async () => (await appointment(second))?.status === 'reserved');

  await labAnswers();
  await venule.reaches(undated._id, 'appointment_pending');
  await venule.reaches(dated._id, 'appointment_scheduled');
  expect(await history(first)).toEqual(['pending']);
  expect(await history(second)).toEqual(['pending', 'reserved', 'scheduled']);
});

test('cancelled before the requisition, the order stays as it is', async () => {
  const document = await waiting();
  const [slot, another] = await slots();
  const booked = await book(document, slot);
  await venule.journeys.appointment(document, { kind: 'cancel', reason: 'Other', notes: null });
  expect(await heldFor(booked)).toMatchObject({ status: 'cancelled' });
  expect(statuses(await now(document.order))).toEqual(['ordered']);
  expect(await book(document, another)).toMatchObject({ status: 'reserved' });
});

test('F7: cancelling the order cancels what was reserved', async () => {
  const document = await waiting();
  const [slot] = await slots();
  const booked = await book(document, slot);
  await venule.journeys.cancel(document);
  await labAnswers();
  await venule.ended(document.order);
  expect(await heldFor(booked)).toMatchObject({ status: 'cancelled' });
  expect(await appointment(booked)).toMatchObject({ status: 'cancelled' });
});

describe('an appointment whose order gets no requisition is cancelled', () => {
  test('some hours after the order, and stays where the requisition came in time', async () => {
    const [late, inTime] = [await waiting({}, { early_booking_waits: 3_000 }), await waiting()];
    const [slot, another] = await slots();
    const [cancelled, kept] = [await book(late, slot), await book(inTime, another)];
    await until(async () => (await appointment(cancelled))?.status === 'cancelled');
    expect(await heldFor(cancelled)).toMatchObject({ status: 'cancelled' });
    expect((await appointment(cancelled))?.events.at(-1)?.data).toEqual({ origin: 'no_requisition' });
    await expect(book(late, slot)).rejects.toThrow('too late to book without one');

    await labAnswers();
    await venule.reaches(inTime._id, 'appointment_scheduled');
    await venule.reaches(late._id, 'requisition_created');
    expect((await heldFor(kept)).status).toBe('scheduled');
    expect((await book(late, (await slots())[0])).status).toBe('scheduled');
  });

  test('when the visit is near; an order that waits for its day has no other limit', async () => {
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const [slot, another] = await slots();
    const untilVisit = Date.parse(slot?.start_at ?? '') - Date.now();
    const waits = { activate_by: tomorrow.slice(0, 10), activate_at: tomorrow };
    const near = await waiting(waits, { early_booking_ends_before_visit: untilVisit - 3_000, early_booking_waits: 1 });
    const far = await waiting(waits, { early_booking_waits: 1 });
    const [cancelled, kept] = [await book(near, slot), await book(far, another)];
    await until(async () => (await appointment(cancelled))?.status === 'cancelled');
    expect((await held()).find(({ reference }) => reference === kept.id)?.status).toBe('scheduled');
    expect(await appointment(kept)).toMatchObject({ status: 'reserved' });
  });
});
