import { randomUUID } from 'node:crypto';
import type { Appointment } from '../../../domain/appointments/appointment.ts';
import { AppointmentRefused } from '../../../temporal/journeys.ts';
import { atHome as scene } from '../../support/at-home.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { until } from '../../support/until.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const { slots, order: atHome, book, held, heldFor, now, statuses } = scene(() => venule);

test('A4–A5: a slot is booked, the order becomes pending and then scheduled, the appointment is told', async () => {
  const document = await atHome();
  const [first] = await slots();
  const appointment = await book(document, first);
  expect(appointment).toMatchObject({ status: 'scheduled', provider: 'getlabs', start_at: first?.start_at });
  expect(statuses(await now(document.order))).toEqual([
    'ordered',
    'requisition_created',
    'appointment_pending',
    'appointment_scheduled',
  ]);
  const told = (await venule.webhooks(document._id)).map(({ event_type }) => event_type);
  expect(told.filter((type) => type.startsWith('labtest.appointment'))).toEqual(['labtest.appointment.created']);
});

test('B1, B2: access notes go to the provider at every booking and rescheduling; appointment notes stay unless replaced', async () => {
  const document = await atHome({
    address: { ...(await atHome()).order.address, access_notes: 'Gate code 4711, park in the yard' },
  });
  const [first, second, third] = await slots();
  const appointment = await book(document, first, { notes: 'left arm' });
  if (!second || !third) throw new Error('No slots');
  const kept = await venule.journeys.appointment(document, {
    kind: 'reschedule',
    slot: second,
    appointment_notes: null,
  });
  expect(kept.appointment_notes).toBe('left arm');
  const replaced = await venule.journeys.appointment(document, {
    kind: 'reschedule',
    slot: third,
    appointment_notes: 'right arm',
  });
  expect(replaced.start_at).toBe(third.start_at);
  const { notes } = await heldFor(appointment);
  expect(notes.map(({ access_notes }) => access_notes)).toEqual(Array(3).fill('Gate code 4711, park in the yard'));
  expect(notes.map(({ appointment_notes }) => appointment_notes)).toEqual(['left arm', 'left arm', 'right arm']);
});

test('C3: the visit’s own access notes go before the order’s', async () => {
  const document = await atHome();
  const [first] = await slots('Side entrance');
  const appointment = await book(document, first);
  expect((await heldFor(appointment)).notes[0]?.access_notes).toBe('Side entrance');
});

test('C2: of fifty simultaneous bookings of one patient exactly one is made, here and at the provider', async () => {
  const user_id = randomUUID();
  const offered = await slots();
  const documents = await Promise.all(Array.from({ length: 10 }, () => atHome({ user_id })));
  const bookings = Array.from({ length: 50 }, (_, index) => {
    const document = documents[index % documents.length];
    if (!document) throw new Error('No order');
    return book(document, offered[index % offered.length]).then(
      (appointment) => appointment,
      (error: unknown) => error,
    );
  });
  const answers = await Promise.all(bookings);
  const made = answers.filter((answer): answer is Appointment => !(answer instanceof Error));
  expect(made).toHaveLength(1);
  expect(answers.filter((answer) => answer instanceof AppointmentRefused)).toHaveLength(49);
  const ours = await venule.store.appointments.find({ user_id, status: { $ne: 'cancelled' } as never }).lean();
  expect(ours).toHaveLength(1);
  const ids = new Set((await venule.store.appointments.find({ user_id }).lean()).map(({ _id }) => _id));
  const theirs = (await held()).filter(({ reference, status }) => ids.has(reference) && status !== 'cancelled');
  expect(theirs.map(({ reference }) => reference)).toEqual([made[0]?.id]);
});

test('C2: a cancelled appointment is no longer in the way', async () => {
  const document = await atHome();
  const [first, second] = await slots();
  const appointment = await book(document, first);
  await expect(book(document, second)).rejects.toThrow('already has an active appointment');
  const cancelled = await venule.journeys.appointment(document, {
    kind: 'cancel',
    reason: 'Time no longer works',
    notes: null,
  });
  expect(cancelled.status).toBe('cancelled');
  expect((await heldFor(appointment)).status).toBe('cancelled');
  expect(statuses(await now(document.order)).at(-1)).toBe('appointment_cancelled');
  expect((await book(document, second)).status).toBe('scheduled');
});

test('a provider’s booking key may be long', async () => {
  const document = await atHome();
  const [first] = await slots();
  if (!first) throw new Error('No slots');
  const unknown = book(document, { ...first, booking_key: 'k'.repeat(1000) });
  await expect(unknown).rejects.toThrow(new AppointmentRefused('this is not a booking key of ours'));
});

test('F7: cancelling an at-home order cancels its appointment at the provider', async () => {
  const document = await atHome();
  const [first] = await slots();
  const appointment = await book(document, first);
  await venule.journeys.cancel(await now(document.order));
  await venule.ended(document.order);
  expect((await heldFor(appointment)).status).toBe('cancelled');
  expect((await venule.store.appointments.findById(appointment.id).lean())?.status).toBe('cancelled');
  expect((await venule.store.transactions.findById(document.transaction_id).lean())?.status).toBe('cancelled');
});

test('no appointment before there is a requisition, and none after the order has ended', async () => {
  const waiting = await venule.place({
    labTest: 'labcorp-lipid-panel-at-home',
    activate_by: '2999-01-01',
    activate_at: '2999-01-01T05:00:00.000Z',
  });
  const [first] = await slots();
  await expect(book(await venule.reaches(waiting.id, 'ordered'), first)).rejects.toThrow(
    'The order has no requisition yet',
  );
  const document = await atHome();
  await venule.journeys.cancel(document);
  await venule.ended(document.order);
  await expect(book(document, first)).rejects.toThrow(AppointmentRefused);
});

test('the patient is told what became of the appointment, with a calendar file; by SMS where there is no mail', async () => {
  const [mailed, texted] = await Promise.all([
    atHome({ patient: { ...(await atHome()).order.patient, email: `at-home-${randomUUID()}@patients.example` } }),
    atHome({ options: { email_enabled: false, sms_enabled: true } }),
  ]);
  const [first, second, third] = await slots();
  await book(mailed, first);
  if (!second) throw new Error('No slot');
  await venule.journeys.appointment(mailed, { kind: 'reschedule', slot: second, appointment_notes: null });
  await venule.journeys.appointment(mailed, { kind: 'cancel', reason: 'Other', notes: null });
  const mine = () => venule.mails.filter(({ to }) => to?.[0]?.address === mailed.order.patient.email);
  await until(() => mine().length === 4);
  const methods = mine().flatMap(({ attachments }) => attachments.map(({ method }) => method).filter(Boolean));
  expect(methods.sort()).toEqual(['CANCEL', 'REQUEST', 'REQUEST']);
  await book(texted, third);
  const sent = await until(() => venule.store.sentMessages.findOne({ text: /appointment is on/ }).lean());
  expect(sent.text).toContain('Northwind Health');
});
