/**
 * An installation of an earlier version, with open orders of each kind, starts on today's without a manual step, and every
 * order goes on from where it was. Recorded by `scripts/record-installation.ts` with the code of that version.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { JunctionClient } from '@junction-api/sdk';
import { BSON, MongoClient } from 'mongodb';
import { MIGRATIONS } from '../../store/migrations/index.ts';
import { freshDatabase } from '../support/running/fresh-store.ts';
import { type SpawnedVenule, spawnVenule } from '../support/running/spawn-venule.ts';
import { until } from '../support/until.ts';

interface Installation {
  orders: Record<'walk_in' | 'partial' | 'redrawn' | 'redraw' | 'completed' | 'at_home' | 'booked', string>;
  /** Of MongoDB, as extended JSON. */
  collections: Record<string, BSON.Document[]>;
  /** Of the data folder, in base64. */
  files: Record<string, string>;
}

const RECORDED = join(import.meta.dirname, '../installations/before-migrations.json.gz');
const { orders, collections, files } = BSON.EJSON.parse(gunzipSync(readFileSync(RECORDED)).toString(), {
  relaxed: false,
}) as Installation;

const dataDir = mkdtempSync(join(tmpdir(), 'venule-upgrade-'));
const database = freshDatabase();
const mongodb = new MongoClient(database);
let venule: SpawnedVenule;
let client: JunctionClient;

beforeAll(async () => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(dataDir, dirname(path)), { recursive: true });
    writeFileSync(join(dataDir, path), Buffer.from(content, 'base64'), { mode: 0o600 });
  }
  for (const [name, documents] of Object.entries(collections)) {
    if (documents.length > 0) await mongodb.db().collection(name).insertMany(documents);
  }
  venule = await spawnVenule({ dataDir, env: { MONGODB_URI: database } });
  client = new JunctionClient({ apiKey: venule.apiKey, baseUrl: venule.apiUrl });
}, 300_000);

afterAll(async () => {
  await venule?.stop();
  await mongodb.db().dropDatabase();
  await mongodb.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const statusesOf = async (orderId: string) =>
  (await client.labTests.getOrder({ orderId })).events.map(({ status }) => status.split('.').at(-1));
const reaches = (orderId: string, status: string) =>
  until(async () => (await statusesOf(orderId)).includes(status), 60_000);

test('an order that waited for its draw, and one with a part of its results, are completed', async () => {
  for (const orderId of [orders.walk_in, orders.partial]) {
    await client.labTests.simulateOrderProcess({ orderId, body: {} });
    await reaches(orderId, 'completed');
    expect((await client.labTests.getResultRaw({ orderId })).missingResults ?? []).toEqual([]);
  }
  expect(await statusesOf(orders.partial)).toEqual(['ordered', 'requisition_created', 'partial_results', 'completed']);
}, 180_000);

test('an open redraw brings what its first sample lacked', async () => {
  await client.labTests.simulateOrderProcess({ orderId: orders.redraw, body: {} });
  await reaches(orders.redraw, 'completed');
  const order = await client.labTests.getOrder({ orderId: orders.redrawn });
  const transactionId = order.orderTransaction?.id ?? '';
  await until(async () => (await client.orderTransaction.getTransaction({ transactionId })).status === 'completed');
  expect((await client.orderTransaction.getTransactionResult({ transactionId })).missingResults ?? []).toEqual([]);
}, 120_000);

test('orders that are drawn at home, with a visit and without, are canceled', async () => {
  expect(await statusesOf(orders.booked)).toContain('appointment_scheduled');
  for (const orderId of [orders.at_home, orders.booked]) {
    await client.labTests.cancelOrder({ orderId });
    await reaches(orderId, 'cancelled');
  }
}, 120_000);

test('an order that was over is as it was, and found', async () => {
  expect((await statusesOf(orders.completed)).at(-1)).toBe('completed');
  const pdf = await client.labTests.getResultPdf({ orderId: orders.completed });
  expect(
    Buffer.from(await pdf.arrayBuffer())
      .subarray(0, 5)
      .toString(),
  ).toBe('%PDF-');
  const { orders: found } = await client.labTests.getOrders({ searchInput: 'robin', size: 100 });
  expect(found.map(({ id }) => id)).toEqual(expect.arrayContaining(Object.values(orders)));
});

test('every migration has been gone through, and is recorded', async () => {
  const recorded = () =>
    mongodb
      .db()
      .collection('migrations')
      .find({ passes: { $gt: 0 } })
      .toArray();
  await until(async () => (await recorded()).length === MIGRATIONS.length);
});
