/**
 * Whole journeys per second, against a bare workflow with the same inbound messages and empty activities.
 *
 * A wave of Venule's journeys is described in waves.ts. The bare side goes through as many activities of the same kinds,
 * in the same order, with nothing in them, and gets its reports as signals; both are driven over HTTP in waves of as many
 * journeys, each stage of a wave beginning when the one before is through, and the wave ending with its last mail. The
 * sides take turns. Everything runs on this machine, so whatever processor time Venule itself needs (MongoDB, PDFs, mail,
 * HL7) is taken from Temporal too.
 */
import { Pool } from 'undici';
import { eachOf, openCaller, post, until } from '../caller.ts';
import type { Measurement } from '../measurement.ts';
import type { Parts } from '../parts.ts';
import { mean } from '../statistics.ts';
import { type Side, takeTurns } from '../turns.ts';
import { placeWave, reportWave, withEveryMessage } from '../waves.ts';

const BUDGET = { atLeast: 0.8 };

/** @param pairs How many waves each side gets, @param wave how many journeys are in one. */
export async function wholeJourneys(
  parts: Parts,
  { pairs, wave }: { pairs: number; wave: number },
  progress: (line: string) => void,
): Promise<Measurement[]> {
  await withEveryMessage(parts);
  const programs = await Promise.all([
    parts.program('api', { VENULE_TASK_QUEUE: 'bench-journeys' }),
    parts.program('worker', { VENULE_TASK_QUEUE: 'bench-journeys' }),
    parts.program('bare-api', { VENULE_TASK_QUEUE: 'bench-bare-journeys' }),
    parts.program('bare-worker', { VENULE_TASK_QUEUE: 'bench-bare-journeys' }),
  ]);
  const [api, , bareApi, bareWorker] = programs;
  const caller = await openCaller(parts, api);
  const barePool = new Pool(await bareApi.ask<string>('url'), { connections: 16 });
  const json = { 'content-type': 'application/json' };

  async function venuleWave(): Promise<void> {
    const ids = await placeWave(parts, caller, wave);
    await reportWave(parts, caller, ids);
  }

  async function bareWave(): Promise<void> {
    const counts = () => bareWorker.ask<Record<string, number>>('counts');
    const before = await counts();
    const through = (step: string, times = wave) =>
      until(`The bare ${step}`, async () => ((await counts())[step] ?? 0) - (before[step] ?? 0) >= times);
    const placed = await eachOf(Array.from({ length: wave }), async () => {
      const { order } = await post<{ order: { id: string } }>(barePool, '/journeys', json, caller.orderRequest.body);
      return order;
    });
    const report = () => eachOf(placed, ({ id }) => post(barePool, `/journeys/${id}/reports`, json, '{}'));
    await through('mail');
    await report();
    await through('partial_results');
    await report();
    await through('mail', 2 * wave);
  }

  const waves: Record<Side, () => Promise<void>> = { venule: venuleWave, bare: bareWave };
  const timed = async (side: Side) => {
    const began = performance.now();
    await waves[side]();
    return wave / ((performance.now() - began) / 1000);
  };
  await takeTurns(1, timed);
  const perSecond = await takeTurns(pairs, timed, ({ venule, bare }, pair) =>
    progress(`${venule.toFixed(2)} against ${bare.toFixed(2)} per second (${pair} of ${pairs})`),
  );
  await Promise.all([caller.close(), barePool.close()]);
  await Promise.all(programs.map((program) => program.stop()));

  const [ours, theirs] = [mean(perSecond.venule), mean(perSecond.bare)];
  return [
    {
      row: 'journeys',
      what: 'Whole journeys per second',
      measured: ours / theirs,
      unit: '×',
      budget: BUDGET,
      detail: `${ours.toFixed(2)}/s against ${theirs.toFixed(2)}/s, ${pairs} waves of ${wave} each`,
    },
  ];
}
