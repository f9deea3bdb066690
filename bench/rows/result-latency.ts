/**
 * From a laboratory's message to a result: until it is readable over the API, and until a receiver has its webhook.
 *
 * First the rate that the machine sustains in this run: sixteen laboratories at a time, each sending the next report as
 * soon as the one before is readable, timed until the last webhook and the last mail are out, too. Then reports come at
 * half that rate, evenly, whether or not earlier ones are through. Every order is reported on twice, in part and whole;
 * both are counted. The clock starts when the laboratory begins to send, so that storing and acknowledging are in it.
 *
 * Readable means that `GET /v3/order/{id}/result` has answered with the values. To ask it over and over would load the
 * machine that is measured, so it is asked when MongoDB's change stream tells of a new result of the order, and four times
 * a second in case it does not. So the figure is late by the change stream's delay and one GET, some milliseconds together,
 * and never early. The webhook is timed by a receiver in a process of its own, at the request's head, on the same monotonic
 * clock of the machine.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Caller, openCaller, until } from '../caller.ts';
import type { Measurement } from '../measurement.ts';
import type { Parts } from '../parts.ts';
import type { Program } from '../program.ts';
import { quantile } from '../statistics.ts';
import { placeWave, withEveryMessage } from '../waves.ts';

const BUDGETS = { readable: { atMost: 500 }, webhook: { atMost: 750 } };

const AT_ONCE = 16;
const WARM_UP_ORDERS = 10;
/** So many orders are reported on in part before the first is reported on whole. */
const AHEAD = 10;
const LOOK_AGAIN_MS = 250;
const SECONDS_AT_MOST = 120;

/** What the laboratory reports, which status that makes, and how many values there are then. */
const REPORTS = {
  first: { status: 'partial_results', values: 2 },
  rest: { status: 'completed', values: 5 },
} as const;
type ReportName = keyof typeof REPORTS;

interface Laboratory {
  /** Sends one report of an order and waits until it is readable. */
  reported(orderId: string, report: ReportName): Promise<Sent>;
  close(): Promise<void>;
}

/** On the machine's monotonic clock, in nanoseconds. */
interface Sent {
  /** As the receiver of webhooks notes it. */
  key: string;
  began: bigint;
  readable: bigint;
}

/** @param sustained Orders that the sustained rate is measured with, @param measured reports that are timed. */
export async function resultLatency(
  parts: Parts,
  { sustained, measured }: { sustained: number; measured: number },
  progress: (line: string) => void,
): Promise<Measurement[]> {
  await withEveryMessage(parts);
  const queue = { VENULE_TASK_QUEUE: 'bench-results' };
  const [api, worker, receiver] = await Promise.all([
    parts.program('api', queue),
    parts.program('worker', queue),
    parts.program('order-receiver'),
  ]);
  const caller = await openCaller(parts, api);
  await addEndpoint(parts, caller.url, await receiver.ask<string>('url'));
  const orders = await placeWave(parts, caller, WARM_UP_ORDERS + sustained + measured / 2);
  progress(`${orders.length} orders wait for their results`);
  const laboratory = await openLaboratory(parts, caller, orders);

  await atTheirBest(laboratory, orders.splice(0, WARM_UP_ORDERS));
  const perSecond = await sustainedRate(parts, laboratory, receiver, orders.splice(0, sustained));
  progress(`${perSecond.toFixed(1)} results per second are sustained`);
  const sent = await atSteadyRate(laboratory, orders, perSecond / 2);
  const received = await receipts(receiver, sent);
  await Promise.all([laboratory.close(), caller.close()]);
  await Promise.all([api, worker, receiver].map((program) => program.stop()));

  const measurement = (what: string, budget: { atMost: number }, times: number[]): Measurement => ({
    row: 'results',
    what: `Laboratory's message to ${what}: p99`,
    measured: quantile(times, 0.99),
    unit: ' ms',
    budget,
    detail:
      `median ${quantile(times, 0.5).toFixed(0)} ms, longest ${Math.max(...times).toFixed(0)} ms, ${times.length} results ` +
      `at ${(perSecond / 2).toFixed(1)}/s, half of ${perSecond.toFixed(1)}/s that were sustained`,
  });
  const msAfter = (began: bigint, at: bigint | undefined) => Number((at ?? began) - began) / 1e6;
  return [
    measurement(
      'result readable',
      BUDGETS.readable,
      sent.map(({ began, readable }) => msAfter(began, readable)),
    ),
    measurement(
      'webhook received',
      BUDGETS.webhook,
      sent.map(({ began, key }) => msAfter(began, received.get(key))),
    ),
  ];
}

