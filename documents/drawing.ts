/**
 * Result reports are drawn in a thread of their own: a laboratory may report ten thousand results, and whoever asks for
 * something else meanwhile is not kept waiting.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ResultReportContent } from './result-report.ts';

/** What the thread is asked for, and what it answers. */
export interface Drawing {
  id: number;
  content: ResultReportContent;
}
export type Drawn = { id: number } & ({ pdf: Uint8Array } | { error: unknown });

const waiting = new Map<number, PromiseWithResolvers<Buffer>>();
let thread: Worker | undefined;
let asked = 0;

/**
 * Prints a result report as `renderResultReport` does, in the other thread.
 * @throws whatever that throws; or what ended the thread, and the next report gets another one.
 */
export function drawResultReport(content: ResultReportContent): Promise<Buffer> {
  thread ??= startThread();
  asked += 1;
  thread.postMessage({ id: asked, content } satisfies Drawing);
  thread.ref();
  const answer = Promise.withResolvers<Buffer>();
  waiting.set(asked, answer);
  return answer.promise;
}

function startThread(): Worker {
  const started = new Worker(join(import.meta.dirname, 'drawing-thread.ts'));
  started.on('message', (drawn: Drawn) => {
    const answer = waiting.get(drawn.id);
    waiting.delete(drawn.id);
    if (waiting.size === 0) started.unref();
    if ('pdf' in drawn) answer?.resolve(Buffer.from(drawn.pdf.buffer, drawn.pdf.byteOffset, drawn.pdf.byteLength));
    else answer?.reject(drawn.error);
  });
  started.on('error', (error) => {
    thread = undefined;
    for (const answer of waiting.values()) answer.reject(error);
    waiting.clear();
  });
  return started;
}
