/** C2: a worker killed between a provider's yes and our record of it leaves no orphan and no double. On real processes. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { JunctionClient, JunctionError } from '@junction-api/sdk';
import { isActive } from '../../../domain/appointments/appointment.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import { closeStore, openStore, type Store } from '../../../store/open.ts';
import { type SpawnedVenule, spawnVenule } from '../../support/running/spawn-venule.ts';
import { AT_HOME_TEST, orderBySdk, PHOENIX } from '../../support/sdk-order.ts';
import { until } from '../../support/until.ts';

const KILLS = 20;
/** Each kill comes so much later after the provider's yes than the one before, in milliseconds. */
const LATER_BY = 3;

/** What died with a worker is found to be dead after seconds, as it would be after a quarter of a minute otherwise. */
const IMPATIENT = { partner_call: 2_000, partner_retry_first: 100, partner_retry_longest: 500 };

interface Held {
  reference: string;
  status: string;
}

const dataDir = mkdtempSync(join(tmpdir(), 'venule-booking-kills-'));
let venule: SpawnedVenule;
let store: Store;
let sdk: JunctionClient;

beforeAll(async () => {
  venule = await spawnVenule({ dataDir, env: { VENULE_POLICY: JSON.stringify(IMPATIENT) } });
  store = await openStore(venule.addresses.mongodb);
  sdk = new JunctionClient({ apiKey: venule.apiKey, baseUrl: venule.apiUrl });
}, 300_000);

afterAll(async () => {
  if (store) await closeStore(store);
  await venule?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** An order of a patient of its own, with its requisition. */
async function order(): Promise<{ id: string; userId: string }> {
  const { id, userId } = await orderBySdk(sdk, AT_HOME_TEST);
  await until(async () => (await sdk.labTests.getOrder({ orderId: id })).events.length >= 2);
  return { id, userId };
}

/** One key for each booking, no slot twice. */
async function bookingKeys(count: number): Promise<string[]> {
  const { zip: zipCode, country: _, ...address } = PHOENIX;
  const { slots } = await sdk.labTests.getPhlebotomyAppointmentAvailability({ body: { ...address, zipCode } });
  const keys = slots.slice(1).flatMap((day) => day.slots.map((slot) => String(slot.bookingKey)));
  return keys.slice(0, count);
}

/** Books with one idempotency key for as long as nobody says yes or no. */
async function bookInsistently(orderId: string, bookingKey: string): Promise<void> {
  const once = { headers: { 'X-Idempotency-Key': randomUUID() }, maxRetries: 0 };
  const deadline = Date.now() + 300_000;
  for (;;) {
    try {
      await sdk.labTests.bookPhlebotomyAppointment({ orderId, body: { bookingKey } }, once);
      return;
    } catch (error) {
      const status = error instanceof JunctionError ? (error.statusCode ?? 599) : 0;
      const isRefused = status < 500 && status !== 409 && status !== 429;
      if (isRefused || Date.now() > deadline) throw error;
      await pause(200);
    }
  }
}

async function atProvider(): Promise<Held[]> {
  const key = readFileSync(join(dataDir, 'sandbox-phlebotomy-key'), 'utf8').trim();
  const answer = await fetch(`${venule.addresses.sandbox}/sandbox/phlebotomy/getlabs/appointments`, {
    headers: { authorization: `Bearer ${key}` },
  });
  return ((await answer.json()) as { appointments: Held[] }).appointments;
}

const activeAtProvider = async () => (await atProvider()).filter(({ status }) => status !== 'cancelled');
const activeWithUs = async () => (await collectionOf(store.appointments).find({}).toArray()).filter(isActive);

test(`C2: the worker is killed ${KILLS} times around bookings: no orphan and no double booking at the provider`, async () => {
  const orders = await Promise.all(Array.from({ length: KILLS }, order));
  const keys = await bookingKeys(KILLS);
  const bookings: Promise<void>[] = [];
  let betweenYesAndRecord = 0;
  for (const [index, { id }] of orders.entries()) {
    const booked = (await atProvider()).length;
    bookings.push(bookInsistently(id, keys[index] as string));
    await until(async () => (await atProvider()).length > booked);
    await pause(index * LATER_BY);
    const { worker } = venule.pids();
    await venule.kill('worker');
    if ((await activeAtProvider()).length > (await activeWithUs()).length) betweenYesAndRecord += 1;
    await until(() => venule.pids().worker !== worker);
  }
  await Promise.all(bookings);
  expect(betweenYesAndRecord).toBeGreaterThan(0);

  await until(async () => (await activeAtProvider()).length === (await activeWithUs()).length);
  const ours = await activeWithUs();
  const references = (await activeAtProvider()).map(({ reference }) => reference);
  expect(references.sort()).toEqual(ours.map(({ _id }) => _id).sort());
  expect(ours.map(({ user_id }) => user_id).sort()).toEqual(orders.map(({ userId }) => userId).sort());
}, 900_000);