async function addEndpoint(parts: Parts, apiUrl: string, url: string): Promise<void> {
  const { team_id } = (await (
    await fetch(`${apiUrl}/v2/user/${parts.userId}`, { headers: { 'x-vital-api-key': parts.apiKey } })
  ).json()) as { team_id: string };
  const answer = await fetch(`${apiUrl}/v1/org/default/team/${team_id}/sandbox/webhook`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-management-key': parts.env.VENULE_MANAGEMENT_KEY as string },
    body: JSON.stringify({ url, filter_types: ['labtest.order.updated'] }),
  });
  if (!answer.ok) throw new Error(`The endpoint was refused: ${answer.status} ${await answer.text()}`);
}

async function openLaboratory(parts: Parts, caller: Caller, orderIds: readonly string[]): Promise<Laboratory> {
  const numbers = await caller.placerNumbers(orderIds);
  const wakers = new Map<string, () => void>();
  const changes = parts.store.connection
    .collection('results')
    .watch([{ $match: { operationType: 'insert' } }, { $project: { 'fullDocument.order_id': 1 } }]);
  changes.on('change', (change) => {
    wakers.get((change as unknown as { fullDocument: { order_id: string } }).fullDocument.order_id)?.();
  });
  // A change stream begins with its first answer.
  await pause(1_000);

  return {
    async reported(orderId, report) {
      const { status, values } = REPORTS[report];
      let woken = Promise.withResolvers<void>();
      wakers.set(orderId, () => woken.resolve());
      const began = process.hrtime.bigint();
      await caller.report(numbers.get(orderId) as string, report);
      const deadline = Date.now() + SECONDS_AT_MOST * 1000;
      for (;;) {
        await Promise.race([woken.promise, pause(LOOK_AGAIN_MS)]);
        woken = Promise.withResolvers<void>();
        if ((await caller.readableResults(orderId)) >= values) break;
        if (Date.now() > deadline) throw new Error(`Order ${orderId} got no ${status} in ${SECONDS_AT_MOST} s`);
      }
      return { key: `${orderId} ${status}`, began, readable: process.hrtime.bigint() };
    },
    close: () => changes.close(),
  };
}

/** Sixteen at a time, both reports of each order. */
async function atTheirBest(laboratory: Laboratory, orders: readonly string[]): Promise<Sent[]> {
  const sent: Sent[] = [];
  const left = orders.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const id of left) {
        sent.push(await laboratory.reported(id, 'first'), await laboratory.reported(id, 'rest'));
      }
    }),
  );
  return sent;
}

/** Results a second, everything that follows from them included. */
async function sustainedRate(
  parts: Parts,
  laboratory: Laboratory,
  receiver: Program,
  orders: readonly string[],
): Promise<number> {
  const mails = parts.partners.mails();
  const began = performance.now();
  const sent = await atTheirBest(laboratory, orders);
  await receipts(receiver, sent);
  await until('The mails of the sustained results', () => parts.partners.mails() - mails >= orders.length);
  return sent.length / ((performance.now() - began) / 1000);
}

/** Both reports of each order, evenly, the second some time after the first. */
async function atSteadyRate(laboratory: Laboratory, orders: readonly string[], perSecond: number): Promise<Sent[]> {
  const plan = orders.flatMap((id, n): [string, ReportName][] => {
    const earlier = orders[n - AHEAD];
    return earlier === undefined
      ? [[id, 'first']]
      : [
          [id, 'first'],
          [earlier, 'rest'],
        ];
  });
  plan.push(...orders.slice(-AHEAD).map((id): [string, ReportName] => [id, 'rest']));
  const began = performance.now();
  const sent: Promise<Sent>[] = [];
  for (const [n, [id, report]] of plan.entries()) {
    await pause(Math.max(0, began + (n * 1000) / perSecond - performance.now()));
    const one = laboratory.reported(id, report);
    // One that fails is told of at the end.
    one.catch(() => undefined);
    sent.push(one);
  }
  return Promise.all(sent);
}

/** Waits until the webhooks of these results have come. */
async function receipts(receiver: Program, sent: readonly Sent[]): Promise<Map<string, bigint>> {
  let received = new Map<string, bigint>();
  const missing = () => sent.filter(({ key }) => !received.has(key));
  await until('The webhooks of the results', async () => {
    received = await receiver.ask<Map<string, bigint>>('receipts');
    return missing().length === 0;
  }).catch((error: Error) => {
    const [one] = missing();
    throw new Error(`${error.message}: ${missing().length} of ${sent.length}, "${one?.key}" among them`, {
      cause: error,
    });
  });
  return received;
}
