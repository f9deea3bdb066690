/** `admin order` and `admin message`, on journeys that run. */

import type { Order } from '../../domain/orders/order.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { findOrdersBy } from '../../store/orders/lists/find-orders.ts';
import { moveAllOutgoing } from '../../store/outbox/outgoing.ts';
import { runAdmin } from '../support/running/admin-program.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { until } from '../support/until.ts';
import { endpointAt } from '../webhooks/scene.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const admin = (...args: string[]) => runAdmin(args, venule.environment);
async function json(...args: string[]) {
  const { code, out, err } = await admin('--json', ...args);
  if (code !== 0) throw new Error(err);
  return JSON.parse(out);
}

/** An order that its lab has taken and whose patient was told. */
async function placed(): Promise<Order> {
  const order = await venule.place();
  await venule.reaches(order.id, 'requisition_created');
  await until(() => collectionOf(venule.store.toldMessages).findOne({ order_id: order.id }));
  return order;
}

describe('admin order find', () => {
  test('finds an order by every id of it, the beginning of it, a name and the birth date of the patient', async () => {
    const order = await placed();
    const { patient } = order;
    const all = [
      order.id,
      order.id.slice(0, 8),
      order.transaction_id.slice(0, 13),
      order.user_id,
      order.placer_order_number,
      order.placer_order_number.toLowerCase(),
      patient.last_name.slice(0, 4),
      `${patient.first_name} ${patient.last_name}`.toUpperCase(),
      patient.dob,
    ];
    for (const known of all) {
      const found = await findOrdersBy(venule.store, known, 20);
      expect([known, found.map(({ _id }) => _id)]).toEqual([known, expect.arrayContaining([order.id])]);
    }
    for (const known of ['nobody by this name', '.*', '', '^a|b']) {
      expect(await findOrdersBy(venule.store, known, 20)).toEqual([]);
    }
  });

  test('shows the team by name beside its id', async () => {
    const order = await placed();
    const { out } = await admin('order', 'find', order.id);
    expect(out).toContain(`Northwind Health (${order.team_id})`);
  });
});

test('admin order timeline tells everything of an order in the order of time, and who did it', async () => {
  const order = await placed();
  await venule.simulate(order, { final_status: 'completed' });
  await venule.reaches(order.id, 'completed');
  const { timeline, ...shown } = await json('order', 'timeline', order.placer_order_number);
  expect(shown).toMatchObject({ id: order.id, status: 'completed', transaction: order.transaction_id });
  const what = timeline.map((entry: { what: string }) => entry.what);
  const expected = ['order.ordered', 'order.requisition_created', 'email.requisition_ready', 'report.received'];
  for (const each of [...expected, 'order.completed', 'webhook.labtest.order.updated']) expect(what).toContain(each);
  expect(what.indexOf('order.completed')).toBeGreaterThan(what.indexOf('report.received'));
  const times = timeline.map(({ at }: { at: string }) => at);
  expect(times).toEqual([...times].sort());
  expect(timeline.find((entry: { what: string }) => entry.what === 'order.completed').by).toMatch(/^\w+ \S/);
});

describe('admin order cancel', () => {
  test('G4: cancels the order through its journey, in the operator’s name, with the reason', async () => {
    const order = await placed();
    expect(await json('order', 'cancel', order.id, '--reason', 'ordered twice')).toEqual({
      id: order.id,
      status: 'cancelled',
    });
    await venule.reaches(order.id, 'cancelled');
    expect((await venule.atLab(order)).state).toBe('cancelled');
    await moveAllOutgoing(venule.store, { orders: [order.id] });
    const entries = await collectionOf(venule.store.audit).find({ order_id: order.id, 'by.kind': 'person' }).toArray();
    expect(entries.map(({ action }) => action).sort()).toEqual(['order.cancelled', 'order.cancelled_by_hand']);
    expect(entries.find(({ action }) => action === 'order.cancelled_by_hand')?.detail).toEqual({
      reason: 'ordered twice',
    });
  });

  test('is refused in words where the order has come too far, or where more than one order is meant', async () => {
    const order = await placed();
    await venule.simulate(order, { final_status: 'completed' });
    await venule.reaches(order.id, 'completed');
    const late = await admin('order', 'cancel', order.id);
    expect(late).toMatchObject({ code: 1, err: expect.stringContaining('completed') });
    expect(late.err).not.toMatch(/ at .*\.ts:/);
    await placed();
    const several = await admin('order', 'cancel', order.patient.last_name);
    expect(several).toMatchObject({ code: 1, err: expect.stringContaining('more than one order') });
  });
});

