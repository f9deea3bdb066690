/**
 * Webhooks: from commit to receipt, at fifty events per second. Orders are opened by this process at a steady rate; the
 * clock starts when MongoDB has answered the commit, and stops when a receiver in a process of its own has the request's
 * head. Dispatched by a worker as in production. Both clocks are the machine's monotonic one.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { webhookMessageId } from '../../domain/ids.ts';
import { SANDBOX_TEAM_ID } from '../../store/access/teams.ts';
import { loadCatalogue } from '../../store/catalogue/catalogue.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { openOrder } from '../../store/orders/open-order.ts';
import { deleteEndpoint } from '../../store/outbox/webhook-endpoints.ts';
import { anOrder } from '../../test/support/running/in-process-venule.ts';
import { newSigningSecret } from '../../webhooks/signature.ts';
import type { Measurement } from '../measurement.ts';
import type { Parts } from '../parts.ts';
import { quantile } from '../statistics.ts';

const PER_SECOND = 50;
const AT_MOST_MS = 150;
const WARM_UP = 100;

/** @param seconds For how long orders are opened. */
export async function webhookLatency(parts: Parts, seconds: number): Promise<Measurement[]> {
  const [receiver, worker] = await Promise.all([
    parts.program('receiver'),
    parts.program('worker', { VENULE_TASK_QUEUE: 'bench-webhooks' }),
  ]);
  const catalogue = await loadCatalogue(parts.store);
  // What earlier measurements left in the outbox is not for this receiver.
  await collectionOf(parts.store.webhookMessages).updateMany({ fanned_out: false }, { $set: { fanned_out: true } });
  const endpoint = randomUUID();
  const now = new Date();
  await collectionOf(parts.store.webhookEndpoints).insertOne({
    _id: endpoint,
    team_id: SANDBOX_TEAM_ID,
    url: await receiver.ask<string>('url'),
    description: '',
    rate_limit: null,
    disabled: false,
    filter_types: null,
    secrets: [{ key: newSigningSecret(), expires_at: null }],
    headers: {},
    failing_since: null,
    created_at: now,
    updated_at: now,
  });

  const committed = new Map<string, bigint>();
  const open = async () => {
    const order = anOrder(catalogue, SANDBOX_TEAM_ID);
    await openOrder(parts.store, catalogue, order);
    committed.set(webhookMessageId(order.id, 1, 'order'), process.hrtime.bigint());
  };
  const total = WARM_UP + seconds * PER_SECOND;
  const began = performance.now();
  const opened: Promise<void>[] = [];
  for (let n = 0; n < total; n += 1) {
    await pause(Math.max(0, began + (n * 1000) / PER_SECOND - performance.now()));
    opened.push(open());
  }
  await Promise.all(opened);
  let receipts = new Map<string, bigint>();
  const deadline = Date.now() + 30_000;
  while (receipts.size < total) {
    if (Date.now() > deadline) throw new Error(`Only ${receipts.size} of ${total} webhooks came within 30 s`);
    await pause(200);
    receipts = await receiver.ask<Map<string, bigint>>('receipts');
  }
  await deleteEndpoint(parts.store, SANDBOX_TEAM_ID, endpoint);
  await Promise.all([receiver, worker].map((program) => program.stop()));

  const latencies = [...committed].slice(WARM_UP).map(([id, at]) => Number((receipts.get(id) as bigint) - at) / 1e6);
  return [
    {
      row: 'webhooks',
      what: `Webhook, commit to receipt, at ${PER_SECOND} per second: p99`,
      measured: quantile(latencies, 0.99),
      unit: ' ms',
      budget: { atMost: AT_MOST_MS },
      detail: `median ${quantile(latencies, 0.5).toFixed(0)} ms, longest ${Math.max(...latencies).toFixed(0)} ms, ${latencies.length} webhooks`,
    },
  ];
}
