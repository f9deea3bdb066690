/**
 * What is taken from MongoDB's queues, with 100 rows waiting in each and with many: every claim and look-up of
 * bench/queues.ts, made by the product's own functions in this process, in two databases on the same server, turn by turn.
 * What was taken is put back behind all others, which is not timed, so that many waiting rows stay many and none is taken
 * twice in a row. What each claim looks at is counted in `npm test` (test/store/claim-plans.test.ts).
 */
import { loadCatalogue, seedCatalogue } from '../../store/catalogue/catalogue.ts';
import { closeStore, openStore, type Store } from '../../store/open.ts';
import type { Measurement } from '../measurement.ts';
import type { Parts } from '../parts.ts';
import { fillQueues, type Queue } from '../queues.ts';
import { quantile } from '../statistics.ts';
import { inTurn } from '../turns.ts';

const FEW = 100;
const BUDGETS = { p99: { atMost: 1.5 }, p95Ms: { atMost: 100 } };

interface Loaded {
  store: Store;
  queues: Queue[];
  /** How long it took to fill them, in seconds. */
  seconds: number;
}

/** @param many How many rows wait in each queue, @param turns how often each is taken from. */
export async function claims(
  parts: Parts,
  { many: count, turns }: { many: number; turns: number },
  progress: (line: string) => void,
): Promise<Measurement[]> {
  const uri = new URL(parts.env.MONGODB_URI as string);
  uri.pathname += '-few';
  const other = await openStore(uri.href);
  try {
    const [few, many] = [await loaded(other, FEW), await loaded(parts.store, count)];
    const disk = `${(await diskMb(parts.store)).toFixed(0)} MB on disk, filled in ${many.seconds.toFixed(0)} s`;
    progress(`${count} rows in each of ${many.queues.length} queues: ${disk}`);

    const p95s: number[] = [];
    const measurements: Measurement[] = [];
    for (const [index, queue] of many.queues.entries()) {
      const sides = { few: few.queues[index] as Queue, many: queue };
      const ms: Record<keyof typeof sides, number[]> = { few: [], many: [] };
      for (let turn = -turns / 10; turn < turns; turn += 1) {
        for (const side of inTurn<keyof typeof sides>(turn, ['few', 'many'])) {
          const took = await timed(sides[side]);
          if (turn >= 0) ms[side].push(took);
        }
      }
      const at = (side: keyof typeof sides, share: number) => quantile(ms[side], share);
      const detail = (['many', 'few'] as const)
        .map((side) => [0.5, 0.95, 0.99].map((share) => at(side, share).toFixed(1)).join(' / '))
        .join(' against ');
      progress(`${queue.what}: ${detail} ms`);
      p95s.push(at('many', 0.95));
      measurements.push({
        row: 'claims',
        what: `Taking ${queue.what}, ${count} waiting against ${FEW}: p99`,
        measured: at('many', 0.99) / at('few', 0.99),
        unit: '×',
        budget: BUDGETS.p99,
        detail: `median / p95 / p99: ${detail} ms, ${turns} turns each`,
      });
    }
    return [
      ...measurements,
      {
        row: 'claims',
        what: `… the longest p95 of these with ${count} waiting`,
        measured: Math.max(...p95s),
        unit: ' ms',
        budget: BUDGETS.p95Ms,
        detail: `${many.queues.length} queues, ${disk}`,
      },
    ];
  } finally {
    await other.connection.dropDatabase();
    await closeStore(other);
  }
}

async function loaded(store: Store, waiting: number): Promise<Loaded> {
  await seedCatalogue(store);
  const catalogue = await loadCatalogue(store);
  const began = performance.now();
  const queues = await fillQueues(store, catalogue, waiting);
  return { store, queues, seconds: (performance.now() - began) / 1000 };
}

/** Documents and indexes as they lie on the disk, in millions of bytes. */
async function diskMb({ connection }: Store): Promise<number> {
  const database = connection.getClient().db(connection.name);
  await database.admin().command({ fsync: 1 });
  const { storageSize, indexSize } = await database.stats();
  return (storageSize + indexSize) / 1e6;
}

async function timed({ what, take, putBack }: Queue): Promise<number> {
  const began = performance.now();
  const taken = await take();
  const took = performance.now() - began;
  if (taken === 0) throw new Error(`Nothing was there to take: ${what}`);
  await putBack?.();
  return took;
}
