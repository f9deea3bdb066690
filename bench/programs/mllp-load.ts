/** A laboratory that sends over MLLP: one message at a time on each connection, or so many a second on one after another. */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { FrameReader, framed } from '../../partners/labs/transports/mllp-frames.ts';
import { serve } from '../program.ts';
import type { LoadResult } from './load.ts';

/** What is asked of the laboratory. */
export interface MllpLoad {
  port: number;
  /** A message; `CONTROL` in it becomes a control id of its own in each. */
  message: string;
  connections: number;
  /** For how long messages are begun, in milliseconds. */
  durationMs: number;
  /** Messages a second, all connections together; as many as can be where it is absent. */
  perSecond?: number;
  /** What every answer must hold. */
  answer: string;
}

const LONGEST_ANSWER = 64 * 1024 * 1024;

function open(port: number) {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  const frames = new FrameReader(LONGEST_ANSWER);
  let answered: ((frame: string) => void) | undefined;
  let failed: ((error: Error) => void) | undefined;
  socket.on('data', (piece) => {
    for (const frame of frames.read(piece as Buffer)) answered?.(String(frame));
  });
  socket.on('error', (error) => failed?.(error)).on('close', () => failed?.(new Error('closed without an answer')));
  return {
    ask: (text: string) =>
      new Promise<string>((resolve, reject) => {
        answered = resolve;
        failed = reject;
        socket.write(framed(text));
      }),
    close: () => socket.destroy(),
  };
}

serve(async () => ({
  abilities: {
    async run({ port, message, connections, durationMs, perSecond, answer }: MllpLoad): Promise<LoadResult> {
      const latencies: number[] = [];
      const began = performance.now();
      let next = 0;
      const laboratory = async () => {
        const connection = open(port);
        while (performance.now() - began < durationMs) {
          let due = performance.now();
          if (perSecond !== undefined) {
            due = began + (next * 1_000) / perSecond;
            next += 1;
            await pause(Math.max(0, due - performance.now()));
          }
          const heard = await connection.ask(message.replaceAll('CONTROL', randomUUID()));
          if (!heard.includes(answer)) throw new Error(`Not acknowledged: ${heard.slice(0, 500)}`);
          // At a rate, from when it was due: a message that had to wait for the one before has waited.
          latencies.push(performance.now() - due);
        }
        connection.close();
      };
      await Promise.all(Array.from({ length: connections }, laboratory));
      return { perSecond: (latencies.length / (performance.now() - began)) * 1_000, latencies };
    },
  },
}));
