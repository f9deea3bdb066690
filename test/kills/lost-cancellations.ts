/**
 * Cancellations that a crash catches between their record and the end of the journey's task: nobody proposes them again.
 * Each is to be carried out all the same, and everything has to agree about every order afterward.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../local/parts/ports.ts';
import { startTemporal, temporalProgram } from '../../local/parts/temporal.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { closeStore, openStore, type Store } from '../../store/open.ts';
import { type SpawnedVenule, spawnVenule } from '../support/running/spawn-venule.ts';
import { until } from '../support/until.ts';
import { Caller } from './caller.ts';
import { Oracle } from './oracle.ts';
import type { Ending } from './scenarios.ts';

/** How long everything may take to agree, in milliseconds. */
const SETTLED_WITHIN = 150_000;

/** What happens at the first record of a cancellation. */
export const MISHAPS = [
  'Temporal is away',
  'Temporal and the API are killed',
  'the worker is killed, and a booking came after',
] as const;
export type Mishap = (typeof MISHAPS)[number];

/** How the mishaps are brought about. */
export interface LostCancellations {
  mishaps: readonly Mishap[];
  /** Orders for each mishap, and how many of them are canceled at once. */
  orders: number;
  atOnce: number;
  /** How long Temporal is away, in milliseconds: longer than the API tries. */
  away: number;
  /** Durations of the journeys' policy. */
  policy: object;
  /** An empty folder. */
  dataDir: string;
}

/** What came of them: `given_back` counts the events that journeys had lost; `faults` is empty when all is right. */
export interface Outcome {
  orders: number;
  given_back: number;
  faults: string[];
}

/** Runs on real processes of its own, and a Temporal that stays away for as long as it is told. */
export async function loseCancellations(
  { mishaps, orders, atOnce, away, policy, dataDir }: LostCancellations,
  tell: (line: string) => void = () => {},
): Promise<Outcome> {
  const options = {
    program: await temporalProgram(() => {}),
    port: await freePort(),
    namespace: 'default',
    databaseFile: join(dataDir, 'temporal-of-its-own.db'),
    logFile: join(dataDir, 'temporal-of-its-own.log'),
  };
  const start = async () => {
    const server = await startTemporal(options);
    await server.ready();
    return server;
  };
  let temporal = await start();
  const env = { TEMPORAL_ADDRESS: `127.0.0.1:${options.port}`, VENULE_POLICY: JSON.stringify(policy) };
  const venule = await spawnVenule({ dataDir, env });
  const store = await openStore(venule.addresses.mongodb);
  const caller = await Caller.of(() => venule);

  /** What dies, and what has come back when this resolves. */
  async function strike(mishap: Mishap): Promise<void> {
    if (mishap === 'the worker is killed, and a booking came after') return killAndAwait(venule, 'worker');
    process.kill(temporal.identity.pid, 'SIGKILL');
    if (mishap === 'Temporal and the API are killed') await killAndAwait(venule, 'api');
    await pause(away);
    temporal = await start();
  }

  async function batch(mishap: Mishap, size: number): Promise<Ending[]> {
    const isBooked = mishap === 'the worker is killed, and a booking came after';
    const ids = await Promise.all(Array.from({ length: size }, () => caller.order(isBooked ? 'atHome' : 'walkIn')));
    await Promise.all(ids.map((id) => caller.reaches(id, 'requisition_created')));
    const slots = isBooked ? await caller.slots() : [];
    const asked = ids.map(async (id, index) => {
      const answered = cancelOnce(venule, id);
      if (isBooked) {
        await pause(4 + (index * 18) / size);
        await caller.book(id, slots[index * 3] as string);
      }
      return answered;
    });
    await firstRecorded(store, ids);
    await strike(mishap);
    await Promise.all(asked);
    // Who sees the order canceled asks no more; the others ask until it is.
    const open = await collectionOf(store.orders)
      .find({ _id: { $in: ids }, last_status: { $ne: 'cancelled' } })
      .toArray();
    await Promise.all(open.map(({ _id }) => caller.cancel(_id)));
    return ids.map((orderId) => ({ scenario: mishap, orderId, initial: 'cancelled', redraw: null }));
  }

  try {
    const endings: Ending[] = [];
    for (const mishap of mishaps) {
      for (let left = orders; left > 0; left -= atOnce) {
        endings.push(...(await batch(mishap, Math.min(left, atOnce))));
        tell(`${mishap}: ${endings.length} orders canceled`);
      }
    }
    const faults = await settle(new Oracle(venule, caller), endings);
    return { orders: endings.length, given_back: givenBack(dataDir), faults };
  } finally {
    caller.close();
    await closeStore(store).catch(() => undefined);
    await venule.stop();
    process.kill(temporal.identity.pid, 'SIGKILL');
  }
}

/** One request, whatever becomes of it. */
async function cancelOnce({ apiUrl, apiKey }: SpawnedVenule, id: string): Promise<void> {
  const headers = { 'x-vital-api-key': apiKey };
  await fetch(`${apiUrl}/v3/order/${id}/cancel`, { method: 'POST', headers }).catch(() => undefined);
}

/** Resolves the moment one of the orders is recorded as canceled. */
async function firstRecorded(store: Store, ids: readonly string[]): Promise<void> {
  const isRecorded = () => collectionOf(store.orders).findOne({ _id: { $in: [...ids] }, last_status: 'cancelled' });
  const deadline = Date.now() + 30_000;
  while (!(await isRecorded())) {
    if (Date.now() > deadline) throw new Error('No cancellation was recorded');
  }
}

async function killAndAwait(venule: SpawnedVenule, part: 'worker' | 'api'): Promise<void> {
  const before = venule.pids()[part];
  await venule.kill(part);
  await until(() => venule.pids()[part] !== before, 90_000);
}

/** How many journeys were found to know less than is recorded, by the log of the workers. */
function givenBack(dataDir: string): number {
  const log = join(dataDir, 'logs', 'worker.log');
  return existsSync(log) ? readFileSync(log, 'utf8').split('"journey.behind"').length - 1 : 0;
}

/** What is still wrong when it had time to come right. */
async function settle(oracle: Oracle, endings: readonly Ending[]): Promise<string[]> {
  const deadline = Date.now() + SETTLED_WITHIN;
  for (;;) {
    const faults = await oracle.faults(endings).catch((error: Error) => [`could not be looked at: ${error.message}`]);
    if (faults.length === 0 || Date.now() > deadline) return faults;
    await pause(1_000);
  }
}
