/** The other end of `drawing.ts`: draws one result report after another. */
import { parentPort } from 'node:worker_threads';
import type { Drawing, Drawn } from './drawing.ts';
import { renderResultReport } from './result-report.ts';

parentPort?.on('message', async ({ id, content }: Drawing) => {
  const drawn: Drawn = await renderResultReport(content).then(
    (pdf) => ({ id, pdf }),
    (error: unknown) => ({ id, error }),
  );
  parentPort?.postMessage(drawn);
});
