/**
 * PDFs: pages per second, against the same pages drawn bare by pdfkit; and for how long a worker can do nothing else while
 * it has PDFs drawn. The product's are drawn as a worker has them drawn, in a thread of their own, from the content that
 * an order gives (documents/drawing.ts); the bare ones in their program's only thread. Turns alternate A B B A.
 */
import type { Contents } from '../documents/contents.ts';
import type { Measurement } from '../measurement.ts';
import type { Parts } from '../parts.ts';
import type { DrawingTurn } from '../programs/documents.ts';
import type { EventLoopDelay } from '../programs/worker.ts';
import { mean } from '../statistics.ts';

const AT_LEAST = 0.8;
const AT_MOST_MS = 20;

const WORDS: Record<keyof Contents, string> = { requisition: 'Requisitions', result: 'Result reports' };

/** @param pairs How many turns each side gets, @param turnMs how long one is, in milliseconds. */
export async function documents(
  parts: Parts,
  { pairs, turnMs }: { pairs: number; turnMs: number },
  progress: (line: string) => void,
): Promise<Measurement[]> {
  const program = await parts.program('documents');
  const measurements: Measurement[] = [];
  for (const kind of ['requisition', 'result'] as const) {
    const perSecond: Record<'venule' | 'bare', number[]> = { venule: [], bare: [] };
    const timed = (side: keyof typeof perSecond) =>
      program.ask<number>(side, { kind, durationMs: turnMs } satisfies DrawingTurn);
    for (const side of ['venule', 'bare'] as const) await timed(side);
    for (let pair = 0; pair < pairs; pair += 1) {
      const order = pair % 2 === 0 ? (['venule', 'bare'] as const) : (['bare', 'venule'] as const);
      for (const side of order) perSecond[side].push(await timed(side));
    }
    const [ours, theirs] = [mean(perSecond.venule), mean(perSecond.bare)];
    progress(`${kind}: ${ours.toFixed(0)} against ${theirs.toFixed(0)} pages per second`);
    measurements.push({
      row: 'documents',
      what: `${WORDS[kind]}, pages per second, against the same pages drawn bare by pdfkit`,
      measured: ours / theirs,
      unit: '×',
      budget: { atLeast: AT_LEAST },
      detail: `${ours.toFixed(0)}/s in the thread for drawing against ${theirs.toFixed(0)}/s without structure for screen readers, ${await program.ask<number>('pages', kind)} pages each, ${pairs} turns of ${turnMs / 1000} s`,
    });
  }
  await program.stop();

  const worker = await parts.program('worker', { VENULE_TASK_QUEUE: 'bench-documents' });
  const { p99, longest, drawn } = await worker.ask<EventLoopDelay>('delayWhileDrawing', pairs * turnMs);
  await worker.stop();
  measurements.push({
    row: 'documents',
    what: 'Event-loop delay of the worker while it has PDFs drawn: p99',
    measured: p99,
    unit: ' ms',
    budget: { atMost: AT_MOST_MS },
    detail: `longest ${longest.toFixed(0)} ms, ${drawn} documents of both kinds in ${(pairs * turnMs) / 1000} s`,
  });
  return measurements;
}
