/** Journeys side by side while parts die at random, by a seed; then everything is compared with everything. */
import { setTimeout as pause } from 'node:timers/promises';
import { collectionOf } from '../../store/collections/define.ts';
import { closeStore, openStore, type Store } from '../../store/open.ts';
import { type PartName, type SpawnedVenule, spawnVenule } from '../support/running/spawn-venule.ts';
import { until } from '../support/until.ts';
import { Caller } from './caller.ts';
import { Oracle } from './oracle.ts';
import { Chance } from './random.ts';
import { type Ending, SCENARIOS } from './scenarios.ts';

/** Journeys at a time. */
const LANES = 5;
/** How long a part may take to come back, in milliseconds. */
const BACK_WITHIN = 90_000;
/** How long everything may take to agree after the last journey, in milliseconds: what died is found dead by time-outs. */
const SETTLED_WITHIN = 150_000;

/** What dies, and how often against the others. */
const VICTIMS: Record<PartName, number> = { worker: 6, api: 4, sandbox: 2, temporal: 2, mongodb: 2, mail: 1 };

/** What died is found to be dead after seconds, as it would be after a quarter of a minute otherwise. */
const IMPATIENT = {
  partner_call: 1_500,
  partner_retry_first: 100,
  partner_retry_longest: 500,
  expiry_grace: 200,
};

export interface Outcome {
  orders: number;
  kills: Record<string, number>;
  /** How often each scenario was walked. */
  walked: Record<string, number>;
  /** What is wrong, a line each; nothing when all is well. */
  faults: string[];
}

/**
 * Runs one campaign on real processes of its own.
 * @param kills how many processes die
 * @param dataDir an empty folder for it
 * @param look called when everything has been compared, with the database and a way to compare again
 * @param tell called with a line of progress now and then
 */
export async function runCampaign(
  {
    seed,
    kills,
    dataDir,
    look,
  }: {
    seed: number;
    kills: number;
    dataDir: string;
    look?: (store: Store, compare: () => Promise<string[]>) => Promise<void>;
  },
  tell: (line: string) => void = () => {},
): Promise<Outcome> {
  const chance = new Chance(seed);
  const venule = await spawnVenule({ dataDir, env: { VENULE_POLICY: JSON.stringify(IMPATIENT) } });
  const caller = await Caller.of(() => venule);
  try {
    let over = false;
    const endings: Ending[] = [];
    const names = Object.keys(SCENARIOS);
    let next = 0;
    const lane = async () => {
      // Every scenario is walked at least once.
      while (!over || next < names.length) {
        const scenario = names[next++ % names.length] as string;
        endings.push({ scenario, ...(await (SCENARIOS[scenario] as (typeof SCENARIOS)[string])(caller, chance)) });
      }
    };
    const lanes = Promise.all(Array.from({ length: LANES }, lane));
    lanes.catch(() => {});
    const killed: Record<string, number> = {};
    for (let count = 0; count < kills; count += 1) {
      await furtherBy(venule, caller, chance.between(1, 5));
      await pause(chance.between(0, 60));
      const victims = new Set([chance.weighted(VICTIMS), ...(chance.next() < 0.2 ? [chance.weighted(VICTIMS)] : [])]);
      await Promise.all([...victims].map((part) => killAndAwait(venule, part)));
      for (const part of victims) killed[part] = (killed[part] ?? 0) + 1;
      tell(`kill ${count + 1} of ${kills}: ${[...victims].join(' and ')}`);
    }
    over = true;
    await lanes;
    const walked: Record<string, number> = {};
    for (const { scenario } of endings) walked[scenario] = (walked[scenario] ?? 0) + 1;
    tell(`${endings.length} journeys have ended; comparing store, journey, lab, provider, mail, webhooks and audit`);
    const oracle = new Oracle(venule, caller);
    const faults = await settle(oracle, endings);
    if (look) {
      const store = await openStore(venule.addresses.mongodb);
      await look(store, () => oracle.faults(endings)).finally(() => closeStore(store));
    }
    return { orders: endings.length, kills: killed, walked, faults };
  } finally {
    caller.close();
    await venule.stop();
  }
}

async function killAndAwait(venule: SpawnedVenule, part: PartName): Promise<void> {
  const before = venule.pids()[part];
  await venule.kill(part);
  await until(() => venule.pids()[part] !== before, BACK_WITHIN);
}

/** Waits until that many more events have been recorded, but not for long: everybody may be waiting for a part. */
async function furtherBy(venule: SpawnedVenule, caller: Caller, events: number): Promise<void> {
  const store = await openStore(venule.addresses.mongodb).catch(() => null);
  if (!store) return;
  const count = async () => {
    const own = await collectionOf(store.orders)
      .aggregate<{ events: number }>([
        { $match: { user_id: { $in: caller.users } } },
        { $group: { _id: null, events: { $sum: { $size: '$events' } } } },
      ])
      .toArray();
    return own[0]?.events ?? 0;
  };
  try {
    const before = await count();
    await until(async () => (await count()) >= before + events, 10_000);
  } catch {
    // MongoDB is away, or nothing goes on: the next kill comes all the same.
  } finally {
    await closeStore(store).catch(() => undefined);
  }
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
