/** G2: a laboratory's report as evidence that the visit took place, when the phlebotomy provider says nothing. */

import { randomUUID } from 'node:crypto';
import type { Appointment } from '../../../domain/appointments/appointment.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import type { PhlebotomyEventDocument } from '../../../store/collections/inbox.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import { moveAllOutgoing } from '../../../store/outbox/outgoing.ts';
import { atHome } from '../../support/at-home.ts';
import { type LabMessageChanges, labMessage } from '../../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { stateOf } from '../../support/temporal-view.ts';
import { until } from '../../support/until.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const { slots, order, book, reported, says, now, statuses } = atHome(() => venule);
const HOUR = 3_600_000;
const AT_ONCE = { draw_inferred_after: 1 };
const MUCH_LATER = { draw_inferred_after: 30 * 24 * HOUR };
const CANCEL = { kind: 'cancel', reason: 'Other', notes: null } as const;

const appointment = ({ id }: Pick<Appointment, 'id'>) => collectionOf(venule.store.appointments).findOne({ _id: id });
const reportOn = ({ _id }: OrderDocument) =>
  venule.store.labMessages.findOne({ order_id: _id }).sort({ received_at: -1 }).lean();
const reports = (document: OrderDocument, changes: LabMessageChanges = {}) =>
  venule.deliver('labcorp', labMessage(venule.catalogue, document.order, changes));

/** An order whose visit was to end an hour ago. */
async function visited(
  policy: object,
  event_id: string = randomUUID(),
): Promise<{ document: OrderDocument; booked: Appointment }> {
  const document = await order({}, policy);
  const [slot] = await slots();
  const booked = await book(document, slot);
  const [start_at, end_at] = [2, 1].map((hours) => new Date(Date.now() - hours * HOUR).toISOString()) as [
    string,
    string,
  ];
  await venule.journeys.appointmentReport(document, {
    event_id,
    appointment_id: booked.id,
    report: reported(booked, { start_at, end_at }),
  });
  await until(async () => (await appointment(booked))?.end_at === end_at);
  return { document, booked: { ...booked, start_at, end_at } };
}

/** What a provider said of a visit, as it is kept once it was given to the journey. */
function deliveredEvent(
  { _id: order_id, team_id }: OrderDocument,
  visit: Appointment,
  event_id: string,
  status: Appointment['status'],
): PhlebotomyEventDocument {
  return {
    _id: event_id,
    event_id,
    provider: visit.provider,
    environment: 'sandbox',
    raw: '{}',
    reference: visit.id,
    report: reported(visit, { status }),
    state: 'delivered',
    appointment_id: visit.id,
    order_id,
    team_id,
    kept_because: null,
    lease_until: new Date(0),
    attempts: 1,
    last_error: null,
    received_at: new Date(),
  };
}

/** Waits until the journey has the report and says what it waits for. */
const waitsFor = (document: OrderDocument, words: string) =>
  until(async () => {
    const state = await stateOf(venule.workflow(document.order));
    return state.reports_waiting.length > 0 && state.waiting_for.includes(words);
  });

test('G2: a provider never says that it drew: the report completes the visit, and the order', async () => {
  const event_id = randomUUID();
  const { document, booked } = await visited(AT_ONCE, event_id);
  await collectionOf(venule.store.phlebotomyEvents).insertOne(deliveredEvent(document, booked, event_id, 'scheduled'));
  await reports(document);
  await venule.ended(document.order);
  expect(statuses(await now(document.order)).slice(-3)).toEqual([
    'appointment_scheduled',
    'draw_completed',
    'completed',
  ]);
  const held = await appointment(booked);
  expect(held).toMatchObject({ status: 'completed' });
  expect(held?.events.at(-1)).toMatchObject({ status: 'completed', data: { origin: 'lab' } });
  expect(await venule.store.appointmentClaims.exists({ appointment_id: booked.id })).toBeNull();
  const told = (await venule.webhooks(document._id)).filter(({ body }) => body.data.id === booked.id);
  expect(told.at(-1)?.body.data).toMatchObject({ status: 'completed', event_data: { origin: 'lab' } });
  await moveAllOutgoing(venule.store, { orders: [document._id] });
  const entry = await venule.store.audit.findOne({ order_id: document._id, action: 'appointment.completed' }).lean();
  expect(entry?.by).toEqual({ kind: 'partner', id: 'labcorp' });
});

