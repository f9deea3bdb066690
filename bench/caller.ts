/** Venule from outside: as those see it who place orders with it, and the laboratory that reports on them. */
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { loadConfig } from '../config/config.ts';
import { orderRequest, THYROID_PANEL } from './order-request.ts';
import type { Parts } from './parts.ts';
import type { Program } from './program.ts';
import { type Reported, reportMessage } from './report-message.ts';

/** Requests that are under way at the same time. */
const AT_ONCE = 16;

/** Speaks to an API over HTTP. */
export interface Caller {
  /** Where the API is. */
  url: string;
  /** A request that places an order, for whoever sends it. */
  orderRequest: { path: string; headers: Record<string, string>; body: string };
  /** Places so many orders, sixteen at a time. @returns their ids */
  place(count: number): Promise<string[]>;
  /** The numbers under which the laboratory knows orders, by their ids. */
  placerNumbers(orderIds: readonly string[]): Promise<Map<string, string>>;
  /** Sends the laboratory's report about an order; returns when it is acknowledged. */
  report(placerNumber: string, reported: Reported): Promise<void>;
  /** How many of an order's tests have a result that can be read now. */
  readableResults(orderId: string): Promise<number>;
  close(): Promise<void>;
}

/** @param api The program that is spoken to, one that tells its `url`. */
export async function openCaller(parts: Parts, api: Program): Promise<Caller> {
  const url = await api.ask<string>('url');
  const pool = new Pool(url, { connections: 2 * AT_ONCE });
  const key = { 'x-vital-api-key': parts.apiKey };
  const { user, password } = loadConfig({ ...parts.env }).sandboxCredentials;
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

  const found = await pool.request({ method: 'GET', path: '/v3/lab_tests', headers: key });
  const labTests = (await found.body.json()) as { id: string; slug: string }[];
  const panel = labTests.find(({ slug }) => slug === THYROID_PANEL.slug);
  if (!panel) throw new Error(`There is no lab test ${THYROID_PANEL.slug}`);
  const request = {
    path: '/v3/order',
    headers: { ...key, 'content-type': 'application/json' },
    body: orderRequest(parts.userId, panel.id),
  };

  return {
    url,
    orderRequest: request,
    place: (count) =>
      eachOf(Array.from({ length: count }), async () => {
        const { order } = await post<{ order: { id: string } }>(pool, request.path, request.headers, request.body);
        return order.id;
      }),
    async placerNumbers(orderIds) {
      const documents = await parts.store.orders
        .find({ _id: { $in: [...orderIds] } }, { placer_order_number: 1 })
        .lean<{ _id: string; placer_order_number: string }[]>();
      return new Map(documents.map(({ _id, placer_order_number }) => [_id, placer_order_number]));
    },
    async report(placerNumber, reported) {
      const answer = await pool.request({
        method: 'POST',
        path: `/partners/labs/${THYROID_PANEL.lab}/hl7`,
        headers: { 'content-type': 'application/hl7-v2; charset=utf-8', authorization },
        body: reportMessage(placerNumber, reported),
      });
      const text = await answer.body.text();
      if (!text.includes('MSA|AA')) throw new Error(`The report was not taken: ${answer.statusCode} ${text}`);
    },
    async readableResults(orderId) {
      const answer = await pool.request({ method: 'GET', path: `/v3/order/${orderId}/result`, headers: key });
      if (answer.statusCode === 404) return answer.body.dump().then(() => 0);
      if (answer.statusCode !== 200) throw new Error(`A result: ${answer.statusCode} ${await answer.body.text()}`);
      return ((await answer.body.json()) as { results: unknown[] }).results.length;
    },
    close: () => pool.close(),
  };
}

/** Sends a request. @returns the answer's JSON @throws Error with the answer when it is not 200 */
export async function post<T>(pool: Pool, path: string, headers: Record<string, string>, body: string): Promise<T> {
  const answer = await pool.request({ method: 'POST', path, headers, body });
  if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${await answer.body.text()}`);
  return (await answer.body.json()) as T;
}

/** Does the work for every item, sixteen at a time, and answers in their order. */
export async function eachOf<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const left = items.entries();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const [index, item] of left) results[index] = await work(item);
    }),
  );
  return results;
}

/** Waits until something is so. @throws Error when it is not within ten minutes */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 600_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ten minutes`);
    await pause(20);
  }
}
