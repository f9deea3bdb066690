/** F12: what a laboratory hears when its message cannot be taken in, and what the operator reads in the log. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import mongoose from 'mongoose';
import { pino } from 'pino';
import type { GuessLimit } from '../../api/http/doors/guess-limit.ts';
import { answerErrors } from '../../api/http/mount.ts';
import { partnersRouter } from '../../api/inbound/router.ts';
import type { Catalogue } from '../../store/catalogue/catalogue.ts';
import type { Store } from '../../store/open.ts';

const NOBODY_GUESSES: GuessLimit = { failed: async () => undefined, passed: async () => undefined };

const { MongoNetworkError } = mongoose.mongo;

/** Posts a message to an inbox that reads its laboratories' credentials with `lookUp`. */
async function post(lookUp: () => Promise<unknown>) {
  const lines: string[] = [];
  const logger = pino({}, { write: (line) => lines.push(line) });
  const store = { labConnections: { collection: { find: () => ({ toArray: lookUp }) } } } as unknown as Store;
  const catalogue = { laboratoriesBySlug: new Map([['labcorp', {}]]) } as unknown as Catalogue;
  const partners = partnersRouter({ store, catalogue, logger }, NOBODY_GUESSES);
  const app = express().use('/partners', partners, answerErrors({ logger }));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { status } = await fetch(`http://127.0.0.1:${port}/partners/labs/labcorp/hl7`, {
    method: 'POST',
    headers: { 'content-type': 'application/hl7-v2', authorization: `Basic ${btoa('labcorp:secret')}` },
    body: 'MSH|',
  });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return { status, log: lines.map((line) => JSON.parse(line)) };
}

const failing = (error: Error) => () => Promise.reject(error);

test('a database that is away is 503, and named in the log by error and code', async () => {
  const away = Object.assign(new MongoNetworkError('connection to Ana Bell closed'), { code: 'ECONNRESET' });
  const { status, log } = await post(failing(away));
  expect(status).toBe(503);
  expect(log).toMatchObject([{ level: 50, lab: 'labcorp', error: 'MongoNetworkError', code: 'ECONNRESET' }]);
  expect(JSON.stringify(log)).not.toContain('Ana');
});

test('a fault of ours is 500, and named in the log', async () => {
  const { status, log } = await post(failing(new TypeError('undefined is no function')));
  expect(status).toBe(500);
  expect(log).toMatchObject([{ level: 50, error: 'TypeError' }]);
});
