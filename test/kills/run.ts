/** `npm run kills`: campaigns of kills on real processes, a seed each. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { runCampaign } from './campaign.ts';
import { SCENARIOS } from './scenarios.ts';

function whole(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Say a whole number.');
}

const program = new Command('npm run kills --')
  .description(
    'Walks journeys while processes of Venule die at random, then compares store, journey, lab, provider, mail, webhooks and audit of every order. Exits with 1 when anything is wrong.',
  )
  .option('--seeds <n>', 'how many campaigns, each with the next seed', whole, 5)
  .option('--first-seed <n>', 'the seed of the first one', whole, 1)
  .option('--kills <n>', 'how many kills each', whole, 30)
  .option('--keep', 'keep the data folder of a campaign that found something')
  .addHelpText(
    'after',
    `\nEach campaign walks:\n${Object.keys(SCENARIOS)
      .map((name) => `  ${name}`)
      .join('\n')}`,
  )
  .parse();
const { seeds, firstSeed, kills, keep } = program.opts<{
  seeds: number;
  firstSeed: number;
  kills: number;
  keep?: boolean;
}>();

for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
  const dataDir = mkdtempSync(join(tmpdir(), `venule-kills-${seed}-`));
  const began = Date.now();
  const {
    orders,
    kills: killed,
    walked,
    faults,
  } = await runCampaign({ seed, kills, dataDir }, (line) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[Kseed ${seed}: ${line}`);
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const counted = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  console.log(
    `seed ${seed}: ${orders} journeys (${counted(walked)}); killed ${counted(killed)}; ${faults.length} wrong; ${Math.round((Date.now() - began) / 1000)} s`,
  );
  for (const fault of faults) console.log(`  ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
  if (faults.length === 0 || !keep) rmSync(dataDir, { recursive: true, force: true });
  else console.log(`  data folder: ${dataDir}`);
}
