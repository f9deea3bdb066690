/**
 * C2, F7: a journey that finds something recorded that it did not know decides everything again, so that an order that
 * was canceled by an attempt that died keeps no visit. What such an attempt wrote is written here, while no worker runs.
 */
import { randomUUID } from 'node:crypto';
import type { Appointment } from '../../../domain/appointments/appointment.ts';
import type { OfferedSlot } from '../../../domain/appointments/appointment-command.ts';
import { NOTHING_MORE, type ProposedEvent } from '../../../domain/orders/order.ts';
import { PROVIDERS } from '../../../partners/phlebotomy/registry.ts';
import { recordAppointment } from '../../../store/appointments/record-appointment.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import { findPhlebotomyConnection } from '../../../store/connections/phlebotomy-connections.ts';
import { recordEvent } from '../../../store/orders/record-event.ts';
import { AppointmentRefused } from '../../../temporal/journeys.ts';
import { atHome } from '../../support/at-home.ts';
import { labMessage } from '../../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';

const lab = 'labcorp';
/** What was handed to the worker that stops is found to be lost soon. */
const SOON = { partner_call: 3_000 };

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterEach(async () => {
  await venule.fault({ lab, mode: 'ok' });
  await venule.startWorker();
});
afterAll(() => venule.close());

const { slots, order, book, held, heldFor, now, statuses } = atHome(() => venule);
const appointment = async ({ id }: Pick<Appointment, 'id'>) =>
  collectionOf(venule.store.appointments).findOne({ _id: id });
const isFree = async (orderId: string) => !(await venule.store.appointmentClaims.exists({ order_id: orderId }));

/** Writes the next event of an order, as an attempt does that dies before its journey hears of it. */
async function write(document: OrderDocument, event: Pick<ProposedEvent, 'status'> & Partial<ProposedEvent>) {
  const { events } = await now(document.order);
  await recordEvent(venule.store, venule.catalogue, {
    order_id: document._id,
    number: events.length + 1,
    ...NOTHING_MORE,
    ...event,
  });
}
const writeCancellation = (document: OrderDocument) =>
  write(document, { status: 'cancelled', reason: 'Canceled on request.' });

test('C2, F7: an order that turns out to be canceled is refused the booking that came right after, and keeps no visit', async () => {
  const document = await order({}, SOON);
  const [slot] = await slots();
  await venule.stopWorker();
  await writeCancellation(document);
  const id = randomUUID();
  const answers = Promise.allSettled([venule.journeys.cancel(document), book(document, slot, { id })]);
  await venule.startWorker();

  const [cancelled, booked] = await answers;
  expect(cancelled.status).toBe('fulfilled');
  expect(booked).toMatchObject({ status: 'rejected', reason: expect.any(AppointmentRefused) });
  await venule.ended(document.order);
  expect((await held()).find(({ reference }) => reference === id)?.status ?? 'cancelled').toBe('cancelled');
  expect(await appointment({ id })).toBeNull();
  expect(await isFree(document._id)).toBe(true);
  expect(statuses(await now(document.order))).toEqual(['ordered', 'requisition_created', 'cancelled']);
}, 120_000);

test.each(['reschedule', 'cancel'] as const)(
  'C2, F7: an order that turns out to be canceled keeps no visit beside a %s of it',
  async (kind) => {
    const document = await order({}, SOON);
    const [slot, another] = await slots();
    const booked = await book(document, slot);
    await venule.stopWorker();
    await writeCancellation(document);
    const command =
      kind === 'cancel'
        ? ({ kind, reason: 'Other', notes: null } as const)
        : ({ kind, slot: another as OfferedSlot, appointment_notes: null } as const);
    const answer = venule.journeys.appointment(document, command).then(
      ({ status }) => status,
      (refusal: unknown) => refusal,
    );
    await venule.startWorker();
    if (kind === 'cancel') expect(await answer).toBe('cancelled');
    else expect(await answer).toBeInstanceOf(AppointmentRefused);
    await venule.ended(document.order);
    expect(await heldFor(booked)).toMatchObject({ status: 'cancelled' });
    expect(await appointment(booked)).toMatchObject({ status: 'cancelled' });
    expect(await isFree(document._id)).toBe(true);
  },
  120_000,
);

