/**
 * `GET /v3/orders` at a million orders against ten thousand: every filter and search, over HTTP, in turns on two databases
 * that have the same orders but for their number. Both find about as many for the page, so that what is compared is
 * the finding.
 */
import { Pool } from 'undici';
import type { Store } from '../../store/open.ts';
import { openCaller } from '../caller.ts';
import type { Measurement } from '../measurement.ts';
import { type Loaded, loadOrders } from '../orders/many-orders.ts';
import { orderQueries, type Sample, samplesOf } from '../orders/order-queries.ts';
import type { Parts } from '../parts.ts';
import { mean, quantile } from '../statistics.ts';

const RATIO = { atMost: 1.5 };
const P95_MS = { atMost: 100 };
/** Rounds that nobody counts. */
const WARM = 3;

type Size = 'few' | 'many';

interface Answer {
  ms: number;
  /** How many orders were on the page. */
  listed: number;
}

/** The API in front of a database with orders. */
interface Side {
  samples: Sample[];
  ask(params: [name: string, value: string][]): Promise<Answer>;
  close(): Promise<void>;
}

/** @param few How many orders one database has, @param many the other, @param rounds how often each is asked everything. */
export async function orderLists(
  parts: Parts,
  { few, many, rounds }: { few: number; many: number; rounds: number },
  progress: (line: string) => void,
): Promise<Measurement[]> {
  const another = await parts.another('few');
  await load(another, few, progress);
  const loaded = await load(parts, many, progress);
  const sides = { few: await openSide(another, progress), many: await openSide(parts, progress) };
  const counts = { few: few.toLocaleString('en'), many: many.toLocaleString('en') };
  return [
    {
      row: 'orders',
      what: `Loading ${counts.many} orders`,
      measured: loaded.insertS + loaded.indexS,
      unit: ' s',
      budget: null,
      detail: inWords(loaded),
    },
    ...(await compareLists(sides, counts, rounds, progress)),
  ];
}

/** Asks both sides for everything, so many times in turns, and closes them. */
async function compareLists(
  sides: Record<Size, Side>,
  counts: Record<Size, string>,
  rounds: number,
  progress: (line: string) => void,
): Promise<Measurement[]> {
  const asked = orderQueries().map((query) => ({ ...query, few: [] as Answer[], many: [] as Answer[] }));
  for (let round = -WARM; round < rounds; round += 1) {
    for (const query of asked) {
      for (const size of round % 2 === 0 ? (['few', 'many'] as const) : (['many', 'few'] as const)) {
        const { ask, samples } = sides[size];
        const turn = round + WARM;
        const answer = await ask(query.params(samples[turn % samples.length] as Sample, turn));
        if (round >= 0) query[size].push(answer);
      }
    }
    if (round % 20 === 19) progress(`asked ${round + 1} of ${rounds} times`);
  }
  await Promise.all([sides.few.close(), sides.many.close()]);

  const at = (answers: Answer[]) => {
    const times = answers.map(({ ms }) => ms);
    const listed = mean(answers.map((answer) => answer.listed));
    return { p95: quantile(times, 0.95), p99: quantile(times, 0.99), listed };
  };
  const measured = asked.map(({ what, few, many }) => ({
    what,
    few: at(few),
    many: at(many),
    ratio: at(many).p99 / at(few).p99,
  }));
  const words = ({ p95, p99 }: { p95: number; p99: number }) => `${p95.toFixed(1)} / ${p99.toFixed(1)} ms`;
  const slowest = measured.reduce((one, other) => (other.many.p95 > one.many.p95 ? other : one));
  const worst = measured.reduce((one, other) => (other.ratio > one.ratio ? other : one));
  return [
    {
      row: 'orders',
      what: 'GET /v3/orders, the slowest: p95',
      measured: slowest.many.p95,
      unit: ' ms',
      budget: P95_MS,
      detail: `${slowest.what}, at ${counts.many} orders, ${rounds} times`,
    },
    {
      row: 'orders',
      what: 'GET /v3/orders, the one that grows most: p99',
      measured: worst.ratio,
      unit: '×',
      budget: RATIO,
      detail: `${worst.what}; ${counts.many} orders against ${counts.few}`,
    },
    ...measured.map((each) => ({
      row: 'orders',
      what: `… ${each.what}`,
      measured: each.ratio,
      unit: '×',
      budget: RATIO,
      detail: `p95 / p99: ${words(each.many)} against ${words(each.few)}; ${each.many.listed.toFixed(0)} and ${each.few.listed.toFixed(0)} orders on the page`,
    })),
  ];
}

const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;

const inWords = ({ insertS, indexS, dataBytes, indexBytes }: Loaded) =>
  `${insertS.toFixed(0)} s to insert, ${indexS.toFixed(0)} s for the indexes; on disk ${mib(dataBytes)} and ${mib(indexBytes)} of indexes`;

async function load(parts: Parts, count: number, progress: (line: string) => void): Promise<Loaded> {
  // An order that every other one is like; the API also brings the catalog.
  const api = await parts.program('api', { VENULE_TASK_QUEUE: 'bench-lists' });
  const caller = await openCaller(parts, api);
  await caller.place(1);
  await caller.close();
  await api.stop();
  const loaded = await loadOrders(parts, count, progress);
  progress(`${count} orders: ${inWords(loaded)}`);
  return loaded;
}

async function openSide(parts: Parts, progress: (line: string) => void): Promise<Side> {
  const api = await parts.program('api', { VENULE_TASK_QUEUE: 'bench-lists' });
  const url = await api.ask<string>('url');
  const side = await sideAt(url, parts.apiKey, parts.store, progress);
  return { ...side, close: () => side.close().then(() => api.stop()) };
}

/** An API and what is in its database. */
async function sideAt(url: string, apiKey: string, store: Store, progress: (line: string) => void): Promise<Side> {
  const pool = new Pool(url, { connections: 1 });
  const headers = { 'x-vital-api-key': apiKey };
  return {
    samples: await samplesOf(store),
    async ask(params) {
      const path = `/v3/orders?${new URLSearchParams(params)}`;
      const began = performance.now();
      const answer = await pool.request({ method: 'GET', path, headers });
      const text = await answer.body.text();
      const ms = performance.now() - began;
      if (answer.statusCode !== 200) {
        progress(`${path}: ${answer.statusCode} after ${ms.toFixed(0)} ms`);
        return { ms, listed: 0 };
      }
      return { ms, listed: (JSON.parse(text) as { orders: unknown[] }).orders.length };
    },
    close: () => pool.close(),
  };
}
