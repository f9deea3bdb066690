import { NOTHING_MORE, type ProposedEvent } from '../../domain/orders/order.ts';
import type { Principal } from '../../domain/principal.ts';
import { createBookingUrl } from '../../links/booking-url.ts';
import { linkId } from '../../store/access/link-tokens.ts';
import type { AppointmentDocument } from '../../store/collections/appointments.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { recordEvent } from '../../store/orders/record-event.ts';
import { moveAllOutgoing } from '../../store/outbox/outgoing.ts';
import { parseCodecKeys } from '../../temporal/codec.ts';
import { WALK_IN_TEST } from '../support/api.ts';
import { atHome } from '../support/at-home.ts';
import { type InProcessVenule, startVenule, TEST_CODEC_KEYS } from '../support/running/in-process-venule.ts';
import { until } from '../support/until.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const { order: orderAtHome, slots, book } = atHome(() => venule);

const A_KEY: Principal = { kind: 'key', id: 'key-17' };
const A_LINK: Principal = { kind: 'patient_link', id: 'link-4' };
const THE_LAB: Principal = { kind: 'partner', id: 'labcorp' };
const THE_JOURNEY: Principal = { kind: 'system', id: 'journey' };

const entriesOf = async (order_id: string) => {
  await moveAllOutgoing(venule.store, { orders: [order_id] });
  return venule.store.audit.find({ order_id }).sort({ at: 1, _id: 1 }).lean();
};

/** Who did what, by the event that it is the entry of; and every event of order and appointments has exactly one. */
async function whoDidWhat(document: OrderDocument): Promise<Record<string, Principal>> {
  const entries = await entriesOf(document._id);
  const appointments = await venule.store.appointments.find({ order_id: document._id }).lean<AppointmentDocument[]>();
  const expected = [document, ...appointments].flatMap(({ _id, events }) =>
    events.map(({ number }) => `${_id}:${number}`),
  );
  expect(entries.map(({ _id }) => _id).sort()).toEqual(expected.sort());
  return Object.fromEntries(entries.map(({ action, by }) => [action, by]));
}

test('G4: each transition has its audit entry, written with it: who placed, booked, moved and canceled', async () => {
  const document = await orderAtHome({ placed_by: A_KEY });
  const [slot, other] = await slots();
  await book(document, slot, { by: A_LINK });
  if (!other) throw new Error('No second slot was offered');
  const moved = { kind: 'reschedule', slot: other, appointment_notes: null } as const;
  await venule.journeys.appointment(document, moved, A_KEY);
  await venule.journeys.cancel(document, A_KEY);
  const ended = await venule.reaches(document._id, 'cancelled');
  await until(() => venule.store.appointments.exists({ order_id: document._id, status: 'cancelled' }));

  const done = await whoDidWhat(ended);
  expect(done).toMatchObject({
    'order.ordered': A_KEY,
    'order.requisition_created': THE_LAB,
    'order.appointment_pending': A_LINK,
    'order.cancelled': A_KEY,
    'appointment.cancelled': THE_JOURNEY,
  });
  const scheduled = (await entriesOf(document._id)).filter(({ action }) => action === 'appointment.scheduled');
  expect(scheduled.map(({ by }) => by)).toEqual([A_LINK, A_KEY]);
});

test('G4: a result is the laboratory’s doing, its redraw the journey’s, a deadline nobody’s but ours', async () => {
  const order = await venule.place({ placed_by: A_KEY });
  await venule.reaches(order.id, 'requisition_created');
  await venule.simulate(order, { final_status: 'completed', has_missing_results: true });
  const initial = await venule.reaches(order.id, 'redraw_available');
  expect((await whoDidWhat(initial))['order.redraw_available']).toEqual(THE_LAB);
  const redraw = await venule.redrawOf(order);
  const tested = await venule.reaches(redraw._id, 'requisition_created');
  expect(await whoDidWhat(tested)).toEqual({ 'order.ordered': THE_JOURNEY, 'order.requisition_created': THE_LAB });

  const short = { requisition_valid: { walk_in_test: 200 }, results_awaited_longer: 200 };
  const forgotten = await venule.place({ placed_by: A_KEY }, short);
  const expired = await venule.reaches(forgotten.id, 'cancelled');
  expect((await whoDidWhat(expired))['order.cancelled']).toEqual(THE_JOURNEY);
});

test('G4: an entry is written once with its event, however often the event is proposed', async () => {
  const order = await venule.place({ placed_by: A_KEY });
  await venule.reaches(order.id, 'requisition_created');
  await venule.journeys.cancel(await venule.reaches(order.id, 'requisition_created'), A_KEY);
  await venule.journeys.cancel(await venule.reaches(order.id, 'requisition_created'), A_LINK).catch(() => undefined);
  const document = await venule.reaches(order.id, 'cancelled');
  expect((await whoDidWhat(document))['order.cancelled']).toEqual(A_KEY);
});

