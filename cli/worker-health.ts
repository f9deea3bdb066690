/** Whether the worker of this host asks Temporal for work: exit code 0 if so. For the health check of a container. */
import { hostname } from 'node:os';
import { loadConfig } from '../config/config.ts';
import { parseCodecKeys } from '../temporal/codec.ts';
import { temporalClient } from '../temporal/connection.ts';

const WORKFLOW_TASKS = 1;

async function main(): Promise<void> {
  const { temporal, codecKeys } = loadConfig();
  const { connection } = temporalClient(temporal, parseCodecKeys(codecKeys));
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace: temporal.namespace,
    taskQueue: { name: temporal.taskQueue },
    taskQueueType: WORKFLOW_TASKS,
  });
  const polls = (pollers ?? []).some(({ identity }) => identity?.endsWith(`@${hostname()}`));
  if (!polls) process.stderr.write(`No worker of ${hostname()} polls the task queue ${temporal.taskQueue}.\n`);
  process.exitCode = polls ? 0 : 1;
  await connection.close();
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
