/** The product's worker, which can also be asked how much memory it holds. */
import { readFileSync } from 'node:fs';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { pino } from 'pino';
import { loadConfig } from '../../config/config.ts';
import { startWorker } from '../../worker.ts';
import { serve } from '../program.ts';

serve(async () => {
  Runtime.install({ logger: new DefaultLogger('WARN'), shutdownSignals: [] });
  const bundle = { codePath: process.env.VENULE_BENCH_BUNDLE as string };
  const worker = await startWorker(loadConfig(), pino({ level: 'warn' }), bundle);
  return {
    abilities: {
      /** Resident memory in bytes, after this thread's garbage was collected. */
      residentBytes() {
        globalThis.gc?.();
        const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
        return kib === undefined ? process.memoryUsage.rss() : Number(kib) * 1024;
      },
    },
    close: () => worker.stop(),
  };
});
