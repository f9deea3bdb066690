/** F10, C2: a journey that was ended by hand is started again from what MongoDB holds. */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { CannotRestart, restartJourney } from '../../../cli/admin/orders/restart-journey.ts';
import { startAppointmentDispatcher } from '../../../dispatch/provider-events.ts';
import type { Order } from '../../../domain/orders/order.ts';
import { atHome } from '../../support/at-home.ts';
import { labMessage } from '../../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { stateOf } from '../../support/temporal-view.ts';
import { until } from '../../support/until.ts';

const lab = 'labcorp';
const OPERATOR = { kind: 'person', id: 'ops' } as const;

let venule: InProcessVenule;
const scene = atHome(() => venule);
beforeAll(async () => {
  venule = await startVenule({ policy: { journey_checked_after: 200, partner_call: 5_000 } });
});
afterEach(async () => {
  await venule.fault({ lab, mode: 'ok' });
  await atGetlabs({ mode: 'ok' });
});
afterAll(() => venule.close());

const atGetlabs = (trouble: object) =>
  venule.atProvider('/sandbox/phlebotomy/faults', { provider: 'getlabs', ...trouble });
const endByHand = (order: Order) => venule.workflow(order).terminate('by hand');
const restart = ({ id }: Pick<Order, 'id'>) => restartJourney(venule, id, OPERATOR);
const statuses = async (order: Order) => (await venule.reaches(order.id, 'ordered')).events.map(({ status }) => status);
const mailsOf = (order: Order) =>
  venule.mails.flatMap(({ messageId }) => (messageId?.includes(order.id) ? messageId : []));
const claimsOf = (order: Pick<Order, 'id'>) => venule.store.appointmentClaims.countDocuments({ order_id: order.id });

/** An order that the lab has acknowledged, and of which the patient has been told. */
async function placed(labTest = 'labcorp-cbc-and-cmp'): Promise<Order> {
  const order = await venule.place({ labTest });
  await venule.reaches(order.id, 'requisition_created');
  await until(() => mailsOf(order).length > 0);
  return order;
}

test('F10: it goes on with the reports it had, hears what came meanwhile, and tells nobody again', async () => {
  const order = await placed();
  await venule.deliver(lab, labMessage(venule.catalogue, order, { tests: ['005009'] }));
  await venule.reaches(order.id, 'partial_results');
  await endByHand(order);
  await venule.deliver(lab, labMessage(venule.catalogue, order, { tests: ['322000'] }));
  const before = mailsOf(order);
  await restart(order);
  await venule.ended(order);
  expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'partial_results', 'completed']);
  expect(mailsOf(order)).toEqual(before);
  expect(await venule.atLab(order)).toMatchObject({ received: { new: 1, cancel: 0 } });
  const result = await venule.store.results.findOne({ order_id: order.id }).sort({ version: -1 }).orFail().lean();
  expect(result.result.missing_results).toEqual([]);
});

test('F4: a cancellation that was recorded and not carried out reaches the lab', async () => {
  const order = await placed();
  await venule.fault({ lab, mode: 'down' });
  await venule.journeys.cancel(await venule.reaches(order.id, 'requisition_created'), OPERATOR);
  await endByHand(order);
  await venule.fault({ lab, mode: 'ok' });
  await restart(order);
  await venule.ended(order);
  expect(await venule.atLab(order)).toMatchObject({ state: 'cancelled', received: { new: 1 } });
});

test('an order that waits for its lab is sent to it again, under the same number', async () => {
  await venule.fault({ lab, mode: 'down' });
  const order = await venule.place();
  await until(async () => (await stateOf(venule.workflow(order))).waiting_for.includes('acknowledge'));
  await endByHand(order);
  await venule.fault({ lab, mode: 'ok' });
  await restart(order);
  await venule.reaches(order.id, 'requisition_created');
  expect(await venule.atLab(order)).toMatchObject({ requisitions_made: 1 });
});

