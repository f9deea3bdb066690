/** `npm run bench`: measures what design and documentation claim, side by side in one run. */
import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { type Measurement, table, verdictOf } from './measurement.ts';
import { type Parts, startServers } from './parts.ts';
import { acceptance } from './rows/acceptance.ts';
import { memoryAtRest } from './rows/at-rest.ts';
import { bigRequests } from './rows/big-requests.ts';
import { claims } from './rows/claims.ts';
import { documents } from './rows/documents.ts';
import { historyEvents } from './rows/history-events.ts';
import { memoryPerOpenOrder } from './rows/memory.ts';
import { largeMessage, mllp } from './rows/mllp.ts';
import { orderLists } from './rows/orders.ts';
import { processorTime } from './rows/processor-time.ts';
import { resultLatency } from './rows/result-latency.ts';
import { webhookLatency } from './rows/webhook-latency.ts';
import { webhookRate } from './rows/webhook-rate.ts';
import { wholeJourneys } from './rows/whole-journeys.ts';
import { acceptanceWithWorkers } from './rows/with-workers.ts';

type Row = (parts: Parts, quick: boolean, progress: (line: string) => void) => Promise<Measurement[]>;

const ROWS: Record<string, Row> = {
  acceptance: (parts, quick, progress) =>
    acceptance(parts, quick ? { pairs: 4, turnMs: 1_000 } : { pairs: 16, turnMs: 2_000 }, progress),
  'with-workers': (parts, quick, progress) =>
    acceptanceWithWorkers(parts, quick ? { pairs: 2, turnMs: 1_000 } : { pairs: 10, turnMs: 2_000 }, progress),
  processor: (parts, quick, progress) =>
    processorTime(
      parts,
      quick ? { turns: 2, turnMs: 1_000, waves: 1, wave: 24 } : { turns: 6, turnMs: 2_000, waves: 3, wave: 100 },
      progress,
    ),
  journeys: (parts, quick, progress) =>
    wholeJourneys(parts, quick ? { pairs: 2, wave: 16 } : { pairs: 6, wave: 48 }, progress),
  history: (parts) => historyEvents(parts),
  big: (parts, quick) => bigRequests(parts, quick ? 2 : 5),
  mllp: (parts, quick, progress) =>
    mllp(parts, quick ? { pairs: 4, turnMs: 1_000 } : { pairs: 16, turnMs: 2_000 }, progress),
  'large-message': (parts, quick) => largeMessage(parts, quick ? 2 : 5),
  webhooks: (parts, quick) => webhookLatency(parts, quick ? 5 : 30),
  'webhook-rate': (parts, quick, progress) =>
    webhookRate(parts, quick ? { pairs: 2, count: 500 } : { pairs: 6, count: 2_000 }, progress),
  claims: (parts, quick, progress) =>
    claims(parts, quick ? { many: 5_000, turns: 200 } : { many: 100_000, turns: 1_000 }, progress),
  documents: (parts, quick, progress) =>
    documents(parts, quick ? { pairs: 2, turnMs: 1_500 } : { pairs: 8, turnMs: 3_000 }, progress),
  orders: (parts, quick, progress) =>
    orderLists(
      parts,
      quick ? { few: 4_000, many: 40_000, rounds: 10 } : { few: 10_000, many: 1_000_000, rounds: 200 },
      progress,
    ),
  memory: (parts, quick, progress) =>
    memoryPerOpenOrder(parts, quick ? [0, 50, 100, 200] : [0, 800, 1600, 3200], progress),
  rest: (_parts, quick, progress) => memoryAtRest({ starts: 2, idleMs: quick ? 15_000 : 60_000 }, progress),
  results: (parts, quick, progress) =>
    resultLatency(parts, quick ? { sustained: 20, measured: 40 } : { sustained: 80, measured: 400 }, progress),
};

interface Options {
  quick: boolean;
  only: string[] | undefined;
  output: string;
}

const command = new Command('npm run bench --')
  .description('Measures Venule against its budgets, on a Temporal and a MongoDB of its own.')
  .option('--quick', 'shorter measurements, which say less', false)
  .addOption(new Option('--only <row...>', 'only these measurements').choices(Object.keys(ROWS)))
  .option('--output <file>', 'where the results go as JSON', 'bench-results.json');

async function main(): Promise<void> {
  const { quick, only, output } = command.parse().opts<Options>();
  const began = Date.now();
  const progress = (line: string) =>
    process.stderr.write(`${String(Math.round((Date.now() - began) / 1000)).padStart(5)} s  ${line}\n`);
  const servers = await startServers(progress);
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    void servers.stop().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const measurements: Measurement[] = [];
  try {
    for (const [name, measure] of Object.entries(ROWS)) {
      if (interrupted || (only && !only.includes(name))) continue;
      progress(name);
      const parts = await servers.database(name);
      try {
        const measured = await measure(parts, quick, (line) => progress(`  ${line}`));
        measurements.push(...measured);
        process.stderr.write(`${table(measured)}\n`);
      } catch (error) {
        // The others are measured all the same.
        console.error(`${name}:`, error);
        process.exitCode = 1;
      }
      await parts.stop();
    }
  } finally {
    await servers.stop();
  }
  const results = measurements.map((measurement) => ({ ...measurement, verdict: verdictOf(measurement) }));
  writeFileSync(output, `${JSON.stringify({ at: new Date().toISOString(), quick, results }, null, 2)}\n`);
  console.log(table(measurements));
  console.log(`Written to ${output}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