test('G2: of an appointment that was never confirmed the skipped steps come along', async () => {
  const document = await order({}, AT_ONCE);
  const place = { first_line: '11 Oak Street', second_line: null, city: 'Viroqua', state: 'WI', zip_code: '54650' };
  const requested = await venule.journeys.appointment(document, {
    kind: 'request',
    appointment_id: randomUUID(),
    provider: 'phlebfinders',
    address: { ...place, access_notes: null },
    location: { lng: -90.9, lat: 43.6 },
    appointment_notes: null,
  });
  await reports(document);
  await waitsFor(document, 'to report the draw');
  expect(statuses(await now(document.order)).at(-1)).toBe('appointment_pending');
  const times = {
    start_at: new Date(Date.now() - 2 * HOUR).toISOString(),
    end_at: new Date(Date.now() - HOUR).toISOString(),
  };
  await venule.journeys.appointmentReport(document, {
    event_id: randomUUID(),
    appointment_id: requested.id,
    report: reported(requested, { ...times, status: 'reserved' }),
  });
  await venule.ended(document.order);
  expect(statuses(await now(document.order)).slice(-4)).toEqual([
    'appointment_pending',
    'appointment_scheduled',
    'draw_completed',
    'completed',
  ]);
  const held = await appointment(requested);
  expect(held?.events.map(({ status }) => status)).toEqual(['pending', 'reserved', 'scheduled', 'completed']);
});

test('G2: until then the report waits, visibly; a cancellation by a caller wins, and the report goes to review', async () => {
  const { document } = await visited(MUCH_LATER);
  await reports(document);
  await waitsFor(document, 'count as proof');
  expect(statuses(await now(document.order)).at(-1)).toBe('appointment_scheduled');
  await venule.journeys.cancel(await now(document.order));
  await venule.ended(document.order);
  expect(statuses(await now(document.order)).at(-1)).toBe('cancelled');
  expect(await reportOn(document)).toMatchObject({ state: 'unmatched', unmatched_reason: 'match_cancelled' });
});

test('G2: a specimen of before the visit’s day shows nothing', async () => {
  const { document } = await visited(AT_ONCE);
  await reports(document, { collected_at: new Date(Date.now() - 5 * 24 * HOUR) });
  await waitsFor(document, 'to report the draw');
  const { waiting_for } = await stateOf(venule.workflow(document.order));
  expect(waiting_for).not.toContain('count as proof');
  await venule.journeys.cancel(await now(document.order));
  await venule.ended(document.order);
});

test('G2: a word of the provider that is on its way goes before', async () => {
  const { document, booked } = await visited({ ...AT_ONCE, expiry_grace: 100 });
  const event = {
    provider: booked.provider,
    environment: 'sandbox' as const,
    event_id: randomUUID(),
    raw: '{}',
    reference: booked.id,
    report: reported(booked, { status: 'completed', data: { said: 'by the provider' } }),
  };
  const id = `${event.provider}:sandbox:${event.event_id}`;
  // Somebody else has taken it up, and gets stuck.
  await collectionOf(venule.store.phlebotomyEvents).insertOne({
    ...event,
    _id: id,
    state: 'stored',
    appointment_id: null,
    order_id: null,
    team_id: null,
    kept_because: null,
    lease_until: new Date(Date.now() + HOUR),
    attempts: 1,
    last_error: null,
    received_at: new Date(),
  });
  await reports(document);
  await waitsFor(document, 'an event from the phlebotomy provider');
  expect(statuses(await now(document.order)).at(-1)).toBe('appointment_scheduled');
  await collectionOf(venule.store.phlebotomyEvents).updateOne({ _id: id }, { $set: { lease_until: new Date(0) } });
  await venule.ended(document.order);
  expect((await appointment(booked))?.events.at(-1)?.data).toEqual({ said: 'by the provider' });
  expect(statuses(await now(document.order)).slice(-2)).toEqual(['draw_completed', 'completed']);
});

