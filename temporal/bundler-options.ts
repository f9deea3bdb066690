/** How workflows are bundled, for a worker, a test, or a measurement. */
import { join } from 'node:path';
import { type BundleOptions, DefaultLogger } from '@temporalio/worker';

/**
 * The workflows that a module exports. They and all that they import are evaluated once for a worker, not once for each
 * workflow that it keeps, which would take a fifth of its work and most of its memory. So no module of `workflows/` or
 * `domain/` may hold what belongs to one workflow; what is frozen, or only remembered, it may.
 *
 * @param workflowsPath an absolute path
 * @param level the least that the bundler says
 */
export const bundlerOptions = (workflowsPath: string, level: 'WARN' | 'ERROR'): BundleOptions => ({
  workflowsPath,
  preloadModules: [workflowsPath],
  failureConverterPath: join(import.meta.dirname, 'failure-converter.ts'),
  logger: new DefaultLogger(level),
});
