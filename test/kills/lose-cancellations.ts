/** `npm run kills:cancellations`: cancellations that a crash catches right after their record, on real processes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { loseCancellations, MISHAPS } from './lost-cancellations.ts';

function whole(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Use a whole number, 1 or more.');
}

const { orders, atOnce, away } = new Command('npm run kills:cancellations --')
  .description(
    `Cancels orders, and at the first record of each batch: ${MISHAPS.join('; ')}. Then compares everything about every order. Exits with 1 when anything is wrong.`,
  )
  .option('--orders <n>', 'how many for each of these', whole, 40)
  .option('--at-once <n>', 'how many in one batch', whole, 8)
  .option('--away <seconds>', 'how long Temporal is away; the API tries for 25 s', whole, 32)
  .parse()
  .opts<{ orders: number; atOnce: number; away: number }>();

for (const mishap of MISHAPS) {
  const dataDir = mkdtempSync(join(tmpdir(), 'venule-lost-cancellations-'));
  const began = Date.now();
  const outcome = await loseCancellations(
    { mishaps: [mishap], orders, atOnce, away: away * 1000, policy: {}, dataDir },
    (line) => {
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
    },
  );
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const seconds = Math.round((Date.now() - began) / 1000);
  console.log(
    `${mishap}: ${outcome.orders} orders, ${outcome.given_back} events given back, ${outcome.faults.length} wrong; ${seconds} s`,
  );
  for (const fault of outcome.faults) console.log(`  ${fault}`);
  if (outcome.faults.length > 0) process.exitCode = 1;
  rmSync(dataDir, { recursive: true, force: true });
}