describe('C2: the provider is asked first', () => {
  /** An order whose booking came to no answer before its journey was ended by hand. */
  async function unanswered(trouble: object) {
    const { order } = await scene.order();
    const [slot] = await scene.slots();
    await atGetlabs({ mode: 'down', calls: ['book', 'read'], ...trouble });
    const id = randomUUID();
    await scene
      .book(await venule.reaches(order.id, 'requisition_created'), slot, { id, notes: 'left arm' })
      .catch(() => {});
    await endByHand(order);
    expect(await claimsOf(order)).toBe(1);
    await atGetlabs({ mode: 'ok' });
    await restart(order);
    return { order, id };
  }

  test('and a visit that stands is adopted, with its notes', async () => {
    const { order, id } = await unanswered({ after_accept: true });
    await venule.reaches(order.id, 'appointment_scheduled');
    expect(await venule.store.appointments.findById(id).lean()).toMatchObject({ appointment_notes: 'left arm' });
    expect(await scene.heldFor({ id })).toMatchObject({ status: 'scheduled' });
    expect(await claimsOf(order)).toBe(1);
  });

  test('and where it holds none the patient is free, and can be booked', async () => {
    const { order } = await unanswered({});
    await until(async () => (await claimsOf(order)) === 0);
    const [slot] = await scene.slots();
    expect(await scene.book(await venule.reaches(order.id, 'ordered'), slot)).toMatchObject({ status: 'scheduled' });
  });

  test('and what it did to a visit meanwhile is learned', async () => {
    const document = await scene.order();
    const [slot] = await scene.slots();
    const visit = await scene.book(document, slot);
    await endByHand(document.order);
    const held = await scene.heldFor(visit);
    await venule.atProvider(`/sandbox/phlebotomy/getlabs/appointments/${held.id}/simulate`, { status: 'completed' });
    await restart(document.order);
    await venule.reaches(document._id, 'draw_completed');
    await venule.simulate(document.order, { final_status: 'completed' });
    await venule.ended(document.order);
  });
});

test('G1: what a provider told a journey that ended before it had taken it in is told to the new one', async () => {
  const document = await scene.order();
  const [slot] = await scene.slots();
  const visit = await scene.book(document, slot);
  const held = await scene.heldFor(visit);
  // Temporal has the events and no worker ever sees them: only the dispatcher of a worker runs.
  await venule.stopWorker();
  const dispatcher = startAppointmentDispatcher({ ...venule, logger: pino({ level: 'silent' }) });
  try {
    await venule.atProvider(`/sandbox/phlebotomy/getlabs/appointments/${held.id}/simulate`, { status: 'completed' });
    const delivered = { appointment_id: visit.id, state: 'delivered' } as const;
    await until(async () => (await venule.store.phlebotomyEvents.countDocuments(delivered)) === 2);
  } finally {
    await dispatcher.stop();
  }
  await endByHand(document.order);
  await venule.startWorker();
  expect(await statuses(document.order)).not.toContain('draw_completed');
  // The provider, which is asked first, says nothing.
  await atGetlabs({ mode: 'down', calls: ['read'] });
  await restart(document.order);
  await venule.reaches(document._id, 'draw_completed');
  const appointment = await venule.store.appointments.findById(visit.id).orFail().lean();
  const told = appointment.events.map(({ status }) => status);
  expect([told.at(-1), new Set(told).size]).toEqual(['completed', told.length]);
});

describe('D7: a redraw', () => {
  async function redrawn(): Promise<{ order: Order; redraw: Order }> {
    const order = await placed('labcorp-thyroid-panel');
    await venule.deliver(lab, labMessage(venule.catalogue, order, { lost: { '3016-3': 'QS' } }));
    await venule.reaches(order.id, 'redraw_available');
    const { order: redraw } = await venule.redrawOf(order);
    await venule.reaches(redraw.id, 'requisition_created');
    return { order, redraw };
  }
  const outcome = async (order: Order) => (await venule.ended(order)).result();
  const complete = (redraw: Order) => venule.deliver(lab, labMessage(venule.catalogue, redraw));

  test('that was ended by hand and is started again brings its parent to its end', async () => {
    const { order, redraw } = await redrawn();
    await endByHand(redraw);
    await restart(redraw);
    await complete(redraw);
    expect(await outcome(order)).toMatchObject({ status: 'completed', orders: [{}, { last_status: 'completed' }] });
  });

  test('goes on while its parent is started again, and both come to their end', async () => {
    const { order, redraw } = await redrawn();
    await endByHand(order);
    await restart(order);
    await complete(redraw);
    expect(await outcome(order)).toMatchObject({ status: 'completed', orders: [{}, { last_status: 'completed' }] });
    expect(await venule.store.orders.countDocuments({ transaction_id: order.transaction_id })).toBe(2);
  });
});

test('a journey that is under way, or came to its end by itself, is not started again', async () => {
  const order = await placed();
  await expect(restart(order)).rejects.toThrow(CannotRestart);
  await venule.deliver(lab, labMessage(venule.catalogue, order));
  await venule.ended(order);
  await expect(restart(order)).rejects.toThrow('ended on its own');
  await expect(restart({ id: randomUUID() })).rejects.toThrow('There is no order');
});
