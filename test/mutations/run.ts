/** `npm run mutations`: messages with anything wrong in them, by a seed, watched for those that never end. */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Command, InvalidArgumentError } from 'commander';
import { type Outcome, runMutations } from './campaign.ts';

/** What may stay in memory, in bytes. */
const FLAT = 24 * 1024 * 1024;

function whole(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Say a whole number.');
}

if (isMainThread) await main();
else await read(workerData);

/** Reads in a thread of its own, so that a message that never ends can be named. */
async function read({ given, reached }: { given: Parameters<typeof runMutations>[0]; reached: Int32Array }) {
  const outcome = await runMutations(given, (number) => void Atomics.store(reached, 0, number));
  parentPort?.postMessage(outcome);
}

async function main(): Promise<void> {
  const { messages, seed, first, slow } = new Command('npm run mutations --')
    .description(
      'Changes good messages of laboratories (bytes, fields, segments, delimiters, character sets, MLLP frames, FHIR) and reads them as Venule does. Exits with 1 when anything is thrown that is no refusal, a message does not end in time, or memory grows.',
    )
    .option('--messages <n>', 'how many', whole, 100_000)
    .option('--seed <n>', 'the seed they are made from', whole, 1)
    .option('--first <n>', 'the number of the first one: with --messages 1, a message that was reported', whole, 1)
    .option('--slow <seconds>', 'how long one message may take', whole, 10)
    .parse()
    .opts<{ messages: number; seed: number; first: number; slow: number }>();
  const reached = new Int32Array(new SharedArrayBuffer(4));
  const began = Date.now();
  const worker = new Worker(new URL(import.meta.url), { workerData: { given: { seed, messages, first }, reached } });
  let last = { number: -1, at: Date.now() };
  const outcome = await new Promise<Outcome | null>((resolve, reject) => {
    const watch = setInterval(() => {
      const number = Atomics.load(reached, 0);
      if (number !== last.number) last = { number, at: Date.now() };
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${number} of ${first + messages - 1}`);
      if (number > 0 && Date.now() - last.at > slow * 1_000) resolve(null);
    }, 500);
    worker.once('message', resolve).once('error', reject);
    worker.once('exit', () => clearInterval(watch));
  });
  await worker.terminate();
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  if (!outcome) {
    console.log(`message ${last.number} of seed ${seed} has not ended within ${slow} s`);
    process.exitCode = 1;
    return;
  }
  const { counted, faults, slowest, growth } = outcome;
  const ends = Object.entries(counted).map(([what, count]) => `${what} ${count}`);
  console.log(
    `seed ${seed}: ${messages} messages in ${Math.round((Date.now() - began) / 1000)} s (${ends.join(', ')}); slowest ${Math.round(slowest.ms)} ms (message ${slowest.number}); memory ${growth < 0 ? '' : '+'}${(growth / 1024 / 1024).toFixed(1)} MB; ${faults.length} wrong`,
  );
  for (const fault of faults.slice(0, 20)) console.log(`  ${fault}`);
  if (slowest.ms > slow * 1_000) console.log(`  message ${slowest.number} of seed ${seed} took longer than ${slow} s`);
  if (growth > FLAT) console.log('  memory has grown');
  if (faults.length > 0 || slowest.ms > slow * 1_000 || growth > FLAT) process.exitCode = 1;
}
