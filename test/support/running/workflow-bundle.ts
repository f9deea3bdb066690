/** Today's workflow code, bundled once for a run of the tests: what a worker would run. */
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, type WorkflowBundle } from '@temporalio/worker';
import { bundlerOptions } from '../../../temporal/bundler-options.ts';
import { workflowBundle as keptBundle } from '../../../temporal/workflow-bundle.ts';

const root = join(import.meta.dirname, '../../..');

let today: Promise<WorkflowBundle> | undefined;

/** The workflows as they are. */
export function workflowBundle(): Promise<WorkflowBundle> {
  today ??= keptBundle(process.env.VENULE_TEST_FOLDER as string);
  return today;
}

/** Puts the workflows where a worker with that data folder would first of all make them, if this is a run of the tests. */
export async function giveBundle(dataDir: string): Promise<void> {
  const made = process.env.VENULE_TEST_FOLDER;
  if (!made) return;
  await workflowBundle();
  for (const name of readdirSync(made).filter((file) => file.endsWith('.js'))) {
    cpSync(join(made, name), join(dataDir, name));
  }
}

/** The workflows with one module changed on its way into the bundle, by the webpack loader in that file. */
export function changedWorkflowBundle(module: string, loader: string): Promise<WorkflowBundle> {
  const rule = { test: (file: string) => file === join(root, module), enforce: 'pre' as const, loader };
  return bundleWorkflowCode({
    ...bundlerOptions(join(root, 'workflows/index.ts'), 'ERROR'),
    webpackConfigHook: (config) => ({
      ...config,
      module: { ...config.module, rules: [...(config.module?.rules ?? []), rule] },
    }),
  });
}
