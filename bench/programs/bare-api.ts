/** What the API is measured against: the same Express, the same body, and a bare start of an empty workflow. */
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { loadConfig } from '../../config/config.ts';
import { parseCodecKeys } from '../../temporal/codec.ts';
import { temporalClient } from '../../temporal/connection.ts';
import { serve } from '../program.ts';
import type { bareJourney, empty } from '../workflows/bare.ts';

serve(async () => {
  const config = loadConfig();
  const { client, connection } = temporalClient(config.temporal, parseCodecKeys(config.codecKeys));
  const { taskQueue } = config.temporal;
  const app = express();
  app.use(express.json({ type: () => true }));
  app.post('/start', async (_request, response) => {
    const workflowId = randomUUID();
    await client.workflow.start<typeof empty>('empty', { taskQueue, workflowId });
    response.json({ order: { id: workflowId } });
  });
  app.post('/journeys', async (_request, response) => {
    const workflowId = randomUUID();
    await client.workflow.start<typeof bareJourney>('bareJourney', { taskQueue, workflowId });
    response.json({ order: { id: workflowId } });
  });
  app.post('/journeys/:id/reports', async (request, response) => {
    await client.workflow.getHandle(request.params.id).signal('report');
    response.json({});
  });
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    abilities: { url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    async close() {
      server.closeAllConnections();
      await connection.close();
    },
  };
});
