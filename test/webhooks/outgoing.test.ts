/** E3, E4, G4: what a transition has to tell travels in its order, and is moved from there; nothing is lost or told twice. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import type { Order } from '../../domain/orders/order.ts';
import type { Catalogue } from '../../store/catalogue/catalogue.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { Store } from '../../store/open.ts';
import { openOrder } from '../../store/orders/open-order.ts';
import { recordEvent } from '../../store/orders/record-event.ts';
import { moveAllOutgoing, moveOutgoing } from '../../store/outbox/outgoing.ts';
import { recoverDeliveries, resendOrderEvents } from '../../store/outbox/webhook-resend.ts';
import { requisitionCreated } from '../support/requisition-created.ts';
import { freshCatalogue } from '../support/running/fresh-store.ts';
import { anOrder } from '../support/running/in-process-venule.ts';
import { endpointAt } from './scene.ts';

const TEAM = 'team-of-the-test';
const NOWHERE = 'http://127.0.0.1:9/hook';

let store: Store;
let database: string;
let discard: () => Promise<void>;
let catalogue: Catalogue;
let endpoint: Awaited<ReturnType<typeof endpointAt>>;
beforeAll(async () => {
  ({ store, database, catalogue, discard } = await freshCatalogue());
  endpoint = await endpointAt(store, TEAM, NOWHERE);
});
afterAll(() => discard());

const open = async () => {
  const order = anOrder(catalogue, TEAM);
  await openOrder(store, catalogue, order);
  return order;
};
const documentOf = (order: Order) => collectionOf(store.orders).findOne({ _id: order.id });
const toldOf = async (order: Order) =>
  (await collectionOf(store.webhookMessages).find({ order_id: order.id }).sort({ event_number: 1 }).toArray()).map(
    ({ event_type, event_number, payload }) => [
      event_type,
      event_number,
      JSON.parse(payload).data.events.at(-1).status.split('.').at(-1),
    ],
  );
const auditOf = async (order: Order) =>
  (await collectionOf(store.audit).find({ order_id: order.id }).sort({ _id: 1 }).toArray()).map(({ action }) => action);
const firstDeliveriesOf = (order: Order) =>
  collectionOf(store.webhookDeliveries).countDocuments({
    _id: { $in: [1, 2].map((number) => `msg_order_${order.id}_${number}:${endpoint._id}`) },
  });

const BOTH_TOLD = [
  ['labtest.order.created', 1, 'ordered'],
  ['labtest.order.updated', 2, 'requisition_created'],
];
const BOTH_AUDITED = ['order.ordered', 'order.requisition_created'];

test('E3, G4: what is moved is on the disk before it leaves its order, or a database that is killed in between loses it', async () => {
  const order = await open();
  await recordEvent(store, catalogue, requisitionCreated(order));
  const { prototype } = mongo.Collection;
  const inserts = [jest.spyOn(prototype, 'insertOne'), jest.spyOn(prototype, 'insertMany')];
  const written = () => inserts.flatMap(({ mock }) => mock.calls.map(([, options]) => options?.writeConcern));
  try {
    await moveOutgoing(store, { orders: [order.id] });
    expect(written().length).toBeGreaterThanOrEqual(3);
    // None lowers what MongoDB does by default: a majority, with its journal.
    expect(written().every((concern) => concern === undefined)).toBe(true);
  } finally {
    for (const insert of inserts) insert.mockRestore();
  }
});

test('E3: until it is moved, what was told at each event waits in the order, as it was at that event', async () => {
  const order = await open();
  await recordEvent(store, catalogue, requisitionCreated(order));
  expect(await toldOf(order)).toEqual([]);
  const waiting = await documentOf(order);
  expect(waiting?.outgoing?.map(({ id }) => id)).toEqual(['1', '2']);

  expect(await moveOutgoing(store, { orders: [order.id] })).toBe(1);
  expect(await toldOf(order)).toEqual(BOTH_TOLD);
  expect(await auditOf(order)).toEqual(BOTH_AUDITED);
  expect(await firstDeliveriesOf(order)).toBe(2);
  const moved = await documentOf(order);
  expect(moved).not.toHaveProperty('outgoing');
  expect(moved).not.toHaveProperty('outgoing_at');
  expect(await moveOutgoing(store, { orders: [order.id] })).toBe(0);
});

test('E4: whoever resends or recovers an order has moved first what it was about to tell', async () => {
  const order = await open();
  expect(await resendOrderEvents(store, TEAM, { order_ids: [order.id] })).toEqual([order.id]);
  await recordEvent(store, catalogue, requisitionCreated(order));
  const since = { since: new Date(0), until: new Date(Date.now() + 60_000) };
  await recoverDeliveries(store, endpoint, since, { limit: 1000 });
  expect(await toldOf(order)).toEqual(BOTH_TOLD);
  expect(await firstDeliveriesOf(order)).toBe(2);
});

test('E4: an event that is recorded while the one before is moved stays for the next move', async () => {
  const order = await open();
  const bulkWrite = collectionOf(store.orders).bulkWrite.bind(collectionOf(store.orders));
  const meanwhile = jest.spyOn(collectionOf(store.orders), 'bulkWrite').mockImplementationOnce(async (...args) => {
    await recordEvent(store, catalogue, requisitionCreated(order));
    return bulkWrite(...args);
  });
  try {
    await moveOutgoing(store, { orders: [order.id] });
  } finally {
    meanwhile.mockRestore();
  }
  expect(await toldOf(order)).toEqual(BOTH_TOLD.slice(0, 1));
  expect((await documentOf(order))?.outgoing).toHaveLength(2);
  await moveAllOutgoing(store, { orders: [order.id] });
  expect(await toldOf(order)).toEqual(BOTH_TOLD);
  expect(await firstDeliveriesOf(order)).toBe(2);
});

test('E4: many move at once, many write at once: each event is told once', async () => {
  const orders = await Promise.all(Array.from({ length: 20 }, open));
  await Promise.all([
    ...orders.flatMap((order) => [1, 2].map(() => recordEvent(store, catalogue, requisitionCreated(order)))),
    ...Array.from({ length: 6 }, () => moveOutgoing(store, {}, 7)),
  ]);
  await Promise.all([1, 2, 3].map(() => moveAllOutgoing(store, { team: TEAM })));
  for (const order of orders) {
    expect(await toldOf(order)).toEqual(BOTH_TOLD);
    expect(await auditOf(order)).toEqual(BOTH_AUDITED);
    expect(await firstDeliveriesOf(order)).toBe(2);
    expect((await documentOf(order))?.events.map(({ number }) => number)).toEqual([1, 2]);
  }
});

/** What a worker of the version before does: the whole order anew, and its webhook beside it, in one transaction. */
async function recordAsBefore(order: Order, afterReading: () => Promise<void>): Promise<void> {
  let reads = 0;
  await store.connection.transaction(async (session) => {
    const before = await collectionOf(store.orders).findOne({ _id: order.id }, { session });
    if (!before) throw new Error('There is no order');
    reads += 1;
    if (reads === 1) await afterReading();
    if (before.events.some(({ number }) => number === 2)) return;
    const event = { ...requisitionCreated(order), created_at: new Date().toISOString() };
    const next = { ...before, events: [...before.events, event], last_status: 'requisition_created' };
    await store.connection.collection<{ _id: string }>('orders').replaceOne({ _id: order.id }, next, { session });
    const message = {
      _id: `msg_order_${order.id}_2`,
      team_id: TEAM,
      event_type: 'labtest.order.updated',
      payload: JSON.stringify({ data: { events: [{ status: 'received.walk_in_test.requisition_created' }] } }),
      order_id: order.id,
      event_number: 2,
      fanned_out: false,
      created_at: new Date(),
    };
    await store.connection
      .collection<{ _id: string }>('webhook_messages')
      .insertOne(message, { session, ignoreUndefined: true });
  });
  expect(reads).toBe(2);
}

