/**
 * Webhooks per second, against a bare POST and one MongoDB update for each.
 *
 * The outbox is loaded in one transaction, so that the worker finds all of it at once; the clock runs from the commit
 * until every delivery is recorded. The bare side posts as many bodies of the same size to the same receiver, over as many
 * connections, with the same HTTP client, and updates a row for each. Turns alternate A B B A.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { SANDBOX_TEAM_ID } from '../../store/access/teams.ts';
import { loadCatalogue } from '../../store/catalogue/catalogue.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { openOrder } from '../../store/orders/open-order.ts';
import { deleteEndpoint } from '../../store/outbox/webhook-endpoints.ts';
import { anOrder } from '../../test/support/running/in-process-venule.ts';
import type { Measurement } from '../measurement.ts';
import type { Parts } from '../parts.ts';
import type { BareWebhooks } from '../programs/bare-webhooks.ts';
import { mean } from '../statistics.ts';
import { addEndpoint, forgetEarlierWebhooks } from '../webhook-endpoint.ts';

const AT_LEAST = 0.7;
/** Attempts that the dispatcher makes at the same time to one endpoint which answers quickly. */
const CONCURRENCY = 16;
const PATIENCE_MS = 120_000;

/** @param pairs How many turns each side gets, @param count how many webhooks are in one. */
export async function webhookRate(
  parts: Parts,
  { pairs, count }: { pairs: number; count: number },
  progress: (line: string) => void,
): Promise<Measurement[]> {
  const { store } = parts;
  const [receiver, bare, worker] = await Promise.all([
    parts.program('receiver'),
    parts.program('bare-webhooks'),
    parts.program('worker', { VENULE_TASK_QUEUE: 'bench-webhook-rate' }),
  ]);
  await forgetEarlierWebhooks(store);
  const url = await receiver.ask<string>('url');
  const endpoint = await addEndpoint(store, SANDBOX_TEAM_ID, url);
  const body = await exampleOf(parts, () => receiver.ask<string>('example'));
  const bareWebhooks: BareWebhooks = { url, body, count, concurrency: CONCURRENCY };
  const deliveries = collectionOf(store.webhookDeliveries);
  const delivered = () => deliveries.countDocuments({ endpoint_id: endpoint, state: 'delivered' });

  async function venuleTurn(): Promise<number> {
    const [before, receivedBefore] = [await delivered(), await receiver.ask<number>('received')];
    const session = await store.connection.startSession();
    session.startTransaction();
    await collectionOf(store.webhookMessages).insertMany(
      Array.from({ length: count }, () => ({
        _id: randomUUID(),
        team_id: SANDBOX_TEAM_ID,
        event_type: 'labtest.order.created',
        payload: body,
        order_id: null,
        event_number: null,
        fanned_out: false,
        created_at: new Date(),
      })),
      { session },
    );
    const began = performance.now();
    await session.commitTransaction();
    await until(async () => (await receiver.ask<number>('received')) - receivedBefore >= count);
    await until(async () => (await delivered()) - before >= count);
    const took = performance.now() - began;
    await session.endSession();
    return took;
  }

  async function bareTurn(): Promise<number> {
    await bare.ask('prepare', bareWebhooks);
    return bare.ask<number>('deliver', bareWebhooks);
  }

  const turns = { venule: venuleTurn, bare: bareTurn };
  const perSecond: Record<keyof typeof turns, number[]> = { venule: [], bare: [] };
  const timed = async (side: keyof typeof turns) => count / ((await turns[side]()) / 1000);
  for (const side of ['venule', 'bare'] as const) await timed(side);
  for (let pair = 0; pair < pairs; pair += 1) {
    const order = pair % 2 === 0 ? (['venule', 'bare'] as const) : (['bare', 'venule'] as const);
    for (const side of order) perSecond[side].push(await timed(side));
    const [ours, theirs] = [perSecond.venule.at(-1) ?? 0, perSecond.bare.at(-1) ?? 0];
    progress(`${ours.toFixed(0)} against ${theirs.toFixed(0)} per second (${pair + 1} of ${pairs})`);
  }
  await deleteEndpoint(store, SANDBOX_TEAM_ID, endpoint);
  await Promise.all([receiver, bare, worker].map((program) => program.stop()));

  const [ours, theirs] = [mean(perSecond.venule), mean(perSecond.bare)];
  return [
    {
      row: 'webhook-rate',
      what: 'Webhooks per second to one endpoint, against a bare POST and one update',
      measured: ours / theirs,
      unit: '×',
      budget: { atLeast: AT_LEAST },
      detail: `${ours.toFixed(0)}/s against ${theirs.toFixed(0)}/s, ${CONCURRENCY} at a time, ${(body.length / 1000).toFixed(1)} kB each, ${pairs} turns of ${count}`,
    },
  ];
}

/** The body of a webhook as it is sent about an order that was opened. */
async function exampleOf({ store }: Parts, received: () => Promise<string>): Promise<string> {
  const catalogue = await loadCatalogue(store);
  await openOrder(store, catalogue, anOrder(catalogue, SANDBOX_TEAM_ID, { labTest: 'labcorp-thyroid-panel' }));
  await until(async () => (await received()).endsWith('}'));
  return received();
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('The webhooks did not arrive within two minutes');
    await pause(5);
  }
}