test('F7: a visit that turns out to be recorded is canceled with its order', async () => {
  const document = await order({}, SOON);
  const [slot] = await slots();
  if (!slot) throw new Error('No slot was offered');
  await venule.stopWorker();
  const id = await bookedBehindTheJourney(document, slot);
  const cancelled = venule.journeys.cancel(document);
  await venule.startWorker();
  await cancelled;
  await venule.ended(document.order);
  expect(await heldFor({ id })).toMatchObject({ status: 'cancelled' });
  expect(await appointment({ id })).toMatchObject({ status: 'cancelled' });
  expect(statuses(await now(document.order)).slice(-2)).toEqual(['appointment_scheduled', 'cancelled']);
}, 120_000);

/** A visit that the provider and the database have, and the order’s journey has not. */
async function bookedBehindTheJourney(document: OrderDocument, slot: OfferedSlot): Promise<string> {
  const id = randomUUID();
  const connection = await findPhlebotomyConnection(venule.store, 'getlabs', 'sandbox');
  if (!connection) throw new Error('No connection');
  const made = await PROVIDERS.getlabs.adapter.book(
    {
      reference: id,
      patient: document.order.patient,
      address: slot.address,
      access_notes: null,
      appointment_notes: null,
      requisition_number: document.placer_order_number,
      tests: [],
      booking_key: slot.booking_key,
    },
    { ...connection, timeoutMs: 5_000 },
    new AbortController().signal,
  );
  const at = new Date().toISOString();
  const { transaction_id, team_id, user_id } = document;
  await recordAppointment(venule.store, venule.catalogue, {
    order_id: document._id,
    order_event_number: document.events.length + 1,
    order_statuses: ['appointment_pending', 'appointment_scheduled'],
    appointment: {
      ...{ id, order_id: document._id, transaction_id, team_id, user_id, provider: 'getlabs', type: 'phlebotomy' },
      ...{ status: 'scheduled', start_at: made.start, end_at: made.end, time_zone: made.time_zone },
      ...{ address: slot.address, location: slot.location, appointment_notes: null, external_id: made.number },
      ...{ provider_appointment_id: made.id, site_code: null, can_reschedule: true },
      events: [{ number: 1, status: 'scheduled', created_at: at, occurred_at: at, data: null }],
    },
  });
  return id;
}

test('F7: an early visit is canceled with an order that turns out to be canceled just after its requisition', async () => {
  await venule.fault({ lab, mode: 'down' });
  const options = { early_booking_enabled: true };
  const { id } = await venule.place({ labTest: 'labcorp-lipid-panel-at-home', options }, SOON);
  const document = await venule.reaches(id, 'ordered');
  const [slot] = await slots();
  const booked = await book(document, slot);
  await venule.stopWorker();
  await write(document, { status: 'requisition_created' });
  await writeCancellation(document);
  await venule.fault({ lab, mode: 'ok' });
  await venule.startWorker();
  await venule.ended(document.order);
  expect(await heldFor(booked)).toMatchObject({ status: 'cancelled' });
  expect(await appointment(booked)).toMatchObject({ status: 'cancelled' });
}, 120_000);

test('F4: an order that turns out to have its requisition goes on, though its checks would fail by now', async () => {
  await venule.stopWorker();
  const placed = await venule.place({ icd_codes: ['nonsense'] }, SOON);
  const document = await venule.reaches(placed.id, 'ordered');
  await write(document, { status: 'requisition_created' });
  await venule.startWorker();
  await venule.deliver(lab, labMessage(venule.catalogue, placed));
  await venule.ended(placed);
  expect(statuses(await now(placed))).toEqual(['ordered', 'requisition_created', 'completed']);
}, 120_000);
