import type { Order } from '../../domain/orders/order.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { currentDetails, stateOf } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';

const DAY = 86_400_000;

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

/** An order that goes out so many milliseconds from now. */
function placeFor(activationIn: number, changes: Partial<Order> = {}): Promise<Order> {
  const activateAt = new Date(Date.now() + activationIn).toISOString();
  return venule.place({ activate_by: activateAt.slice(0, 10), activate_at: activateAt, ...changes });
}

describe('F2: an order with activate_by', () => {
  test('waits in ordered until its day begins, and then goes to the lab', async () => {
    const order = await placeFor(1500);
    const { events } = await venule.reaches(order.id, 'requisition_created');
    const requisition = events.find(({ status }) => status === 'requisition_created');
    expect(Date.parse(requisition?.created_at ?? '')).toBeGreaterThanOrEqual(Date.parse(order.activate_at ?? ''));
  });

  test('says what it waits for, and the lab hears nothing before', async () => {
    const order = await placeFor(DAY);
    await until(async () => (await stateOf(venule.workflow(order))).waiting_for.startsWith('its activation'));
    expect(await currentDetails(venule.workflow(order))).toContain(`its activation on ${order.activate_by}`);
    expect(await venule.reaches(order.id, 'ordered')).toMatchObject({ last_status: 'ordered' });
    await expect(venule.atLab(order)).rejects.toThrow('has no order');
  });

  test('can be cancelled while it waits, and the lab never hears of it', async () => {
    const order = await placeFor(DAY);
    await venule.journeys.cancel(await venule.reaches(order.id, 'ordered'));
    await venule.ended(order);
    const { events } = await venule.reaches(order.id, 'cancelled');
    expect(events.map(({ status }) => status)).toEqual(['ordered', 'cancelled']);
    await expect(venule.atLab(order)).rejects.toThrow('has no order');
  });

  test('goes out at once when its day began while no worker ran', async () => {
    const order = await placeFor(-1000, { created_at: new Date(Date.now() - DAY).toISOString() });
    await venule.reaches(order.id, 'requisition_created');
  });
});

test('F3: an order whose check fails after its acceptance is cancelled, and everybody can read why', async () => {
  await venule.stopWorker();
  const order = await venule.place();
  const toSuspended = { $set: { status: 'suspended' as const } };
  await venule.store.labAccounts.updateOne({ _id: order.lab_account_id }, toSuspended);
  await venule.startWorker();

  const reason = `Lab account ${order.lab_account_id} is not active`;
  const { events } = await venule.reaches(order.id, 'cancelled');
  expect(events.at(-1)).toMatchObject({ status: 'cancelled', status_detail: null, reason });

  const workflow = await venule.ended(order);
  expect(await currentDetails(workflow)).toContain(reason);
  expect((await stateOf(workflow)).events.at(-1)).toMatchObject({ reason });
  const webhooks = await venule.webhooks(order.id);
  expect(JSON.stringify(webhooks.at(-1)?.body)).toContain(reason);
  await expect(venule.atLab(order)).rejects.toThrow('has no order');
  await until(() => venule.mails.some(({ subject }) => subject === '[Sandbox] Your lab order was canceled'));
});
