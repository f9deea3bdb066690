/** C2: a booking that came to no answer is found again by our reference, and adopted or undone; never two, never an orphan. */
import { randomUUID } from 'node:crypto';
import type { Appointment } from '../../../domain/appointments/appointment.ts';
import type { ConfirmationPatience, OfferedSlot } from '../../../domain/appointments/appointment-command.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import { atHome } from '../../support/at-home.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { until } from '../../support/until.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());
afterEach(() => fault({ mode: 'ok' }));

const { slots, order, book, held, heldFor, now, statuses } = atHome(() => venule);
const fault = (trouble: object) => venule.atProvider('/sandbox/phlebotomy/faults', { provider: 'getlabs', ...trouble });
/** The provider does what it is asked, and its answer is lost. */
const answersNothing = () => fault({ mode: 'down', after_accept: true, calls: ['book'] });
/** The provider is not reached at all. */
const isDown = () => fault({ mode: 'down', calls: ['book'] });

const HASTY = { partner_call: 600 };
const LATER: ConfirmationPatience = { answered_within: 600, confirmed_within: 60_000 };
const appointment = async ({ id }: Pick<Appointment, 'id'>) =>
  collectionOf(venule.store.appointments).findOne({ _id: id }) as Promise<(Appointment & { _id: string }) | null>;
const isFree = async (orderId: string) => !(await venule.store.appointmentClaims.exists({ order_id: orderId }));
const told = async (orderId: string) =>
  (await venule.webhooks(orderId)).map(({ event_type }) => event_type).filter((type) => type.includes('appointment'));

describe('C2: a provider answers nothing', () => {
  test('and has booked: the caller is told that nobody knows, and asking again gets the appointment', async () => {
    const document = await order({}, { ...venule.policy, ...HASTY });
    const [slot, another] = await slots();
    await answersNothing();
    await expect(book(document, slot)).rejects.toThrow('did not respond in time');
    const adopted = await until(() => collectionOf(venule.store.appointments).findOne({ order_id: document._id }));
    expect(adopted).toMatchObject({ status: 'scheduled', start_at: slot?.start_at });
    await until(async () => (await now(document.order)).last_status === 'appointment_scheduled');
    expect(await told(document._id)).toEqual(['labtest.appointment.created']);

    const again = await until(() => book(document, slot).catch(() => null));
    expect(again.id).toBe(adopted._id);
    await expect(book(document, another)).rejects.toThrow('already has an active appointment');
    expect(await heldFor(again)).toMatchObject({ status: 'scheduled' });
  });

  test('and has not booked: the patient is free again, and asking again books', async () => {
    const document = await order({}, { ...venule.policy, ...HASTY });
    const [slot] = await slots();
    await isDown();
    const id = randomUUID();
    await expect(book(document, slot, { id })).rejects.toThrow('did not respond in time');
    await fault({ mode: 'ok' });
    const booked = await until(() => book(document, slot, { id }).catch(() => null));
    expect(booked).toMatchObject({ id, status: 'scheduled' });
  });

  test('while a booking is looked for, no other is begun', async () => {
    const document = await order({}, { ...venule.policy, ...HASTY });
    const [slot, another] = await slots();
    await fault({ mode: 'down' });
    await expect(book(document, slot)).rejects.toThrow('did not respond in time');
    await expect(book(document, another)).rejects.toThrow('not known yet');
    await fault({ mode: 'ok' });
    await until(() => isFree(document._id));
    expect(await until(() => book(document, another).catch(() => null))).toMatchObject({ start_at: another?.start_at });
  });

  test('and its order is cancelled before the booking is found: it is undone', async () => {
    const document = await order({}, { ...venule.policy, ...HASTY });
    const [slot] = await slots();
    const id = randomUUID();
    await fault({ mode: 'down', after_accept: true });
    await expect(book(document, slot, { id })).rejects.toThrow('did not respond in time');
    await venule.journeys.cancel(document);
    await fault({ mode: 'ok' });
    await venule.ended(document.order);
    expect(await heldFor({ id })).toMatchObject({ status: 'cancelled' });
    expect(await appointment({ id })).toBeNull();
    expect(await isFree(document._id)).toBe(true);
  });

  test('B2: to a rescheduling, and has moved the visit: time and notes are what the provider holds', async () => {
    const document = await order({}, { ...venule.policy, ...HASTY });
    const [slot, another] = await slots();
    const booked = await book(document, slot, { notes: 'left arm' });
    await fault({ mode: 'down', after_accept: true, calls: ['reschedule'] });
    const command = { kind: 'reschedule', slot: another as OfferedSlot, appointment_notes: 'right arm' } as const;
    await expect(venule.journeys.appointment(document, command)).rejects.toThrow('did not respond in time');
    await until(async () => (await appointment(booked))?.start_at === another?.start_at);
    expect(await appointment(booked)).toMatchObject({ status: 'scheduled', appointment_notes: 'right arm' });
    expect((await heldFor(booked)).notes.at(-1)).toMatchObject({ appointment_notes: 'right arm' });
  });

  test('to a cancellation: what became of it is found out', async () => {
    const document = await order({}, { ...venule.policy, ...HASTY });
    const [slot] = await slots();
    const booked = await book(document, slot);
    await fault({ mode: 'down', after_accept: true, calls: ['cancel'] });
    const command = { kind: 'cancel', reason: 'Other', notes: null } as const;
    await expect(venule.journeys.appointment(document, command)).rejects.toThrow('did not respond in time');
    await until(async () => (await now(document.order)).last_status === 'appointment_cancelled');
    expect(await appointment(booked)).toMatchObject({ status: 'cancelled' });
    expect(await isFree(document._id)).toBe(true);
  });
});

