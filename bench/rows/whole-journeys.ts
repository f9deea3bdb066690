/**
 * Whole journeys per second, against a bare workflow with the same inbound messages and empty activities.
 *
 * A walk-in order from `POST /v3/order` to `completed`: acknowledged by the lab, mail, a partial and a final report through
 * the inbox, mail. The bare side goes through as many activities of the same kinds, in the same order, with nothing in
 * them, and gets its reports as signals; both are driven over HTTP in waves of as many journeys, each stage of a wave
 * beginning when the one before is through, and the wave ending with its last mail. Waves alternate A B B A. Everything runs on this machine, so whatever
 * processor time Venule itself needs (MongoDB, PDFs, mail, HL7) is taken from Temporal too.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { loadConfig } from '../../config/config.ts';
import type { Measurement } from '../measurement.ts';
import { orderRequest, THYROID_PANEL } from '../order-request.ts';
import type { Parts } from '../parts.ts';
import { reportMessage } from '../report-message.ts';
import { mean } from '../statistics.ts';

const AT_LEAST = 0.8;
/** Requests that are under way at the same time. */
const AT_ONCE = 16;

/** @param pairs How many waves each side gets, @param wave how many journeys are in one. */
export async function wholeJourneys(
  parts: Parts,
  { pairs, wave }: { pairs: number; wave: number },
  progress: (line: string) => void,
): Promise<Measurement[]> {
  const programs = await Promise.all([
    parts.program('api', { VENULE_TASK_QUEUE: 'bench-journeys' }),
    parts.program('worker', { VENULE_TASK_QUEUE: 'bench-journeys' }),
    parts.program('bare-api', { VENULE_TASK_QUEUE: 'bench-bare-journeys' }),
    parts.program('bare-worker', { VENULE_TASK_QUEUE: 'bench-bare-journeys' }),
  ]);
  const [api, , bareApi, bareWorker] = programs;
  const config = loadConfig({ ...parts.env });
  const venulePool = new Pool(await api.ask<string>('url'), { connections: AT_ONCE });
  const barePool = new Pool(await bareApi.ask<string>('url'), { connections: AT_ONCE });

  const { user, password } = config.sandboxCredentials;
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const labTest = await parts.store.labTests.findOne({ slug: THYROID_PANEL.slug }).orFail().lean();
  await parts.store.teams.updateMany({}, { $set: { 'options.results_ready_mail': true } });
  const body = orderRequest(parts.userId, labTest._id);
  const json = { 'content-type': 'application/json' };

  async function venuleWave(): Promise<void> {
    const mailsBefore = parts.partners.mails();
    const headers = { ...json, 'x-vital-api-key': parts.apiKey };
    const placed = await eachOf(Array.from({ length: wave }), async () => {
      const { order } = await post<{ order: { id: string } }>(venulePool, '/v3/order', headers, body);
      return order;
    });
    await until(() => parts.partners.mails() - mailsBefore >= wave);
    const documents = await parts.store.orders
      .find({ _id: { $in: placed.map(({ id }) => id) } }, { placer_order_number: 1 })
      .lean();
    const report = (part: 'first' | 'rest') =>
      eachOf(documents, async ({ placer_order_number }) => {
        const hl7 = { 'content-type': 'application/hl7-v2; charset=utf-8', authorization };
        const path = `/partners/labs/${THYROID_PANEL.lab}/hl7`;
        const answer = await venulePool.request({
          method: 'POST',
          path,
          headers: hl7,
          body: reportMessage(placer_order_number, part),
        });
        const text = await answer.body.text();
        if (!text.includes('MSA|AA')) throw new Error(`The report was not taken: ${answer.statusCode} ${text}`);
      });
    await report('first');
    const ids = documents.map(({ _id }) => _id);
    await until(
      async () =>
        (await parts.store.orders.countDocuments({ _id: { $in: ids }, 'events.2': { $exists: true } })) === wave,
    );
    await report('rest');
    await until(() => parts.partners.mails() - mailsBefore >= 2 * wave);
  }

  async function bareWave(): Promise<void> {
    const counts = () => bareWorker.ask<Record<string, number>>('counts');
    const before = await counts();
    const through = (step: string, times = wave) =>
      until(async () => ((await counts())[step] ?? 0) - (before[step] ?? 0) >= times);
    const placed = await eachOf(Array.from({ length: wave }), async () => {
      const { order } = await post<{ order: { id: string } }>(barePool, '/journeys', json, body);
      return order;
    });
    const report = () => eachOf(placed, ({ id }) => post(barePool, `/journeys/${id}/reports`, json, '{}'));
    await through('mail');
    await report();
    await through('partial_results');
    await report();
    await through('mail', 2 * wave);
  }

  const waves = { venule: venuleWave, bare: bareWave };
  const perSecond: Record<keyof typeof waves, number[]> = { venule: [], bare: [] };
  const timed = async (side: keyof typeof waves) => {
    const began = performance.now();
    await waves[side]();
    return wave / ((performance.now() - began) / 1000);
  };
  for (const side of ['venule', 'bare'] as const) await timed(side);
  for (let pair = 0; pair < pairs; pair += 1) {
    const order = pair % 2 === 0 ? (['venule', 'bare'] as const) : (['bare', 'venule'] as const);
    for (const side of order) perSecond[side].push(await timed(side));
    const [ours, theirs] = [perSecond.venule.at(-1) ?? 0, perSecond.bare.at(-1) ?? 0];
    progress(`${ours.toFixed(2)} against ${theirs.toFixed(2)} per second (${pair + 1} of ${pairs})`);
  }
  await Promise.all([venulePool.close(), barePool.close()]);
  await Promise.all(programs.map((program) => program.stop()));

  const [ours, theirs] = [mean(perSecond.venule), mean(perSecond.bare)];
  return [
    {
      row: 'journeys',
      what: 'Whole journeys per second',
      measured: ours / theirs,
      unit: '×',
      budget: { atLeast: AT_LEAST },
      detail: `${ours.toFixed(2)}/s against ${theirs.toFixed(2)}/s, ${pairs} waves of ${wave} each`,
    },
  ];
}

async function post<T>(pool: Pool, path: string, headers: Record<string, string>, body: string): Promise<T> {
  const answer = await pool.request({ method: 'POST', path, headers, body });
  if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${await answer.body.text()}`);
  return (await answer.body.json()) as T;
}

/** Does the work for every item, so many at once, and answers in their order. */
async function eachOf<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  const left = items.entries();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const [index, item] of left) results[index] = await work(item);
    }),
  );
  return results;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('A wave of journeys came to no end within two minutes');
    await pause(20);
  }
}
