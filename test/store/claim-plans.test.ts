/**
 * However much waits, taking the next of it looks at what is taken and nothing else: every operation of every claim is
 * found in the database's own profile, reads an index, sorts nothing in memory, and looks at as much with many rows
 * waiting as with few.
 */
import { BATCH, fillQueues, type Queue } from '../../bench/queues.ts';
import { type FreshStore, freshCatalogue } from '../support/running/fresh-store.ts';

const WAITING = { few: 100, many: 3_000 };

interface Profiled {
  op: string;
  ns: string;
  planSummary?: string;
  keysExamined?: number;
  docsExamined?: number;
  hasSortStage?: boolean;
}

const stores: FreshStore[] = [];
const queues: Partial<Record<keyof typeof WAITING, Queue[]>> = {};
beforeAll(async () => {
  for (const side of ['few', 'many'] as const) {
    const fresh = await freshCatalogue();
    stores.push(fresh);
    queues[side] = await fillQueues(fresh.store, fresh.catalogue, WAITING[side]);
  }
}, 300_000);
afterAll(async () => {
  for (const { discard } of stores) await discard();
});

/** What the database did for one claim, operation by operation. */
async function operationsOf({ store }: FreshStore, queue: Queue): Promise<Profiled[]> {
  const { db } = store.connection;
  await db?.command({ profile: 2 });
  const taken = await queue.take();
  await db?.command({ profile: 0 });
  const profile = store.connection.collection<Profiled>('system.profile');
  const operations = await profile
    .find({ ns: { $not: /system\.profile$/ } })
    .sort({ ts: 1 })
    .toArray();
  await profile.drop();
  await queue.putBack?.();
  expect(taken).toBeGreaterThan(0);
  return operations.filter(({ planSummary }) => planSummary !== undefined);
}
const PLACES = { few: 0, many: 1 } as const;
const QUEUES = [
  'a laboratory report',
  'a report that was read anew',
  'a rejection of an accepted order',
  "a phlebotomy provider's event",
  'what orders have others told',
  'what one order has others told',
  'an order whose journey is asked',
  'messages to be fanned out',
  'endpoints that deliveries are due to',
  'deliveries to one endpoint',
  'an idempotency key',
  "a patient's one appointment, and giving it back",
];

test('every queue that can be filled is looked at', () => {
  expect(queues.many?.map(({ what }) => what)).toEqual(QUEUES);
});

test.each(QUEUES)('%s is taken without looking at what else waits', async (what) => {
  const looked = async (side: keyof typeof WAITING) => {
    const queue = queues[side]?.find((each) => each.what === what) as Queue;
    return operationsOf(stores[PLACES[side]] as FreshStore, queue);
  };
  const [few, many] = [await looked('few'), await looked('many')];
  const work = (operations: Profiled[]) =>
    operations.map(({ op, ns, planSummary, docsExamined }) => ({
      op,
      collection: ns.split('.')[1],
      planSummary,
      docsExamined,
    }));
  expect(work(many)).toEqual(work(few));
  expect(many.length).toBeGreaterThan(0);
  for (const { planSummary, hasSortStage, keysExamined, docsExamined } of many) {
    expect(planSummary).toMatch(/^(IXSCAN|DISTINCT_SCAN|IDHACK)/);
    expect(hasSortStage).toBeUndefined();
    expect(docsExamined).toBeLessThanOrEqual(BATCH);
    // Of ids in a list, each is looked for and found, which may be two keys.
    expect(keysExamined ?? 0).toBeLessThanOrEqual(2 * BATCH + 1);
  }
});
