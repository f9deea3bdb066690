/**
 * Orders accepted per second while workers are at work, against bare starts while the same workers are at work.
 *
 * One worker of Venule's runs throughout. Before every turn it has the same backlog: so many orders that were accepted
 * and have not had their mail yet (the one that follows the requisition), topped up by placing orders, or worked down by
 * waiting. Then the load generator places orders for one turn and asks for bare starts in the other, on the same Temporal
 * server; no worker takes bare workflows, whose queue is theirs alone. So in both turns the worker has as much to do as it
 * can do, with the same steps in every stage, and takes from whoever accepts what it can get of Temporal, of MongoDB and
 * of the machine. What is fair about it:
 * - The backlog is counted from outside (orders accepted less mails received) right before each turn. A turn in which
 *   the worker went through as many orders as that is refused: it may have had nothing to do at the end.
 * - Orders that Venule accepts in its turn join the backlog, as they would in production. They make the queue longer, not
 *   the worker busier; how many orders it finished and how much processor time it used in the turns of either side is in
 *   the detail. Before the next turn the backlog is worked down, so that a bare turn does not pay for it.
 * - The rest is as in acceptance.ts: the same body, the same load generator, Express on both sides, and turns.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { openCaller } from '../caller.ts';
import type { Measurement } from '../measurement.ts';
import type { Parts } from '../parts.ts';
import { processorMs, untilIdle } from '../processor-time.ts';
import type { Load, LoadResult } from '../programs/load.ts';
import { mean } from '../statistics.ts';
import { type Side, takeTurns } from '../turns.ts';

const BUDGET = { atLeast: 0.9 };
/** Orders that the worker has before it at the beginning of a turn. */
const BACKLOG = 120;

interface Turn {
  accepted: LoadResult;
  /** Orders before the worker when the turn began. */
  backlog: number;
  /** Orders that it finished with, a second. */
  workedOff: number;
  /** Processors that it used. */
  processors: number;
}

/** @param pairs How many turns each side gets, @param turnMs how long each lasts. */
export async function acceptanceWithWorkers(
  parts: Parts,
  { pairs, turnMs }: { pairs: number; turnMs: number },
  progress: (line: string) => void,
): Promise<Measurement[]> {
  const ours = { VENULE_TASK_QUEUE: 'bench-with-workers' };
  const [api, worker, bare, load] = await Promise.all([
    parts.program('api', ours),
    parts.program('worker', ours),
    parts.program('bare-api', { VENULE_TASK_QUEUE: 'bench-bare-without-workers' }),
    parts.program('load'),
  ]);
  const caller = await openCaller(parts, api);
  const sides: Record<Side, Pick<Load, 'url' | 'path' | 'headers' | 'body'>> = {
    venule: { ...caller.orderRequest, url: caller.url },
    bare: { ...caller.orderRequest, url: await bare.ask<string>('url'), path: '/start' },
  };
  const mailedBefore = parts.partners.mails();
  let placed = 0;
  const finished = () => parts.partners.mails() - mailedBefore;
  const backlog = () => placed - finished();

  async function fillBacklog(): Promise<void> {
    const missing = BACKLOG - backlog();
    if (missing > 0) placed += (await caller.place(missing + 8)).length;
    const deadline = Date.now() + 180_000;
    while (backlog() > BACKLOG) {
      if (Date.now() > deadline) throw new Error(`${backlog()} orders are left, and the worker gets no further`);
      await pause(5);
    }
  }

  async function turn(side: Side, concurrency: number, durationMs: number): Promise<Turn> {
    await fillBacklog();
    const before = { backlog: backlog(), finished: finished(), ms: processorMs(worker.pid), at: performance.now() };
    const accepted = await load.ask<LoadResult>('run', { ...sides[side], concurrency, durationMs } satisfies Load);
    const seconds = (performance.now() - before.at) / 1000;
    const workedOff = finished() - before.finished;
    const processors = (processorMs(worker.pid) - before.ms) / 1000 / seconds;
    if (side === 'venule') placed += accepted.latencies.length;
    if (workedOff >= before.backlog) throw new Error(`The worker finished ${workedOff} of ${before.backlog} orders`);
    return { accepted, backlog: before.backlog, workedOff: workedOff / seconds, processors };
  }

  async function compare(atOnce: number): Promise<Measurement> {
    const label = `${atOnce} at a time`;
    await takeTurns(1, (side) => turn(side, atOnce, turnMs / 2));
    const turns = await takeTurns(
      pairs,
      (side) => turn(side, atOnce, turnMs),
      ({ venule, bare: theirs }, pair) =>
        progress(
          `${label}: ${venule.accepted.perSecond.toFixed(1)} against ${theirs.accepted.perSecond.toFixed(1)} per second (${pair} of ${pairs})`,
        ),
    );
    const rate = (side: Side) => mean(turns[side].map(({ accepted }) => accepted.perSecond));
    const worked = (side: Side) => {
      const [before, rate, processors] = (['backlog', 'workedOff', 'processors'] as const).map((what) =>
        mean(turns[side].map((each) => each[what])),
      ) as [number, number, number];
      return `${rate.toFixed(1)}/s of ${before.toFixed(0)} with ${processors.toFixed(2)} processors`;
    };
    return {
      row: 'with-workers',
      what: `Orders accepted per second with a worker working off a backlog, ${label}`,
      measured: rate('venule') / rate('bare'),
      unit: '×',
      budget: BUDGET,
      detail:
        `${rate('venule').toFixed(1)}/s against ${rate('bare').toFixed(1)}/s, ${pairs} turns each; ` +
        `the worker finished ${worked('venule')}, against ${worked('bare')}`,
    };
  }

  await untilIdle([parts.pids.temporal, parts.pids.mongodb, worker.pid]);
  const measurements = [await compare(1), await compare(8), await compare(32)];
  await caller.close();
  await Promise.all([api, worker, bare, load].map((program) => program.stop()));
  return measurements;
}
