/**
 * Records an installation with open orders of each kind, as this version stores it, for `test/local/upgrade.test.ts`:
 * `node scripts/record-installation.ts test/installations/<name>.json.gz`. Run with the code of the version to record.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Junction, JunctionClient } from '@junction-api/sdk';
import { BSON, MongoClient } from 'mongodb';
import { ROBIN } from '../test/support/customer.ts';
import { spawnVenule } from '../test/support/running/spawn-venule.ts';
import { until } from '../test/support/until.ts';

const YEARS = 20 * 365 * 24 * 3_600_000;
/** Orders stay open for however long the recording lies around. */
const POLICY = {
  requisition_valid: { walk_in_test: YEARS, at_home_phlebotomy: YEARS },
  results_awaited_longer: YEARS,
  draw_inferred_after: YEARS,
};

/** Files of the data folder that an installation needs; MongoDB's are recorded as documents. */
const KEPT = /^(temporal\.db|codec-keys|[\w-]+-key|sandbox-[\w-]+|sandbox\/.*)$/;

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('Usage: node scripts/record-installation.ts <file.json.gz>');
const dataDir = mkdtempSync(join(tmpdir(), 'venule-record-'));
const venule = await spawnVenule({ dataDir, env: { VENULE_POLICY: JSON.stringify(POLICY) } });
const client = new JunctionClient({ apiKey: venule.apiKey, baseUrl: venule.apiUrl });
const user = await client.user.create({ clientUserId: 'recorded' });

async function place(slug: string | null, collectionMethod: Junction.LabTestCollectionMethod): Promise<string> {
  const tests = await client.labTests.get({ labSlug: 'labcorp', collectionMethod });
  const test = tests.find((each) => slug === null || each.slug === slug);
  const { order } = await client.labTests.createOrder({
    userId: user.userId,
    orderSet: { labTestIds: [test?.id ?? ''] },
    collectionMethod,
    ...ROBIN,
  });
  await reaches(order.id, 'requisition_created');
  return order.id;
}

const reaches = (orderId: string, status: string) =>
  until(async () => {
    const order = await client.labTests.getOrder({ orderId });
    return order.events.some((event) => event.status.endsWith(`.${status}`)) && order;
  }, 60_000);

const PANEL = 'labcorp-wellness-panel';

/** Places the orders, and takes each as far as it is to be. */
async function placeAll() {
  const walk_in = await place(PANEL, 'walk_in_test');
  const partial = await place(PANEL, 'walk_in_test');
  await client.labTests.simulateOrderProcess({
    orderId: partial,
    finalStatus: 'sample_with_lab.walk_in_test.partial_results',
    body: {},
  });
  await reaches(partial, 'partial_results');
  const redrawn = await place(PANEL, 'walk_in_test');
  await client.labTests.simulateOrderProcess({ orderId: redrawn, body: { hasMissingResults: true } });
  const { orderTransaction } = await reaches(redrawn, 'redraw_available');
  const redraw = orderTransaction?.orders?.at(-1)?.id ?? '';
  await reaches(redraw, 'requisition_created');
  const completed = await place(PANEL, 'walk_in_test');
  await client.labTests.simulateOrderProcess({ orderId: completed, body: {} });
  await reaches(completed, 'completed');
  const at_home = await place(null, 'at_home_phlebotomy');
  const booked = await place(null, 'at_home_phlebotomy');
  const { firstLine, city, state, zip: zipCode } = ROBIN.patientAddress;
  const { slots } = await client.labTests.getPhlebotomyAppointmentAvailability({
    body: { firstLine, city, state, zipCode },
  });
  const bookingKey = slots.flatMap((day) => day.slots).at(-1)?.bookingKey ?? '';
  await client.labTests.bookPhlebotomyAppointment({ orderId: booked, body: { bookingKey } });
  await reaches(booked, 'appointment_scheduled');
  return { walk_in, partial, redrawn, redraw, completed, at_home, booked };
}

async function readCollections(): Promise<Record<string, unknown>> {
  const mongodb = await MongoClient.connect(venule.addresses.mongodb);
  const collections: Record<string, unknown> = {};
  for (const { collectionName } of await mongodb.db().collections()) {
    collections[collectionName] = await mongodb.db().collection(collectionName).find().toArray();
  }
  await mongodb.close();
  return collections;
}

const recorded = await (async () => ({ orders: await placeAll(), collections: await readCollections() }))().finally(
  () => venule.stop(),
);

const files: Record<string, string> = {};
for (const entry of readdirSync(dataDir, { recursive: true, withFileTypes: true })) {
  const path = relative(dataDir, join(entry.parentPath, entry.name));
  if (entry.isFile() && KEPT.test(path)) files[path] = readFileSync(join(dataDir, path)).toString('base64');
}
rmSync(dataDir, { recursive: true });
writeFileSync(target, gzipSync(BSON.EJSON.stringify({ ...recorded, files }, { relaxed: false }), { level: 9 }));
