/** Draws documents as the product does, and the same pages bare, by turns. */
import { drawDocument } from '../../documents/drawing.ts';
import { renderRequisition } from '../../documents/requisition/requisition.ts';
import { renderResultReport } from '../../documents/result-report/result-report.ts';
import { type Call, drawBare, written } from '../documents/bare-drawing.ts';
import { type Contents, contents } from '../documents/contents.ts';
import { serve } from '../program.ts';

/** A turn of one side. */
export interface DrawingTurn {
  kind: keyof Contents;
  /** For how long documents are begun, in milliseconds. */
  durationMs: number;
}

/** Documents that are asked for at the same time; the thread that draws them is never without one. */
const AT_ONCE = 4;

serve(async () => {
  const drawables = contents();
  const calls: Record<keyof Contents, Call[][]> = { requisition: [], result: [] };
  for (const content of drawables.requisition) {
    calls.requisition.push(await written(() => renderRequisition(content)));
  }
  for (const content of drawables.result) calls.result.push(await written(() => renderResultReport(content)));

  /** Draws one after another, so many at the same time. @returns pages per second */
  async function turn({ durationMs }: DrawingTurn, atOnce: number, draw: (number: number) => Promise<Buffer>) {
    const began = performance.now();
    let [next, pages] = [0, 0];
    const drawer = async () => {
      while (performance.now() - began < durationMs) {
        const pdf = await draw(next++);
        pages += pagesOf(pdf);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, drawer));
    return (pages / (performance.now() - began)) * 1000;
  }

  return {
    abilities: {
      venule: (asked: DrawingTurn) =>
        turn(asked, AT_ONCE, (number) => {
          const at = number % drawables.result.length;
          return asked.kind === 'result'
            ? drawDocument({ kind: 'result', content: drawables.result[at] as Contents['result'][number] })
            : drawDocument({
                kind: 'requisition',
                content: drawables.requisition[at] as Contents['requisition'][number],
              });
        }),
      bare: (asked: DrawingTurn) =>
        turn(asked, 1, (number) => drawBare(calls[asked.kind][number % calls[asked.kind].length] as Call[])),
      /** How many pages a document of that kind has. */
      pages: async (kind: keyof Contents) => pagesOf(await drawBare(calls[kind][0] as Call[])),
    },
  };
});

/** Pages stand in a PDF as they are, whatever else in it is compressed. */
const pagesOf = (pdf: Buffer) => pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length ?? 0;
