/**
 * Processor time per order: what all processes together use for it, as Linux counts it: Temporal, MongoDB, the API and the
 * worker. Whoever asks, the laboratory and the mail server are not Venule and are not counted.
 *
 * Until it is accepted: eight at a time and no worker, as in acceptance.ts, with turns of bare starts beside it for
 * information. Until the requisition, with all mails out, and until the end (a partial and a final report, the results
 * mail): waves as in waves.ts. Each stage is counted up to a pause after its last mail, long enough for what still follows:
 * the ends of tasks, and the check of every journey after three quiet seconds. Of the pause, what the processes use without
 * any orders is taken off again: it is measured right before, and stands in the detail.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { openCaller } from '../caller.ts';
import type { Measurement } from '../measurement.ts';
import type { Parts } from '../parts.ts';
import { processorMsOf, untilIdle } from '../processor-time.ts';
import type { Load, LoadResult } from '../programs/load.ts';
import { type Side, takeTurns } from '../turns.ts';
import { placeWave, reportWave, withEveryMessage } from '../waves.ts';

/** Milliseconds of processor time per order. */
const BUDGETS = { accepted: { atMost: 15 }, requisition: { atMost: 110 }, wholeJourney: { atMost: 250 } };

const FOLLOWS_MS = 4_000;
const IDLE_MS = 5_000;

type Used = Record<string, number>;

/** @param turns Turns of accepting, @param turnMs how long each lasts, @param waves of journeys, @param wave how many in each. */
export async function processorTime(
  parts: Parts,
  { turns, turnMs, waves, wave }: { turns: number; turnMs: number; waves: number; wave: number },
  progress: (line: string) => void,
): Promise<Measurement[]> {
  const accepted = await accepting(parts, turns, turnMs);
  progress(`accepted: ${total(accepted.venule).toFixed(1)} ms`);
  const { requisition, wholeJourney, idle } = await journeys(parts, waves, wave, progress);
  const measurement = (what: string, used: Used, budget: { atMost: number }, more: string): Measurement => ({
    row: 'processor',
    what: `Processor time per order, ${what}`,
    measured: total(used),
    unit: ' ms',
    budget,
    detail: `${listed(used)}; ${more}`,
  });
  const orders = `${waves} waves of ${wave} orders`;
  return [
    measurement('to accepted', accepted.venule, BUDGETS.accepted, `a bare start ${total(accepted.bare).toFixed(1)}`),
    measurement('to the requisition and its mail', requisition, BUDGETS.requisition, orders),
    measurement(
      'whole journey',
      wholeJourney,
      BUDGETS.wholeJourney,
      `${orders}; without any orders ${total(idle).toFixed(0)} ms a second`,
    ),
  ];
}

/** Per order, and per bare start. */
async function accepting(parts: Parts, turns: number, turnMs: number): Promise<Record<Side, Used>> {
  const [api, bare, load] = await Promise.all([
    parts.program('api', { VENULE_TASK_QUEUE: 'bench-processor-accepted' }),
    parts.program('bare-api', { VENULE_TASK_QUEUE: 'bench-processor-bare' }),
    parts.program('load'),
  ]);
  const caller = await openCaller(parts, api);
  const asked: Record<Side, Omit<Load, 'concurrency' | 'durationMs'>> = {
    venule: { ...caller.orderRequest, url: caller.url },
    bare: { ...caller.orderRequest, url: await bare.ask<string>('url'), path: '/start' },
  };
  const pids = { Temporal: parts.pids.temporal, MongoDB: parts.pids.mongodb };
  const pidsOf = { venule: { ...pids, API: api.pid }, bare: { ...pids, API: bare.pid } };
  const run = async (side: Side, durationMs: number) => {
    const { result, used } = await whileCounting(pidsOf[side], () =>
      load.ask<LoadResult>('run', { ...asked[side], concurrency: 8, durationMs } satisfies Load),
    );
    return { orders: result.latencies.length, used };
  };
  await takeTurns(1, (side) => run(side, turnMs));
  const counted = await takeTurns(turns, (side) => run(side, turnMs));
  await caller.close();
  await Promise.all([api, bare, load].map((program) => program.stop()));
  const perOrder = (side: Side) =>
    divided(
      sum(counted[side].map(({ used }) => used)),
      counted[side].reduce((all, { orders }) => all + orders, 0),
    );
  return { venule: perOrder('venule'), bare: perOrder('bare') };
}

/** Per order from its beginning, and of all processes in a second without orders. */
async function journeys(
  parts: Parts,
  waves: number,
  wave: number,
  progress: (line: string) => void,
): Promise<{ requisition: Used; wholeJourney: Used; idle: Used }> {
  await withEveryMessage(parts);
  const queue = { VENULE_TASK_QUEUE: 'bench-processor' };
  const [api, worker] = await Promise.all([parts.program('api', queue), parts.program('worker', queue)]);
  const pids = { Temporal: parts.pids.temporal, MongoDB: parts.pids.mongodb, API: api.pid, worker: worker.pid };
  const caller = await openCaller(parts, api);

  await placeWave(parts, caller, wave).then((ids) => reportWave(parts, caller, ids));
  await pause(FOLLOWS_MS);
  await untilIdle(Object.values(pids));
  const idle = divided((await whileCounting(pids, () => pause(IDLE_MS))).used, IDLE_MS / 1000);
  const inPause = divided(idle, -1000 / FOLLOWS_MS);

  /** What a stage of a wave uses, and what it answers. */
  async function stage<Result>(work: () => Promise<Result>): Promise<{ used: Used; result: Result }> {
    const { used, result } = await whileCounting(pids, async () => {
      const answer = await work();
      await pause(FOLLOWS_MS);
      return answer;
    });
    return { used: sum([used, inPause]), result };
  }

  const counted: { requisition: Used; results: Used }[] = [];
  for (let n = 1; n <= waves; n += 1) {
    const placed = await stage(() => placeWave(parts, caller, wave));
    const reported = await stage(() => reportWave(parts, caller, placed.result));
    counted.push({ requisition: placed.used, results: reported.used });
    const [ms, more] = [total(placed.used) / wave, total(reported.used) / wave];
    progress(`to the requisition: ${ms.toFixed(0)} ms, whole journey: ${(ms + more).toFixed(0)} ms (${n} of ${waves})`);
  }
  await caller.close();
  await Promise.all([api, worker].map((program) => program.stop()));
  const requisition = sum(counted.map((each) => each.requisition));
  const results = sum(counted.map((each) => each.results));
  return {
    requisition: divided(requisition, waves * wave),
    wholeJourney: divided(sum([requisition, results]), waves * wave),
    idle,
  };
}

async function whileCounting<Result>(
  pids: Readonly<Record<string, number>>,
  work: () => Promise<Result>,
): Promise<{ result: Result; used: Used }> {
  const before = processorMsOf(pids);
  const result = await work();
  const used = Object.entries(processorMsOf(pids)).map(([name, ms]) => [name, ms - (before[name] as number)]);
  return { result, used: Object.fromEntries(used) };
}

const total = (used: Used) => Object.values(used).reduce((all, ms) => all + ms, 0);
const divided = (used: Used, by: number): Used =>
  Object.fromEntries(Object.entries(used).map(([name, ms]) => [name, ms / by]));
const sum = (list: readonly Used[]): Used =>
  Object.fromEntries(
    Object.keys(list[0] ?? {}).map((name) => [name, list.reduce((all, used) => all + (used[name] ?? 0), 0)]),
  );
const listed = (used: Used) =>
  Object.entries(used)
    .map(([name, ms]) => `${name} ${ms.toFixed(1)}`)
    .join(' + ');
