/**
 * The product's worker, which logs as it does in production, and which can also be asked how much memory it holds, and how
 * PDFs keep it from other work.
 */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Runtime } from '@temporalio/worker';
import { loadConfig } from '../../config/config.ts';
import { loggingTo } from '../../temporal/logging.ts';
import { startWorker } from '../../worker.ts';
import { productionLogger } from '../logging.ts';
import { serve } from '../program.ts';

/** For how long the worker's own thread could do nothing else, in milliseconds. */
export interface EventLoopDelay {
  p99: number;
  longest: number;
  /** Documents that were drawn meanwhile. */
  drawn: number;
}

/** Documents that are being drawn at the same time. */
const DRAWN_AT_ONCE = 4;

serve(async () => {
  const config = loadConfig();
  const logger = productionLogger(config.logLevel);
  Runtime.install({ shutdownSignals: [], ...loggingTo(logger) });
  const bundle = { codePath: process.env.VENULE_BENCH_BUNDLE as string };
  const worker = await startWorker(config, logger, bundle);
  return {
    abilities: {
      /** Resident memory in bytes, after this thread's garbage was collected. */
      residentBytes() {
        globalThis.gc?.();
        const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
        return kib === undefined ? process.memoryUsage.rss() : Number(kib) * 1024;
      },
      /** Has documents drawn for so many milliseconds, as its activities do. */
      async delayWhileDrawing(durationMs: number): Promise<EventLoopDelay> {
        // Only here: the memory that other measurements read is to be the worker's alone.
        const [{ drawDocument }, { contents }] = await Promise.all([
          import('../../documents/drawing.ts'),
          import('../documents/contents.ts'),
        ]);
        const { requisition, result } = contents();
        const drawables = requisition.flatMap((content, index) => [
          { kind: 'requisition' as const, content },
          { kind: 'result' as const, content: result[index] as (typeof result)[number] },
        ]);
        let drawn = 0;
        const drawFor = async (ms: number) => {
          const until = performance.now() + ms;
          const drawer = async () => {
            while (performance.now() < until) {
              await drawDocument(drawables[drawn++ % drawables.length] as (typeof drawables)[number]);
            }
          };
          await Promise.all(Array.from({ length: DRAWN_AT_ONCE }, drawer));
        };
        await drawFor(durationMs / 4);
        drawn = 0;
        const delay = monitorEventLoopDelay({ resolution: 1 });
        delay.enable();
        await drawFor(durationMs);
        delay.disable();
        return { p99: delay.percentile(99) / 1e6, longest: delay.max / 1e6, drawn };
      },
    },
    close: () => worker.stop(),
  };
});
