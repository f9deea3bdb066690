/** `npm run kills:receivers`: what laboratories deliver to dies under load, by a seed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { mongodbUri, mongodProgram, startMongodb } from '../../../local/parts/mongodb.ts';
import { freePort } from '../../../local/parts/ports.ts';
import { killReceivers } from './campaign.ts';
import { RECEIVERS, type Receiver } from './receivers.ts';

function whole(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Enter a whole number.');
}

const { seed, kills, receiver } = new Command('npm run kills:receivers --')
  .description(
    'Laboratories send lab results to a real API (HTTP, MLLP) and leave files for a real worker (SFTP), and send each message again until it is acknowledged, while the receiver is killed at random. Then every acknowledged message must be there exactly once, as it was sent. Exits with 1 when anything is wrong.',
  )
  .option('--seed <n>', 'the seed that messages and kills are drawn from', whole, 1)
  .option('--kills <n>', 'how many kills of each receiver', whole, 50)
  .addOption(new Option('--receiver <name...>', 'only these').choices(RECEIVERS).default([...RECEIVERS], 'all'))
  .parse()
  .opts<{ seed: number; kills: number; receiver: Receiver[] }>();

const folder = mkdtempSync(join(tmpdir(), 'venule-receivers-'));
const port = await freePort();
const mongodb = await startMongodb({
  program: await mongodProgram((doing) => void process.stderr.write(`MongoDB: ${doing}\n`)),
  port,
  dataFolder: join(folder, 'mongodb'),
  logFile: join(folder, 'mongodb.log'),
});
try {
  await mongodb.ready();
  for (const each of receiver) await run(each);
} finally {
  await mongodb.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function run(receiver: Receiver): Promise<void> {
  const began = Date.now();
  const clear = process.stderr.isTTY ? '\r\x1b[K' : '';
  const { acknowledged, fewest, sentAgain, faults } = await killReceivers(
    { receiver, seed, kills, mongodbUri: mongodbUri(port, receiver), dataDir: mkdtempSync(join(folder, receiver)) },
    (line) => {
      if (clear) process.stderr.write(`${clear}${receiver}: ${line}`);
    },
  );
  const counted = Object.entries(acknowledged).map(([transport, count]) => `${count} over ${transport.toUpperCase()}`);
  const again = receiver === 'sftp' ? '' : `, ${sentAgain} of them sent again after a kill`;
  console.log(
    `${clear}seed ${seed}, ${receiver}: ${kills} kills; messages acknowledged: ${counted.join(', ')}${again}; at least ${fewest} between two kills; ${faults.length} wrong; ${Math.round((Date.now() - began) / 1000)} s`,
  );
  for (const fault of faults.slice(0, 50)) console.log(`  ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}