test('G4: what is asked over the API is the doing of its key', async () => {
  const { key, url } = venule.api;
  // biome-ignore lint/suspicious/noExplicitAny: an answer is read field by field.
  const post = async (path: string, body?: object): Promise<any> => {
    const headers = { 'x-vital-api-key': key, 'content-type': 'application/json' };
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    expect(answer.status).toBe(200);
    return answer.json();
  };
  const { user_id } = await post('/v2/user', { client_user_id: 'patient-of-the-audit' });
  const { patient, address } = await venule.place();
  const { order } = await post('/v3/order', {
    user_id,
    order_set: { lab_test_ids: [WALK_IN_TEST] },
    patient_details: { ...patient },
    patient_address: { ...address },
  });
  await venule.reaches(order.id, 'requisition_created');
  await post(`/v3/order/${order.id}/cancel`);

  const stored = await venule.store.apiKeys.findOne({ team_id: venule.teamId }).orFail().lean();
  const done = await whoDidWhat(await venule.reaches(order.id, 'cancelled'));
  const byTheKey: Principal = { kind: 'key', id: stored._id };
  expect(done).toMatchObject({ 'order.ordered': byTheKey, 'order.cancelled': byTheKey });
});

test('G4: what a patient does on the booking page is the doing of the link that they opened', async () => {
  const document = await orderAtHome({ placed_by: A_KEY });
  const { store, policy, api } = venule;
  const link = { keys: parseCodecKeys(TEST_CODEC_KEYS), publicUrl: api.url, policy };
  const page = (await createBookingUrl(store, link)(document)) ?? '';
  // biome-ignore lint/suspicious/noExplicitAny: an answer is read field by field.
  const wish = async (name: string, body: object): Promise<any> => {
    const headers = { origin: api.url, 'content-type': 'application/json' };
    const answer = await fetch(`${page}/${name}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const said = await answer.json();
    expect([name, answer.status, said]).toEqual([name, 200, expect.anything()]);
    return said;
  };
  const { slots: offered } = await wish('times', {});
  await wish('book', { key: offered[0].key });
  await wish('reschedule', { key: offered[1].key, notes: 'second floor' });
  const state = (await (await fetch(`${page}/state`)).json()) as { reasons: { id: string }[] };
  await wish('cancel', { reason_id: state.reasons[0]?.id });

  const by: Principal = { kind: 'patient_link', id: linkId(page.split('/').at(-1) ?? '') };
  const entries = (await entriesOf(document._id)).filter(({ action }) => action.startsWith('appointment.'));
  expect(entries.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['appointment.scheduled', 'appointment.cancelled']),
  );
  expect(entries.filter(({ action }) => action === 'appointment.scheduled')).toHaveLength(2);
  expect(entries.map((entry) => entry.by)).toEqual(entries.map(() => by));
});

describe('G4: an entry is written with its event', () => {
  /** Has the database take nothing into a collection, or whatever comes. */
  const refuse = (collection: string, refused: boolean) =>
    venule.store.connection.db?.command({ collMod: collection, validator: refused ? { never: true } : {} });

  const canceling = async () => {
    const order = await venule.place({ placed_by: A_KEY });
    const before = await venule.reaches(order.id, 'requisition_created');
    const cancelled: ProposedEvent = { order_id: order.id, number: 3, status: 'cancelled', ...NOTHING_MORE, by: A_KEY };
    return { order, before, cancelled };
  };

  test('when the database refuses the event, there is no entry either', async () => {
    const { order, before, cancelled } = await canceling();
    const entries = await entriesOf(order.id);
    await refuse('orders', true);
    try {
      await expect(recordEvent(venule.store, venule.catalogue, cancelled)).rejects.toThrow('failed validation');
    } finally {
      await refuse('orders', false);
    }
    expect(await entriesOf(order.id)).toEqual(entries);
    expect((await venule.reaches(order.id, 'requisition_created')).events).toEqual(before.events);

    await recordEvent(venule.store, venule.catalogue, cancelled);
    expect((await whoDidWhat(await venule.reaches(order.id, 'cancelled')))['order.cancelled']).toEqual(A_KEY);
  });

  test.each([
    ['webhooks', () => venule.store.webhookMessages],
    ['entries', () => venule.store.audit],
  ] as const)('when the database takes no %s, they wait in the order and come later', async (_what, model) => {
    const { order, cancelled } = await canceling();
    await entriesOf(order.id);
    const { name } = model().collection;
    await refuse(name, true);
    try {
      await recordEvent(venule.store, venule.catalogue, cancelled);
      await expect(moveAllOutgoing(venule.store, { orders: [order.id] })).rejects.toThrow('failed validation');
    } finally {
      await refuse(name, false);
    }
    expect((await whoDidWhat(await venule.reaches(order.id, 'cancelled')))['order.cancelled']).toEqual(A_KEY);
  });
});
