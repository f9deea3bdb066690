/**
 * Webhooks: from commit to receipt, at fifty events per second; and the same of ten endpoints, while one of them accepts
 * every request and answers nothing for 15 s. Orders are opened by this process at a steady rate; the clock starts when
 * MongoDB has answered the commit, and stops when a receiver in a process of its own has the request's head. Dispatched by
 * a worker as in production. Both clocks are the machine's monotonic one.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { webhookMessageId } from '../../domain/ids.ts';
import { SANDBOX_TEAM_ID } from '../../store/access/teams.ts';
import { loadCatalogue } from '../../store/catalogue/catalogue.ts';
import { openOrder } from '../../store/orders/open-order.ts';
import { deleteEndpoint } from '../../store/outbox/webhook-endpoints.ts';
import { anOrder } from '../../test/support/running/in-process-venule.ts';
import type { Measurement } from '../measurement.ts';
import type { Parts } from '../parts.ts';
import { quantile } from '../statistics.ts';
import { addEndpoint, forgetEarlierWebhooks } from '../webhook-endpoint.ts';

const PER_SECOND = 50;
const AT_MOST_MS = { healthy: 150, oneHangs: 300 };
const WARM_UP = 100;
/** Endpoints of which one hangs; each belongs to a team of its own, and the events go round. */
const ENDPOINTS = 10;

/** @param seconds For how long orders are opened, each time. */
export async function webhookLatency(parts: Parts, seconds: number): Promise<Measurement[]> {
  const [receiver, worker] = await Promise.all([
    parts.program('receiver'),
    parts.program('worker', { VENULE_TASK_QUEUE: 'bench-webhooks' }),
  ]);
  const url = await receiver.ask<string>('url');
  const receiptsOf = () => receiver.ask<Map<string, bigint>>('receipts');
  await forgetEarlierWebhooks(parts.store);

  const alone = await latencies(parts, seconds, [{ team: SANDBOX_TEAM_ID, url }], receiptsOf);
  const ten = Array.from({ length: ENDPOINTS }, (_, index) => ({
    team: randomUUID(),
    url: index === 0 ? `${url}hangs` : url,
    hangs: index === 0,
  }));
  const besideOne = await latencies(parts, seconds, ten, receiptsOf);
  await Promise.all([receiver, worker].map((program) => program.stop()));
  return [
    {
      row: 'webhooks',
      what: `Webhook, commit to receipt, at ${PER_SECOND} per second: p99`,
      measured: quantile(alone, 0.99),
      unit: ' ms',
      budget: { atMost: AT_MOST_MS.healthy },
      detail: told(alone),
    },
    {
      row: 'webhooks',
      what: `The same of the nine endpoints that answer while one in ten hangs for 15 s: p99`,
      measured: quantile(besideOne, 0.99),
      unit: ' ms',
      budget: { atMost: AT_MOST_MS.oneHangs },
      detail: told(besideOne),
    },
  ];
}

const told = (latencies: readonly number[]) =>
  `median ${quantile(latencies, 0.5).toFixed(0)} ms, longest ${Math.max(...latencies).toFixed(0)} ms, ${latencies.length} webhooks`;

interface Endpoint {
  team: string;
  url: string;
  /** Nothing is expected to arrive there. */
  hangs?: boolean;
}

/** How long each webhook took that arrived, in milliseconds, the first ones left out. */
async function latencies(
  { store }: Parts,
  seconds: number,
  endpoints: readonly Endpoint[],
  receiptsOf: () => Promise<Map<string, bigint>>,
): Promise<number[]> {
  const catalogue = await loadCatalogue(store);
  const ids = await Promise.all(endpoints.map(({ team, url }) => addEndpoint(store, team, url)));
  const committed = new Map<string, bigint>();
  const open = async ({ team, hangs }: Endpoint) => {
    const order = anOrder(catalogue, team);
    await openOrder(store, catalogue, order);
    if (!hangs) committed.set(webhookMessageId(order.id, 1, 'order'), process.hrtime.bigint());
  };
  const total = WARM_UP + seconds * PER_SECOND;
  const began = performance.now();
  const opened: Promise<void>[] = [];
  for (let n = 0; n < total; n += 1) {
    await pause(Math.max(0, began + (n * 1000) / PER_SECOND - performance.now()));
    opened.push(open(endpoints[n % endpoints.length] as Endpoint));
  }
  await Promise.all(opened);
  const deadline = Date.now() + 30_000;
  let receipts = await receiptsOf();
  for (;;) {
    const missing = [...committed.keys()].filter((id) => !receipts.has(id));
    if (missing.length === 0) break;
    if (Date.now() > deadline) throw new Error(`${missing.length} webhooks did not come within 30 s`);
    await pause(200);
    receipts = await receiptsOf();
  }
  await Promise.all(endpoints.map(({ team }, index) => deleteEndpoint(store, team, ids[index] as string)));
  return [...committed].slice(WARM_UP).map(([id, at]) => Number((receipts.get(id) as bigint) - at) / 1e6);
}
