/**
 * A program of its own, started by `workflow-bundle.ts`: bundles the workflows, and writes the bundle to its standard
 * output. What the bundler needs to say goes to standard error.
 */
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const { code } = await bundleWorkflowCode({
  workflowsPath: join(import.meta.dirname, '../workflows/index.ts'),
  failureConverterPath: join(import.meta.dirname, 'failure-converter.ts'),
  logger: new DefaultLogger('WARN'),
});
process.stdout.write(code);