describe('a booking that may be confirmed later', () => {
  test('is pending until the provider answers, and scheduled then', async () => {
    const document = await order();
    const [slot] = await slots();
    await isDown();
    const pending = await book(document, slot, { patience: LATER, notes: 'left arm' });
    expect(pending).toMatchObject({ status: 'pending', start_at: null, can_reschedule: false });
    expect((await now(document.order)).last_status).toBe('appointment_pending');

    await fault({ mode: 'ok' });
    await until(async () => (await now(document.order)).last_status === 'appointment_scheduled');
    expect(await appointment(pending)).toMatchObject({
      status: 'scheduled',
      start_at: slot?.start_at,
      can_reschedule: true,
      provider_appointment_id: (await heldFor(pending)).id,
    });
    expect((await heldFor(pending)).notes.map(({ appointment_notes }) => appointment_notes)).toEqual(['left arm']);
    await until(async () => (await told(document._id)).length === 2);
    expect(await told(document._id)).toEqual(['labtest.appointment.created', 'labtest.appointment.updated']);
  });

  test('is scheduled as soon as it is known that the provider has it, though its answer was lost', async () => {
    const document = await order();
    const [slot] = await slots();
    await answersNothing();
    const pending = await book(document, slot, { patience: LATER });
    expect(pending.status).toBe('pending');
    await until(async () => (await appointment(pending))?.status === 'scheduled');
  });

  test('is answered at once by a provider that answers at once', async () => {
    const [slot] = await slots();
    expect(await book(await order(), slot, { patience: LATER })).toMatchObject({ status: 'scheduled' });
  });

  test('is cancelled with the provider’s words when it refuses', async () => {
    const document = await order();
    const [slot] = await slots();
    await isDown();
    const pending = await book(document, slot, { patience: LATER });
    await fault({ mode: 'slot_taken', calls: ['book'] });
    await until(async () => (await now(document.order)).last_status === 'appointment_cancelled');
    const { events, status } = (await appointment(pending)) as Appointment;
    expect(status).toBe('cancelled');
    expect(events.at(-1)?.data).toMatchObject({ origin: 'provider', reason: expect.stringContaining('slot') });
    expect(await isFree(document._id)).toBe(true);
  });

  test('is cancelled, here and at the provider, when no confirmation came in time', async () => {
    const [slot, another] = await slots();
    const [unheard, undecided] = await Promise.all([order(), order()]);
    const patience = { answered_within: 600, confirmed_within: 1_500 };

    await fault({ mode: 'down', after_accept: true, calls: ['book', 'read'] });
    const made = await book(unheard, slot, { patience });
    expect(made.status).toBe('pending');
    const isTooLate = Date.now() + 2 * patience.confirmed_within;
    await until(() => Date.now() > isTooLate);
    await fault({ mode: 'ok' });
    await until(async () => (await appointment(made))?.status === 'cancelled');
    expect(await heldFor(made)).toMatchObject({ status: 'cancelled' });

    await venule.atProvider('/sandbox/phlebotomy/getlabs/confirmation', { answer: 'pending' });
    const waiting = await book(undecided, another, { patience });
    await venule.atProvider('/sandbox/phlebotomy/getlabs/confirmation', { answer: 'scheduled' });
    expect(waiting.status).toBe('pending');
    await until(async () => (await appointment(waiting))?.status === 'cancelled');
    expect(await heldFor(waiting)).toMatchObject({ status: 'cancelled' });
    expect((await appointment(waiting))?.events.at(-1)?.data).toMatchObject({ origin: 'system' });
    expect(statuses(await now(undecided.order)).at(-1)).toBe('appointment_cancelled');
  });

  test('stays when the confirmation came in time', async () => {
    const document = await order();
    const [slot] = await slots();
    await venule.atProvider('/sandbox/phlebotomy/getlabs/confirmation', { answer: 'pending', after_seconds: 1 });
    const waiting = await book(document, slot, { patience: { answered_within: 2_000, confirmed_within: 4_000 } });
    await venule.atProvider('/sandbox/phlebotomy/getlabs/confirmation', { answer: 'scheduled' });
    expect(waiting.status).toBe('pending');
    await until(async () => (await appointment(waiting))?.status === 'scheduled');
    // Its order goes on to the end, and the journey with it.
    await venule.atProvider(`/sandbox/phlebotomy/getlabs/appointments/${(await heldFor(waiting)).id}/simulate`, {
      status: 'completed',
    });
    await venule.reaches(document._id, 'draw_completed');
    await venule.simulate(document.order, { final_status: 'completed' });
    await venule.ended(document.order);
    expect(await appointment(waiting)).toMatchObject({ status: 'completed' });
  });

  test('F7: can be cancelled, with or without its order, while the provider does not answer', async () => {
    const [byCaller, withOrder] = await Promise.all([order(), order()]);
    const [slot, another] = await slots();
    await answersNothing();
    const first = await book(byCaller, slot, { patience: LATER });
    const cancelled = await venule.journeys.appointment(byCaller, { kind: 'cancel', reason: 'Other', notes: null });
    expect(cancelled).toMatchObject({ id: first.id, status: 'cancelled' });
    const second = await book(withOrder, another, { patience: LATER });
    await venule.journeys.cancel(withOrder);

    await fault({ mode: 'ok' });
    await venule.ended(withOrder.order);
    expect(await appointment(second)).toMatchObject({ status: 'cancelled' });
    for (const booked of [first, second]) {
      await until(async () => (await heldFor(booked)).status === 'cancelled');
    }
    expect((await held()).filter(({ reference }) => [first.id, second.id].includes(reference))).toHaveLength(2);
  });
});
