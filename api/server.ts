/** The API as a program: opens what it needs, listens, and stops without dropping a request. */
import type { AddressInfo } from 'node:net';
import { type Logger, pino } from 'pino';
import { type Config, loadConfig } from '../config/config.ts';
import { describeConfig } from '../config/variables.ts';
import { createDocumentIssuer } from '../documents/issue-documents.ts';
import { policyWith } from '../domain/policy.ts';
import { createPaperUrl } from '../links/booking-url.ts';
import { requireFitNode } from '../node-version.mjs';
import { releaseStartUpMemory } from '../start-up-memory.ts';
import { ensureManagementKey, ensureSandboxTeam } from '../store/access/teams.ts';
import { createBookingKeys } from '../store/appointments/booking-keys.ts';
import { loadCatalogue, seedCatalogue } from '../store/catalogue/catalogue.ts';
import { connectSandboxLabs } from '../store/connections/lab-connections.ts';
import { rememberedProfiles } from '../store/connections/lab-profiles.ts';
import { connectSandboxPhlebotomy } from '../store/connections/phlebotomy-connections.ts';
import { closeStore, openStore } from '../store/open.ts';
import { parseCodecKeys } from '../temporal/codec.ts';
import { temporalClient } from '../temporal/connection.ts';
import { temporalJourneys } from '../temporal/journeys.ts';
import { createApp } from './app.ts';
import { codecRouter } from './codec.ts';
import { httpServer } from './http/http-server.ts';
import { startMllpServer } from './inbound/mllp-server.ts';
import { temporalSandboxSimulations } from './orders/sandbox-walks.ts';

const TEMPORAL_ANSWERS_WITHIN_MS = 2_000;
/** Requests that are still being answered when the program is told to stop get this long, in milliseconds. */
const GRACE_MS = 10_000;

/** An API that listens. */
export interface RunningApi {
  /** Where it is reached from this machine. */
  url: string;
  /** Where laboratories deliver over MLLP; null where they cannot. */
  mllpPort: number | null;
  /** Answers what has been asked, then closes everything. */
  stop(): Promise<void>;
}

/** Starts the API; resolves when it listens. Temporal need not be there yet. */
export async function startApi(config: Config, logger: Logger): Promise<RunningApi> {
  const store = await openStore(config.mongodbUri, config.publicUrl);
  await seedCatalogue(store);
  const catalogue = await loadCatalogue(store);
  await ensureSandboxTeam(store, { apiKey: config.apiKey });
  await ensureManagementKey(store, config.managementKey);
  await connectSandboxLabs(store, catalogue, {
    url: config.sandboxUrl,
    ...config.sandboxCredentials,
    replace: config.sandboxGiven,
  });
  await connectSandboxPhlebotomy(store, { url: config.sandboxUrl, ...config.sandboxPhlebotomy });

  const keys = parseCodecKeys(config.codecKeys);
  const policy = policyWith(config.policyOverrides);
  const { client, connection } = temporalClient(config.temporal, keys);
  const app = createApp({
    store,
    catalogue,
    bookingKeys: createBookingKeys(keys),
    journeys: temporalJourneys(client, config.temporal.taskQueue, policy),
    simulations: temporalSandboxSimulations(client.workflow, config.temporal.taskQueue, policy),
    policy,
    documents: createDocumentIssuer(store, catalogue, {
      standIn: config.standInContact,
      paperUrl: createPaperUrl(store, { keys, publicUrl: config.publicUrl }),
    }),
    temporalAnswers: async () => {
      await connection.withDeadline(Date.now() + TEMPORAL_ANSWERS_WITHIN_MS, () =>
        connection.workflowService.getSystemInfo({}),
      );
      return true;
    },
    config,
    logger,
    webhookAllowPrivate: config.webhookAllowPrivate,
    codec: codecRouter(keys, config.temporalUiUrl && new URL(config.temporalUiUrl).origin),
  });

  const server = httpServer(app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(config.port, config.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const laboratories = catalogue.laboratoriesBySlug;
  const inbox = { store, profiles: rememberedProfiles(store, laboratories), logger, laboratories };
  const mllp = config.mllp && (await startMllpServer(inbox, { host: config.host, ...config.mllp }));
  return {
    url: `http://${config.host === '0.0.0.0' ? '127.0.0.1' : config.host}:${port}`,
    mllpPort: mllp?.port ?? null,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const impatient = setTimeout(() => server.closeAllConnections(), GRACE_MS);
      await Promise.all([closed, mllp?.stop()]);
      clearTimeout(impatient);
      await Promise.all([connection.close(), closeStore(store)]);
    },
  };
}

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    console.log(
      `Usage: npm run api\n\nAnswers requests. Any number of APIs can run side by side.\n\n${describeConfig('api')}`,
    );
    return;
  }
  const config = loadConfig();
  const logger = pino({ level: config.logLevel });
  const api = await startApi(config, logger);
  releaseStartUpMemory();
  logger.info({ url: api.url, ...(api.mllpPort !== null && { mllp: api.mllpPort }) }, 'ready');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void api.stop());
}

requireFitNode();
if (import.meta.main) {
  main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
