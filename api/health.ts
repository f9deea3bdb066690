/** `GET /healthz` and `GET /readyz`. */
import express, { type Router } from 'express';
import type { ApiDeps } from './deps.ts';

/** A part that takes longer than this to answer counts as missing. */
const ANSWERS_WITHIN_MS = 2_000;

/** Whether this process lives, and which part it needs is missing; neither asks for a key. */
export function healthRouter({ store, temporalAnswers }: Pick<ApiDeps, 'store' | 'temporalAnswers'>): Router {
  const router = express.Router();
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });
  router.get('/readyz', async (_request, response) => {
    const [temporal, mongodb] = await Promise.all([
      soon(temporalAnswers()),
      soon(Promise.resolve(store.connection.db?.command({ ping: 1 })).then(Boolean)),
    ]);
    const missing = [...(temporal ? [] : ['temporal']), ...(mongodb ? [] : ['mongodb'])];
    if (missing.length > 0) response.status(503).set('retry-after', '2');
    response.json({ status: missing.length > 0 ? 'not ready' : 'ready', missing });
  });
  return router;
}

function soon(answers: Promise<boolean>): Promise<boolean> {
  const tooLate = new Promise<boolean>((resolve) => {
    setTimeout(resolve, ANSWERS_WITHIN_MS, false).unref();
  });
  return Promise.race([answers.catch(() => false), tooLate]);
}