test('G2: a word of the provider that was delivered and has yet to reach the journey goes before, too', async () => {
  const { document, booked } = await visited({ ...AT_ONCE, expiry_grace: 100 });
  const event_id = randomUUID();
  await collectionOf(venule.store.phlebotomyEvents).insertOne(deliveredEvent(document, booked, event_id, 'cancelled'));
  await reports(document);
  await waitsFor(document, 'an event from the phlebotomy provider');
  const noShow = reported(booked, { status: 'cancelled', data: { reason: 'no_show' } });
  await venule.journeys.appointmentReport(document, { event_id, appointment_id: booked.id, report: noShow });
  await venule.reaches(document._id, 'appointment_cancelled');
  expect((await appointment(booked))?.events.map(({ status }) => status)).not.toContain('completed');
  await venule.journeys.cancel(await now(document.order));
  await venule.ended(document.order);
});

test('G2: a cancellation that the provider tells of afterward is kept for a person, and changes nothing', async () => {
  const { document, booked } = await visited(AT_ONCE);
  await reports(document, { tests: [] });
  await reports(document, { status: 'P' });
  await venule.reaches(document._id, 'partial_results');
  const _id = await says(booked, { status: 'cancelled', data: { reason: 'no_show' } });
  const kept = { _id, state: 'kept' as const };
  await until(() => collectionOf(venule.store.phlebotomyEvents).findOne(kept));
  expect(await collectionOf(venule.store.phlebotomyEvents).findOne(kept)).toMatchObject({
    kept_because: 'contradicts_the_lab',
    order_id: document._id,
  });
  expect(await appointment(booked)).toMatchObject({ status: 'completed' });
  await reports(document);
  await venule.ended(document.order);
});

test('G2: with no visit nothing is inferred; what was set aside is taken again when the specimen is drawn', async () => {
  const { document } = await visited(AT_ONCE);
  await venule.journeys.appointment(document, CANCEL);
  await reports(document);
  await until(async () => (await reportOn(document))?.unmatched_reason === 'wrong_collection');
  expect(statuses(await now(document.order)).at(-1)).toBe('appointment_cancelled');

  const [, slot] = await slots();
  const again = await book(document, slot);
  const visit = `/sandbox/phlebotomy/getlabs/appointments/${again.provider_appointment_id}`;
  await venule.atProvider(`${visit}/simulate`, { status: 'completed' });
  await venule.ended(document.order);
  expect(statuses(await now(document.order)).slice(-2)).toEqual(['draw_completed', 'completed']);
  const taken = await reportOn(document);
  expect(taken).toMatchObject({ state: 'applied', unmatched_reason: null });
  const told = await venule.store.webhookMessages.findOne({
    order_id: document._id,
    event_type: 'labtest.match_review.updated',
  });
  expect(JSON.parse(told?.payload ?? '{}').data).toMatchObject({
    id: taken?._id,
    status: 'matched',
    decision_code: 'wrong_collection',
    resolved_order_id: document._id,
  });
});

test('G2: an order that expires while a report is set aside names it, and tells an operator', async () => {
  const document = await order({}, { requisition_valid: { at_home_phlebotomy: 1 }, results_awaited_longer: 3_000 });
  await reports(document);
  const { events } = await venule.reaches(document._id, 'cancelled');
  const { _id } = (await reportOn(document)) ?? {};
  expect(events.at(-1)?.reason).toContain(_id);
  await venule.ended(document.order);
  expect((await stateOf(venule.workflow(document.order))).troubles).toEqual([expect.stringContaining(String(_id))]);
});
