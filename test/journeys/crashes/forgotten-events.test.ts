/** 0001: what a crash made a journey forget, since its task was never finished, is given back to it within seconds. */

import { NOTHING_MORE, type Order, type ProposedEvent } from '../../../domain/orders/order.ts';
import { appointmentOf } from '../../../store/appointments/held-appointment.ts';
import { recordAppointment } from '../../../store/appointments/record-appointment.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import { recordEvent } from '../../../store/orders/record-event.ts';
import { moveAllOutgoing } from '../../../store/outbox/outgoing.ts';
import { atHome } from '../../support/at-home.ts';
import { labMessage } from '../../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { pendingActivities, stateOf } from '../../support/temporal-view.ts';
import { until } from '../../support/until.ts';

let venule: InProcessVenule;
const scene = atHome(() => venule);
beforeAll(async () => {
  venule = await startVenule({ policy: { journey_checked_after: 200 } });
});
afterAll(() => venule.close());

const statuses = async (order: Order) => (await venule.reaches(order.id, 'ordered')).events.map(({ status }) => status);

/** An order that the lab has acknowledged. */
async function placed(labTest = 'labcorp-cbc-and-cmp'): Promise<Order> {
  const order = await venule.place({ labTest });
  await venule.reaches(order.id, 'requisition_created');
  return order;
}

/** Writes what a journey wrote before its worker died, and forgot. */
const forgotten = (order: Order, event: Pick<ProposedEvent, 'number' | 'status'> & Partial<ProposedEvent>) =>
  recordEvent(venule.store, venule.catalogue, {
    order_id: order.id,
    ...NOTHING_MORE,
    ...event,
  });

const isChecked = (order: Order) =>
  until(async () => (await collectionOf(venule.store.orders).findOne({ _id: order.id }))?.journey_check === null);
const told = (order: Order, action: string) =>
  moveAllOutgoing(venule.store, { orders: [order.id] }).then(() =>
    collectionOf(venule.store.audit).find({ order_id: order.id, action }).toArray(),
  );
/** The names of the signals that a journey was sent. */
async function signals(order: Order): Promise<string[]> {
  const { events } = await venule.workflow(order).fetchHistory();
  return (events ?? []).flatMap((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? []);
}
const mailsOf = (order: Order) => venule.mails.filter(({ messageId }) => messageId?.includes(order.id)).length;

describe('F4: a cancellation that is recorded is carried out', () => {
  test('though its journey forgot it: the lab is told, the patient gets mail, the workflow ends', async () => {
    const order = await placed();
    await forgotten(order, { number: 3, status: 'cancelled', reason: 'Canceled on request.' });
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'cancelled']);
    expect(await venule.atLab(order)).toMatchObject({ state: 'cancelled', received: { new: 1, cancel: 1 } });
    expect(venule.mails.some(({ messageId }) => messageId === `<${order.id}.order_cancelled@venule>`)).toBe(true);
    expect((await venule.webhooks(order.id)).map(({ event_number }) => event_number)).toEqual([1, 2, 3]);
    await isChecked(order);
  });

  test('F7: and its visit is cancelled at the provider', async () => {
    const document = await scene.order();
    const [slot] = await scene.slots();
    const visit = await scene.book(document, slot);
    await forgotten(document.order, { number: 5, status: 'cancelled' });
    await venule.ended(document.order);
    expect(await scene.heldFor(visit)).toMatchObject({ status: 'cancelled' });
    expect(await venule.store.appointmentClaims.countDocuments({ order_id: document._id })).toBe(0);
  });

  test('while an order message is under way: after its outcome, and the lab hears of it once', async () => {
    await venule.fault({ lab: 'labcorp', mode: 'slow', times: 1, delay_ms: 2_000 });
    const order = await venule.place();
    await until(async () =>
      (await pendingActivities(venule.workflow(order))).some(({ type }) => type === 'submitOrder'),
    );
    await forgotten(order, { number: 2, status: 'cancelled' });
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'cancelled']);
    expect(await venule.atLab(order)).toMatchObject({ state: 'cancelled', received: { new: 1, cancel: 1 } });
  });

  test('by a caller who asks again, whatever the order shows', async () => {
    const order = await placed();
    await forgotten(order, { number: 3, status: 'cancelled' });
    // Nobody else asks.
    await venule.store.orders.updateOne({ _id: order.id }, { $set: { journey_check: null } });
    const answer = await fetch(`${venule.api.url}/v3/order/${order.id}/cancel`, {
      method: 'POST',
      headers: { 'x-vital-api-key': venule.api.key },
    });
    expect([answer.status, await answer.json()]).toMatchObject([200, { message: 'order cancelled' }]);
    await venule.ended(order);
    expect(await venule.atLab(order)).toMatchObject({ state: 'cancelled', received: { cancel: 1 } });
  });
});

test('F4: a cancellation that was forgotten before journeys were asked is carried out after the next start', async () => {
  const order = await placed();
  await venule.stopWorker();
  await forgotten(order, { number: 3, status: 'cancelled', reason: 'Cancelled on request.' });
  await collectionOf(venule.store.orders).updateOne({ _id: order.id }, { $unset: { journey_check: '' } });
  // As an installation of that time has none.
  await collectionOf(venule.store.migrations).deleteMany();
  await venule.startWorker();
  await venule.ended(order);
  expect(await venule.atLab(order)).toMatchObject({ state: 'cancelled', received: { new: 1, cancel: 1 } });
  await isChecked(order);
});

