/** The product's API, which logs as it does in production, to where nobody reads. */
import { devNull } from 'node:os';
import { pino } from 'pino';
import { startApi } from '../../api/server.ts';
import { loadConfig } from '../../config.ts';
import { serve } from '../program.ts';

serve(async () => {
  const config = loadConfig();
  const api = await startApi(config, pino({ level: config.logLevel }, pino.destination(devNull)));
  return { abilities: { url: () => api.url }, close: () => api.stop() };
});
