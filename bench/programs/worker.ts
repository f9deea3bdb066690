/** The product's worker, which can also be asked how much memory it holds. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, Runtime } from '@temporalio/worker';
import { pino } from 'pino';
import { loadConfig } from '../../config.ts';
import { startWorker } from '../../worker.ts';
import { serve } from '../program.ts';

serve(async () => {
  const logger = new DefaultLogger('ERROR');
  Runtime.install({ logger, shutdownSignals: [] });
  const bundle = await bundleWorkflowCode({
    workflowsPath: join(import.meta.dirname, '../workflows/journeys.ts'),
    failureConverterPath: join(import.meta.dirname, '../../temporal/failure-converter.ts'),
    logger,
  });
  const worker = await startWorker(loadConfig(), pino({ level: 'error' }), bundle);
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