test('E4: beside a worker of the version before, which writes whole orders, nothing is lost or comes back', async () => {
  const moved = await open();
  await recordAsBefore(moved, () => moveAllOutgoing(store, { orders: [moved.id] }));
  expect(await toldOf(moved)).toEqual(BOTH_TOLD);
  expect(await documentOf(moved)).not.toHaveProperty('outgoing');

  const recorded = await open();
  await recordAsBefore(recorded, async () => {
    await recordEvent(store, catalogue, requisitionCreated(recorded));
  });
  await moveAllOutgoing(store, { orders: [recorded.id] });
  expect(await toldOf(recorded)).toEqual(BOTH_TOLD);
  expect((await documentOf(recorded))?.events.map(({ number }) => number)).toEqual([1, 2]);
});

/** Runs the process that dies, and answers whether it did. */
async function diesAt(order: Order, command: number): Promise<boolean> {
  const program = join(import.meta.dirname, 'dies-at-a-command.ts');
  const child = spawn(process.execPath, [program, database, JSON.stringify(order), String(command)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`The process failed: ${said}`);
  return signal === 'SIGKILL';
}

test('E4, G4: killed before any command of writing, moving and resending, what was written is told once', async () => {
  let alive = 0;
  for (let command = 1; alive === 0; command += 2) {
    await Promise.all(
      [command, command + 1].map(async (number) => {
        const order = anOrder(catalogue, TEAM);
        if (!(await diesAt(order, number))) alive += 1;
        const held = await documentOf(order);
        await moveAllOutgoing(store, { team: TEAM });
        const events = held?.events.length ?? 0;
        expect(await toldOf(order)).toEqual(BOTH_TOLD.slice(0, events));
        expect(await auditOf(order)).toEqual(BOTH_AUDITED.slice(0, events));

        await openOrder(store, catalogue, order);
        await recordEvent(store, catalogue, requisitionCreated(order));
        await moveAllOutgoing(store, { team: TEAM });
        expect(await toldOf(order)).toEqual(BOTH_TOLD);
        expect(await auditOf(order)).toEqual(BOTH_AUDITED);
        expect(await firstDeliveriesOf(order)).toBe(2);
      }),
    );
    expect(command).toBeLessThan(60);
  }
});
