/**
 * Resident memory per open cached order: the slope of the worker's resident set over the number of orders that await
 * results, each with its requisition made and its mail sent. Before each reading both the worker's own thread and the one
 * that workflows live in collect their garbage; the line begins after some warm-up orders, since code that runs for the
 * first time takes memory once.
 */
import { randomUUID } from 'node:crypto';
import { loadConfig } from '../../config/config.ts';
import { parseCodecKeys } from '../../temporal/codec.ts';
import { temporalClient } from '../../temporal/connection.ts';
import { openCaller } from '../caller.ts';
import type { Measurement } from '../measurement.ts';
import type { Parts } from '../parts.ts';
import { slope } from '../statistics.ts';
import { placeWave } from '../waves.ts';
import type { collectGarbage } from '../workflows/journeys.ts';

const BUDGET_KIB = { atMost: 256 };
const WARM_UP = 200;

/** @param steps Numbers of open orders at which memory is read, rising from 0. */
export async function memoryPerOpenOrder(
  parts: Parts,
  steps: readonly number[],
  progress: (line: string) => void,
): Promise<Measurement[]> {
  const taskQueue = 'bench-memory';
  const [api, worker] = await Promise.all([
    parts.program('api', { VENULE_TASK_QUEUE: taskQueue }),
    parts.program('worker', { VENULE_TASK_QUEUE: taskQueue }, ['--expose-gc']),
  ]);
  const config = loadConfig({ ...parts.env });
  const { client, connection } = temporalClient(config.temporal, parseCodecKeys(config.codecKeys));
  const caller = await openCaller(parts, api);

  async function residentKib(): Promise<number> {
    for (const _turn of [1, 2]) {
      const options = { taskQueue, workflowId: randomUUID() };
      const could = await client.workflow.execute<typeof collectGarbage>('collectGarbage', options);
      if (!could) throw new Error('The thread that workflows live in cannot collect its garbage');
      await worker.ask('residentBytes');
    }
    return (await worker.ask<number>('residentBytes')) / 1024;
  }

  await placeWave(parts, caller, WARM_UP);
  const points: [orders: number, kib: number][] = [];
  for (const step of steps) {
    await placeWave(parts, caller, step - (points.at(-1)?.[0] ?? 0));
    points.push([step, await residentKib()]);
    progress(points.map(([orders, kib]) => `${orders}: ${(kib / 1024).toFixed(0)} MiB`).join(', '));
  }
  await Promise.all([caller.close(), connection.close()]);
  await Promise.all([api, worker].map((program) => program.stop()));
  return [
    {
      row: 'memory',
      what: 'Resident memory per open cached order',
      measured: slope(points),
      unit: ' KiB',
      budget: BUDGET_KIB,
      detail: points.map(([orders, kib]) => `${orders} open: ${(kib / 1024).toFixed(0)} MiB`).join(', '),
    },
  ];
}
