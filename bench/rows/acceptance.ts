/**
 * Orders accepted per second, against a bare `client.workflow.start` of an empty workflow.
 *
 * A fair pair: both stand behind Express in a process of their own and are asked over HTTP with the same body by the
 * same load generator, a third process; both use the same client settings, so both encrypt. The bare one parses the body
 * and starts; ours authenticates, validates, checks, starts with the whole order as input, and commits the order to
 * MongoDB. No worker polls, since this is about accepting; with-workers.ts is the same with workers. The sides take turns.
 */
import { openCaller } from '../caller.ts';
import type { Measurement } from '../measurement.ts';
import type { Parts } from '../parts.ts';
import type { Load, LoadResult } from '../programs/load.ts';
import { mean, quantile } from '../statistics.ts';
import { type Side, takeTurns } from '../turns.ts';

/** By how many are placed at the same time. */
const BUDGETS = {
  1: { throughput: { atLeast: 0.75 }, p50AboveBareMs: { atMost: 4 }, p99: null },
  8: { throughput: { atLeast: 0.9 }, p50AboveBareMs: null, p99: { atMost: 1.25 } },
  32: { throughput: { atLeast: 0.9 }, p50AboveBareMs: null, p99: { atMost: 1.25 } },
} as const;

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
  const caller = await openCaller(parts, api);
  const { orderRequest, url } = caller;
  const sides: Record<Side, Pick<Load, 'url' | 'path' | 'headers' | 'body'>> = {
    venule: { url, ...orderRequest },
    bare: { ...orderRequest, url: await bare.ask<string>('url'), path: '/start' },
  };

  async function compare(atOnce: 1 | 8 | 32): Promise<Measurement[]> {
    const label = `${atOnce} at a time`;
    const run = (side: Side, durationMs: number) =>
      load.ask<LoadResult>('run', { ...sides[side], concurrency: atOnce, durationMs } satisfies Load);
    await takeTurns(1, (side) => run(side, turnMs / 2));
    const results = await takeTurns(
      pairs,
      (side) => run(side, turnMs),
      ({ venule, bare: theirs }, pair) =>
        progress(
          `${label}: ${venule.perSecond.toFixed(1)} against ${theirs.perSecond.toFixed(1)} per second (${pair} of ${pairs})`,
        ),
    );
    const rate = (side: Side) => mean(results[side].map(({ perSecond }) => perSecond));
    const at = (side: Side, share: number) =>
      quantile(
        results[side].flatMap(({ latencies }) => latencies),
        share,
      );
    const ms = (side: Side) => `${at(side, 0.5).toFixed(1)} / ${at(side, 0.99).toFixed(1)} ms`;
    const { throughput, p50AboveBareMs, p99 } = BUDGETS[atOnce];
    const latencies = { row: 'acceptance', detail: `median / p99: ${ms('venule')} against ${ms('bare')}` };
    return [
      {
        row: 'acceptance',
        what: `Orders accepted per second, ${label}`,
        measured: rate('venule') / rate('bare'),
        unit: '×',
        budget: throughput,
        detail: `${rate('venule').toFixed(1)}/s against ${rate('bare').toFixed(1)}/s, ${pairs} turns each`,
      },
      p50AboveBareMs
        ? {
            ...latencies,
            what: `… median above that of a bare start, ${label}`,
            measured: at('venule', 0.5) - at('bare', 0.5),
            unit: ' ms',
            budget: p50AboveBareMs,
          }
        : {
            ...latencies,
            what: `… 99th percentile, ${label}`,
            measured: at('venule', 0.99) / at('bare', 0.99),
            unit: '×',
            budget: p99,
          },
    ];
  }

  const measurements = [...(await compare(1)), ...(await compare(8)), ...(await compare(32))];
  await caller.close();
  await Promise.all([api, bare, load].map((program) => program.stop()));
  return measurements;
}
