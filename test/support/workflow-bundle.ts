/** Today's workflow code, bundled once for a test file: what a worker would run. */
import { join } from 'node:path';
import {
  type BundleOptions,
  bundleWorkflowCode,
  DefaultLogger,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';

const root = join(import.meta.dirname, '../..');

let today: Promise<WorkflowBundleWithSourceMap> | undefined;

/** The workflows as they are. */
export function workflowBundle(): Promise<WorkflowBundleWithSourceMap> {
  today ??= bundled();
  return today;
}

/** The workflows with one module changed on its way into the bundle, by the webpack loader in that file. */
export function changedWorkflowBundle(module: string, loader: string): Promise<WorkflowBundleWithSourceMap> {
  return bundled((config) => {
    const rule = { test: (file: string) => file === join(root, module), enforce: 'pre' as const, loader };
    return { ...config, module: { ...config.module, rules: [...(config.module?.rules ?? []), rule] } };
  });
}

function bundled(change?: BundleOptions['webpackConfigHook']): Promise<WorkflowBundleWithSourceMap> {
  return bundleWorkflowCode({
    workflowsPath: join(root, 'workflows/index.ts'),
    failureConverterPath: join(root, 'temporal/failure-converter.ts'),
    logger: new DefaultLogger('ERROR'),
    ...(change && { webpackConfigHook: change }),
  });
}
