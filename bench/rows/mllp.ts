/**
 * Messages over MLLP, stored and acknowledged, against a bare echo: the same frames, and one journaled insert of the text.
 * Both stand in a process of their own and are sent the same message, with a control id of its own each time, by a third;
 * the sides take turns. The message is a report on an order that is there: two results of its tests. A worker reads what
 * is acknowledged; none runs while acknowledgments are counted, and then one alone.
 */

import { findLabConnection, setLabConnection } from '../../store/connections/lab-connections.ts';
import { openCaller } from '../caller.ts';
import type { Measurement } from '../measurement.ts';
import { THYROID_PANEL } from '../order-request.ts';
import type { Parts } from '../parts.ts';
import type { Program } from '../program.ts';
import type { LoadResult } from '../programs/load.ts';
import type { MllpLoad } from '../programs/mllp-load.ts';
import { reportMessage } from '../report-message.ts';
import { mean, quantile } from '../statistics.ts';
import { type Side, takeTurns } from '../turns.ts';

const BUDGETS = { 1: { atLeast: 0.7 }, 8: { atLeast: 0.8 } } as const;
const STEADY = { perSecond: 100, connections: 8, p99: { atMost: 50 } } as const;
const READ_FOR_MS = 5_000;
const MEGABYTE = 1024 * 1024;
/** Of the document in the large message. */
const PDF_BYTES = 20 * MEGABYTE;

/** Has the laboratory send from this machine over MLLP. */
async function allowMllp(parts: Parts): Promise<void> {
  const known = await findLabConnection(parts.store, THYROID_PANEL.lab, 'sandbox');
  if (!known) throw new Error(`There is no sandbox connection to ${THYROID_PANEL.lab}`);
  await setLabConnection(parts.store, { ...known, mllp: { addresses: ['127.0.0.1'], certificate: null } });
}

/** A report on an order that the API was given just now; each sending has a control id of its own in place of `CONTROL`. */
async function reportOnOrder(parts: Parts, api: Program): Promise<string> {
  const caller = await openCaller(parts, api);
  const [number] = [...(await caller.placerNumbers(await caller.place(1))).values()];
  await caller.close();
  const lines = reportMessage(number as string, 'first').split('\r');
  const header = (lines[0] as string).split('|');
  header[9] = 'CONTROL';
  return [header.join('|'), ...lines.slice(1)].join('\r');
}

/** @param pairs How many turns each side gets, @param turnMs how long each lasts. */
export async function mllp(
  parts: Parts,
  { pairs, turnMs }: { pairs: number; turnMs: number },
  progress: (line: string) => void,
): Promise<Measurement[]> {
  const [api, bare, load] = await Promise.all([
    parts.program('api', { VENULE_TASK_QUEUE: 'bench-mllp', VENULE_MLLP_PORT: '0' }),
    parts.program('bare-mllp'),
    parts.program('mllp-load'),
  ]);
  await allowMllp(parts);
  const message = await reportOnOrder(parts, api);
  const sides: Record<Side, Pick<MllpLoad, 'port' | 'answer'>> = {
    venule: { port: await api.ask<number>('mllpPort'), answer: 'MSA|AA|' },
    bare: { port: await bare.ask<number>('mllpPort'), answer: 'PID|' },
  };
  const run = (side: Side, connections: number, durationMs: number, rate?: number) =>
    load.ask<LoadResult>('run', {
      ...sides[side],
      message,
      connections,
      durationMs,
      ...(rate !== undefined && { perSecond: rate }),
    } satisfies MllpLoad);

  async function compare(connections: 1 | 8): Promise<Measurement> {
    const label = connections === 1 ? 'one connection' : `${connections} connections`;
    await takeTurns(1, (side) => run(side, connections, turnMs));
    const results = await takeTurns(
      pairs,
      (side) => run(side, connections, turnMs),
      ({ venule, bare: theirs }, pair) =>
        progress(
          `${label}: ${venule.perSecond.toFixed(0)} against ${theirs.perSecond.toFixed(0)} per second (${pair} of ${pairs})`,
        ),
    );
    const rate = (side: Side) => mean(results[side].map(({ perSecond }) => perSecond));
    return {
      row: 'mllp',
      what: `Messages over MLLP stored and acknowledged per second, ${label}`,
      measured: rate('venule') / rate('bare'),
      unit: '×',
      budget: BUDGETS[connections],
      detail: `${rate('venule').toFixed(0)}/s against ${rate('bare').toFixed(0)}/s, ${pairs} turns each`,
    };
  }

  const measurements = [await compare(1), await compare(8)];
  const { latencies } = await run('venule', STEADY.connections, pairs * turnMs, STEADY.perSecond);
  measurements.push({
    row: 'mllp',
    what: `Acknowledgment at ${STEADY.perSecond} messages per second: p99`,
    measured: quantile(latencies, 0.99),
    unit: ' ms',
    budget: STEADY.p99,
    detail: `median ${quantile(latencies, 0.5).toFixed(1)} ms, ${latencies.length} messages on ${STEADY.connections} connections`,
  });
  await Promise.all([api, bare, load].map((program) => program.stop()));
  const reader = await parts.program('message-reader');
  measurements.push({
    row: 'mllp',
    what: 'Acknowledged messages read per second, their reports matched and stored',
    measured: await reader.ask<number>('readFor', READ_FOR_MS),
    unit: '/s',
    budget: null,
    detail: 'by one worker, of those that wait, without any that come',
  });
  await reader.stop();
  return measurements;
}

/**
 * Added memory for a large message: how far the API's resident set rises above what it was before one with a PDF of 20 MB,
 * over the message's size. @param times How many different ones, each in an API of its own.
 */
export async function largeMessage(parts: Parts, times: number): Promise<Measurement[]> {
  const factors: number[] = [];
  let bytes = 0;
  for (let n = 0; n < times; n += 1) {
    const [api, load] = await Promise.all([
      parts.program('api', { VENULE_TASK_QUEUE: 'bench-mllp', VENULE_MLLP_PORT: '0' }),
      parts.program('mllp-load'),
    ]);
    await allowMllp(parts);
    const message = await reportOnOrder(parts, api);
    const port = await api.ask<number>('mllpPort');
    const send = (text: string, durationMs: number) =>
      load.ask<LoadResult>('run', { port, answer: 'MSA|AA|', message: text, connections: 1, durationMs });
    await send(message, 2_000);
    const before = await api.ask<number>('residentBytes');
    const pdf = Buffer.alloc(PDF_BYTES, `%PDF-1.7 ${n} `).toString('base64');
    const large = `${message}OBX|9|ED|PDF^Report^L||^AP^PDF^Base64^${pdf}||||||F\r`;
    bytes = Buffer.byteLength(large);
    await send(large, 1);
    factors.push(((await api.ask<number>('peakBytes')) - before) / bytes);
    await Promise.all([api, load].map((program) => program.stop()));
  }
  return [
    {
      row: 'large-message',
      what: 'Added memory for a message with a PDF of 20 MB, over its size',
      measured: Math.max(...factors),
      unit: '×',
      budget: { atMost: 3 },
      detail: `${(bytes / MEGABYTE).toFixed(1)} MB over MLLP; ${factors.map((each) => each.toFixed(2)).join(', ')}`,
    },
  ];
}
