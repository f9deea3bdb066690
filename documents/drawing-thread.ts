/** The other end of `drawing.ts`: draws one document after another. */
import { parentPort } from 'node:worker_threads';
import type { Drawing, Drawn } from './drawing.ts';
import { type RequisitionContent, renderRequisition } from './requisition/requisition.ts';
import { renderResultReport } from './result-report/result-report.ts';

parentPort?.on('message', async (drawing: Drawing) => {
  const { id } = drawing;
  const drawn: Drawn = await draw(drawing).then(
    (pdf) => ({ id, pdf }),
    (error: unknown) => ({ id, error }),
  );
  parentPort?.postMessage(drawn);
});

async function draw(drawing: Drawing): Promise<Buffer> {
  return drawing.kind === 'result'
    ? renderResultReport(drawing.content)
    : renderRequisition(withPictures(drawing.content));
}

/** Pictures come as bytes between threads, and are buffers where they are drawn. */
function withPictures({ team, signature, ...content }: RequisitionContent): RequisitionContent {
  const buffer = (picture: Uint8Array | null | undefined) => (picture ? Buffer.from(picture) : null);
  return { ...content, team: { ...team, logo: buffer(team.logo) }, signature: buffer(signature) };
}