test('E4: admin order resend puts the latest event on its way again', async () => {
  const order = await placed();
  await endpointAt(venule.store, order.team_id, 'https://receiver.example/hook');
  expect(await json('order', 'resend', order.id)).toEqual({ id: order.id });
  await moveAllOutgoing(venule.store, { orders: [order.id] });
  const latest = await collectionOf(venule.store.webhookMessages).findOne(
    { order_id: order.id },
    { sort: { event_number: -1 } },
  );
  expect(await collectionOf(venule.store.webhookDeliveries).countDocuments({ message_id: latest?._id })).toBe(1);
  expect(await collectionOf(venule.store.audit).countDocuments({ order_id: order.id, action: 'order.resent' })).toBe(1);
});

test('F10: admin order restart starts the journey again that was ended by hand, in the operator’s name, and no other', async () => {
  const order = await placed();
  const early = await admin('order', 'restart', order.id);
  expect(early).toMatchObject({ code: 1, out: '', err: expect.stringContaining('is running') });
  await venule.workflow(order).terminate('by hand');
  expect(await json('order', 'restart', order.placer_order_number)).toEqual({ id: order.id });
  await venule.simulate(order, { final_status: 'completed' });
  await venule.ended(order);
  const noted = await collectionOf(venule.store.audit)
    .find({ order_id: order.id, action: 'journey.restarted' })
    .toArray();
  expect(noted).toMatchObject([{ by: { kind: 'person' }, team_id: order.team_id }]);
  expect((await admin('order', 'restart', order.id)).err).toContain('ended on its own');
});

test('admin message lists what was sent and what was held back of an order, without its text', async () => {
  const order = await placed();
  const messages = await json('message', 'list', '--order', order.id);
  expect(messages).toContainEqual(
    expect.objectContaining({ way: 'email', kind: 'requisition_ready', outcome: 'sent', order: order.id }),
  );
  expect(await json('message', 'list', '--order', order.id, '--held')).toEqual([]);
  expect(JSON.stringify(messages)).not.toContain(order.patient.email);
});

describe('6.4: orders from a version that took test kits', () => {
  test('are listed while they are open, and canceled together; others stay', async () => {
    const kit = await venule.place({ labTest: 'ussl-metabolic-health-kit' });
    const later = await venule.place({ labTest: 'ussl-metabolic-health-kit' });
    const onSite = await venule.place({ labTest: 'labcorp-wellness-panel-on-site' });
    await Promise.all([kit, later, onSite].map(({ id }) => venule.reaches(id, 'requisition_created')));
    const listed = (order: Order) => ({ id: order.id, method: 'testkit', status: 'requisition_created' });
    expect(await json('order', 'unserved')).toMatchObject([listed(kit), listed(later)]);
    expect(await json('order', 'unserved', '--limit', '1')).toMatchObject([listed(kit)]);
    const { canceled } = await json('order', 'cancel-unserved', '--reason', 'no journey yet');
    expect(canceled).toBe(2);
    for (const { id } of [kit, later]) await venule.reaches(id, 'cancelled');
    expect(await json('order', 'unserved')).toEqual([]);
    const document = await venule.store.orders.findById(onSite.id).orFail().lean();
    expect(document.last_status).toBe('requisition_created');
  });
});
