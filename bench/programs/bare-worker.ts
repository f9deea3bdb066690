/** A worker of bare workflows; its activities do nothing but count. */
import { join } from 'node:path';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { loadConfig } from '../../config/config.ts';
import { parseCodecKeys } from '../../temporal/codec.ts';
import { encryptingConverter } from '../../temporal/connection.ts';
import { serve } from '../program.ts';

export interface BareActivities {
  write(step: string): Promise<void>;
  submit(): Promise<void>;
  mail(): Promise<void>;
}

serve(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  const config = loadConfig();
  const { address, namespace, taskQueue } = config.temporal;
  const counts: Record<string, number> = {};
  const count = async (step: string) => {
    counts[step] = (counts[step] ?? 0) + 1;
  };
  const activities: BareActivities = { write: count, submit: () => count('submit'), mail: () => count('mail') };
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowsPath: join(import.meta.dirname, '../workflows/bare.ts'),
    activities,
    dataConverter: encryptingConverter(parseCodecKeys(config.codecKeys)),
    maxCachedWorkflows: config.maxCachedWorkflows,
  });
  const stopped = worker.run();
  return {
    abilities: { counts: () => counts },
    async close() {
      worker.shutdown();
      await stopped;
      await connection.close();
    },
  };
});
