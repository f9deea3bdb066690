/**
 * Documents are drawn in a thread of their own: whoever asks for something else meanwhile is not kept waiting, by a
 * requisition for some tens of milliseconds, or by a report of ten thousand results for seconds.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { RequisitionContent } from './requisition/requisition.ts';
import type { ResultReportContent } from './result-report/result-report.ts';

/** What is to be drawn. */
type Drawable = { kind: 'requisition'; content: RequisitionContent } | { kind: 'result'; content: ResultReportContent };

/** What the thread is asked for, and what it answers. */
export type Drawing = { id: number } & Drawable;
export type Drawn = { id: number } & ({ pdf: Uint8Array } | { error: unknown });

const waiting = new Map<number, PromiseWithResolvers<Buffer>>();
let thread: Worker | undefined;
let asked = 0;

/**
 * Prints a document as `renderRequisition` or `renderResultReport` does, in the other thread.
 * @throws whatever that throws; or what ended the thread, and the next document gets another one.
 */
export function drawDocument(drawable: Drawable): Promise<Buffer> {
  thread ??= startThread();
  asked += 1;
  thread.postMessage({ id: asked, ...drawable } satisfies Drawing);
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
