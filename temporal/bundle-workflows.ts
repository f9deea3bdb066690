/**
 * A program of its own, started by `workflow-bundle.ts`: bundles the workflows, and writes the bundle to its standard
 * output. What the bundler needs to say goes to standard error.
 */
import { join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { bundlerOptions } from './bundler-options.ts';

const { code } = await bundleWorkflowCode(bundlerOptions(join(import.meta.dirname, '../workflows/index.ts'), 'WARN'));
process.stdout.write(code);