test('D6: a redraw that was born of a forgotten event goes to the lab, and ends its transaction', async () => {
  const order = await placed('labcorp-thyroid-panel');
  await forgotten(order, { number: 3, status: 'redraw_available', redraw_results: ['tsh'] });
  const { order: redraw } = await venule.redrawOf(order);
  await venule.reaches(redraw.id, 'requisition_created');
  await venule.deliver('labcorp', labMessage(venule.catalogue, redraw));
  expect(await (await venule.ended(order)).result()).toMatchObject({ status: 'completed' });
});

test('C2: an appointment that was cancelled and forgotten is cancelled to its journey too, and another can be made', async () => {
  const document = await scene.order();
  const [slot, another] = await scene.slots();
  const visit = await scene.book(document, slot);
  const held = await venule.store.appointments.findById(visit.id).orFail().lean();
  const at = new Date().toISOString();
  const event = {
    number: held.events.length + 1,
    status: 'cancelled',
    data: null,
    occurred_at: at,
    created_at: at,
  } as const;
  await recordAppointment(venule.store, venule.catalogue, {
    order_id: document._id,
    appointment: { ...appointmentOf(held), status: 'cancelled', events: [...held.events, event] },
    order_event_number: 5,
    order_statuses: ['appointment_cancelled'],
  });
  await until(async () => (await stateOf(venule.workflow(document.order))).appointment?.status === 'cancelled');
  expect(await stateOf(venule.workflow(document.order))).toMatchObject({ status: 'appointment_cancelled' });
  expect(await scene.book(document, another)).toMatchObject({ status: 'scheduled' });
});

describe('where nothing is to be repaired an operator is told, once, and nothing changes', () => {
  test('a journey that is ahead of a restored database', async () => {
    const order = await placed();
    await isChecked(order);
    const { events } = await venule.reaches(order.id, 'requisition_created');
    const restored = { events: events.slice(0, 1), last_status: 'ordered', journey_check: null };
    await venule.store.orders.updateOne({ _id: order.id }, { $set: restored });
    await venule.simulate(order, { final_status: 'partial_results' });
    await until(async () => (await told(order, 'journey.ahead_of_store')).length === 1);
    expect((await venule.reaches(order.id, 'ordered')).events).toHaveLength(1);
    await venule.workflow(order).terminate();
  });

  test('a workflow that was ended by hand while its order is open', async () => {
    const order = await placed();
    await venule.workflow(order).terminate();
    await until(async () => (await told(order, 'journey.closed_before_its_order')).length === 1);
    await isChecked(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created']);
  });
});

test('0003: a correction asks nothing of a journey', async () => {
  const order = await placed();
  venule.mailServer.trouble = { at: 'sender', code: 451, refusals: 0 };
  await venule.deliver('labcorp', labMessage(venule.catalogue, order));
  await venule.reaches(order.id, 'completed');
  await isChecked(order);
  await forgotten(order, { number: 4, status: 'corrected' });
  expect(await collectionOf(venule.store.orders).findOne({ _id: order.id })).toMatchObject({ journey_check: null });
  venule.mailServer.trouble = null;
  await venule.ended(order);
});

test('1.1, F7: an ended order whose visit outlives it is checked and confirmed, told of nothing, and goes on', async () => {
  const order = await placed('quest-lipid-panel');
  // biome-ignore lint/suspicious/noExplicitAny: an answer is read field by field.
  const ask = async (path: string, body: object): Promise<any> => {
    const headers = { 'x-vital-api-key': venule.api.key, 'content-type': 'application/json' };
    const answer = await fetch(`${venule.api.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(answer.status).toBe(200);
    return answer.json();
  };
  const area = { zip_code: '85004', radius: 25 };
  const { slots } = await ask('/v3/order/psc/appointment/availability?lab=quest', area);
  const { booking_key } = slots.at(-1).slots.at(-1);
  await ask(`/v3/order/${order.id}/psc/appointment/book`, { booking_key });
  await venule.journeys.cancel(await venule.reaches(order.id, 'requisition_created'));
  await isChecked(order);

  // By when the sweep has looked again at whatever it looks at.
  await isChecked(await placed());
  expect(await collectionOf(venule.store.orders).findOne({ _id: order.id })).toMatchObject({ journey_check: null });
  expect((await venule.workflow(order).describe()).status.name).toBe('RUNNING');
  expect(await signals(order)).not.toContain('storeIsAhead');
  for (const action of ['journey.ahead_of_store', 'journey.closed_before_its_order']) {
    expect(await told(order, action)).toEqual([]);
  }
  const over = await venule.reaches(order.id, 'cancelled');
  await venule.journeys.appointment(over, { kind: 'cancel', reason: 'Other', notes: null });
  await venule.ended(order);
});

test('F10: an order that goes its way is checked and told of nothing twice', async () => {
  const order = await placed();
  await isChecked(order);
  // The mail that follows from the requisition is on its own way.
  await until(() => mailsOf(order) > 0);
  const mails = mailsOf(order);
  await venule.deliver('labcorp', labMessage(venule.catalogue, order));
  await venule.ended(order);
  await isChecked(order);
  expect(await signals(order)).not.toContain('storeIsAhead');
  expect(mailsOf(order) - mails).toBe(0);
});
