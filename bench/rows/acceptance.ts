/**
 * Orders accepted per second, against a bare `client.workflow.start` of an empty workflow.
 *
 * A fair pair: both stand behind Express in a process of their own and are asked over HTTP with the same body by the
 * same load generator, a third process; both use the same client settings, so both encrypt. The bare one parses the body
 * and starts; ours authenticates, validates, checks, starts with the whole order as input, and commits the order to
 * MongoDB. No worker polls during the rows with a budget, since the budget speaks of accepting; a row for information has
 * the workers of both running, and then whatever the workers do for the orders accepted so far counts against us too. Turns alternate A B B A, so that a machine that grows slower (as the development server
 * does with every workflow in its file) slows both alike.
 */
import type { Measurement } from '../measurement.ts';
import { orderRequest, THYROID_PANEL } from '../order-request.ts';
import type { Parts } from '../parts.ts';
import { processorMs } from '../processor-time.ts';
import type { Load, LoadResult } from '../programs/load.ts';
import { mean, quantile } from '../statistics.ts';

const BUDGET = { throughput: 0.9, p99: 1.25 };

/** @param pairs How many turns each side gets, @param turnMs how long each lasts. */
export async function acceptance(
  parts: Parts,
  { pairs, turnMs }: { pairs: number; turnMs: number },
  progress: (line: string) => void,
): Promise<Measurement[]> {
  const [api, bare, load] = await Promise.all([
    parts.program('api', { VENULE_TASK_QUEUE: 'bench-accepted' }),
    parts.program('bare-api', { VENULE_TASK_QUEUE: 'bench-bare' }),
    parts.program('load'),
  ]);
  const labTest = await parts.store.labTests.findOne({ slug: THYROID_PANEL.slug }).orFail().lean();
  const body = orderRequest(parts.userId, labTest._id);
  const headers = { 'content-type': 'application/json', 'x-vital-api-key': parts.apiKey };
  const sides = {
    venule: { url: await api.ask<string>('url'), path: '/v3/order', headers, body },
    bare: { url: await bare.ask<string>('url'), path: '/start', headers, body },
  };

  const servers = { Temporal: parts.pids.temporal, MongoDB: parts.pids.mongodb };
  const pids = { venule: { ...servers, API: api.pid }, bare: { ...servers, API: bare.pid } };
  const used: Record<keyof typeof sides, Record<string, number>> = { venule: {}, bare: {} };
  let accepted = { venule: 0, bare: 0 };
  async function turn(side: keyof typeof sides, concurrency: number, durationMs: number): Promise<LoadResult> {
    const before = Object.entries(pids[side]).map(([name, pid]) => ({ name, pid, ms: processorMs(pid) }));
    const result = await load.ask<LoadResult>('run', { ...sides[side], concurrency, durationMs } satisfies Load);
    for (const { name, pid, ms } of before) used[side][name] = (used[side][name] ?? 0) + processorMs(pid) - ms;
    accepted = { ...accepted, [side]: accepted[side] + result.latencies.length };
    return result;
  }

  async function compare(label: string, concurrency: number, withBudget: boolean): Promise<Measurement[]> {
    const results: Record<keyof typeof sides, LoadResult[]> = { venule: [], bare: [] };
    for (const side of ['venule', 'bare'] as const) await turn(side, concurrency, turnMs / 2);
    for (let pair = 0; pair < pairs; pair += 1) {
      const order = pair % 2 === 0 ? (['venule', 'bare'] as const) : (['bare', 'venule'] as const);
      for (const side of order) results[side].push(await turn(side, concurrency, turnMs));
      const [ours, theirs] = [results.venule.at(-1)?.perSecond ?? 0, results.bare.at(-1)?.perSecond ?? 0];
      progress(`${label}: ${ours.toFixed(1)} against ${theirs.toFixed(1)} per second (${pair + 1} of ${pairs})`);
    }
    const rate = (side: keyof typeof sides) => mean(results[side].map(({ perSecond }) => perSecond));
    const at = (side: keyof typeof sides, share: number) =>
      quantile(
        results[side].flatMap(({ latencies }) => latencies),
        share,
      );
    const ms = (side: keyof typeof sides) => `${at(side, 0.5).toFixed(1)} / ${at(side, 0.99).toFixed(1)} ms`;
    return [
      {
        row: 'acceptance',
        what: `Orders accepted per second, ${label}`,
        measured: rate('venule') / rate('bare'),
        unit: '×',
        budget: withBudget ? { atLeast: BUDGET.throughput } : null,
        detail: `${rate('venule').toFixed(1)}/s against ${rate('bare').toFixed(1)}/s`,
      },
      {
        row: 'acceptance',
        what: `… 99th percentile, ${label}`,
        measured: at('venule', 0.99) / at('bare', 0.99),
        unit: '×',
        budget: withBudget ? { atMost: BUDGET.p99 } : null,
        detail: `median / p99: ${ms('venule')} against ${ms('bare')}`,
      },
    ];
  }

  const measurements = [...(await compare('8 at a time', 8, true)), ...(await compare('32 at a time', 32, true))];
  measurements.push(processorTime(used, accepted));
  // On task queues of their own, so that the workers have nothing to catch up with.
  const ours = { VENULE_TASK_QUEUE: 'bench-running' };
  const theirs = { VENULE_TASK_QUEUE: 'bench-bare-running' };
  const [busyApi, busyBare, ...workers] = await Promise.all([
    parts.program('api', ours),
    parts.program('bare-api', theirs),
    parts.program('worker', ours),
    parts.program('bare-worker', theirs),
  ]);
  sides.venule.url = await busyApi.ask<string>('url');
  sides.bare.url = await busyBare.ask<string>('url');
  measurements.push(...(await compare('8 at a time, workers running', 8, false)));
  await Promise.all([busyApi, busyBare, ...workers, api, bare, load].map((program) => program.stop()));
  return measurements;
}

/** What an order and a bare start cost in all processes but the load generator; without the workers, as above. */
function processorTime(
  used: Record<'venule' | 'bare', Record<string, number>>,
  accepted: Record<'venule' | 'bare', number>,
): Measurement {
  const per = (side: 'venule' | 'bare') =>
    Object.entries(used[side]).map(([name, ms]) => ({ name, ms: ms / accepted[side] }));
  const total = (side: 'venule' | 'bare') => per(side).reduce((sum, { ms }) => sum + ms, 0);
  const listed = (side: 'venule' | 'bare') =>
    per(side)
      .map(({ name, ms }) => `${name} ${ms.toFixed(1)}`)
      .join(' + ');
  return {
    row: 'acceptance',
    what: '… processor time per order',
    measured: total('venule') / total('bare'),
    unit: '×',
    budget: null,
    detail: `ms: ${listed('venule')} against ${listed('bare')}`,
  };
}
