/** The real parts that everything is measured on: a file-backed Temporal, a MongoDB, a lab and a mail server. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { loadConfig } from '../config/config.ts';
import { mongodbUri, mongodProgram, startMongodb } from '../local/parts/mongodb.ts';
import { freePort } from '../local/parts/ports.ts';
import type { RunningPart } from '../local/parts/process.ts';
import { startTemporal, temporalProgram } from '../local/parts/temporal.ts';
import { ensureSandboxTeam, SANDBOX_TEAM_ID } from '../store/access/teams.ts';
import { collectionOf } from '../store/collections/define.ts';
import { closeStore, openStore, type Store } from '../store/open.ts';
import { ensureSearchAttributes } from '../temporal/register-search-attributes.ts';
import { type Partners, startPartners } from './partners.ts';
import { type Program, startProgram } from './program.ts';

/** Everything that the rows measure on. */
export interface Parts {
  /** What programs are told: Venule's configuration. */
  env: NodeJS.ProcessEnv;
  store: Store;
  /** Process ids of the servers. */
  pids: { temporal: number; mongodb: number };
  partners: Partners;
  /** Key of the sandbox team, which every order belongs to. */
  apiKey: string;
  /** Id of a user of that team. */
  userId: string;
  /** Starts a program with these parts; it is stopped with them at the latest. */
  program(name: string, env?: NodeJS.ProcessEnv, execArgv?: readonly string[]): Promise<Program>;
  stop(): Promise<void>;
}

/** Starts the parts on free ports, in a new folder that is gone when they have stopped. */
export async function startParts(progress: (line: string) => void): Promise<Parts> {
  const folder = mkdtempSync(join(tmpdir(), 'venule-bench-'));
  const servers: RunningPart[] = [];
  const programs: Program[] = [];
  const closers: (() => Promise<void>)[] = [];
  const stop = async () => {
    await Promise.all(programs.map((program) => program.stop()));
    for (const close of closers.reverse()) await close();
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [temporal, mongodb] = [await freePort(), await freePort()];
    const running = await Promise.all([
      startTemporal({
        program: await temporalProgram((doing) => progress(`Temporal: ${doing}`)),
        port: temporal,
        namespace: 'default',
        databaseFile: join(folder, 'temporal.db'),
        logFile: join(folder, 'temporal.log'),
      }),
      startMongodb({
        program: await mongodProgram((doing) => progress(`MongoDB: ${doing}`)),
        port: mongodb,
        dataFolder: join(folder, 'mongodb'),
        logFile: join(folder, 'mongodb.log'),
      }),
    ]);
    servers.push(...running);
    await Promise.all(running.map((server) => server.ready()));
    const partners = await startPartners();
    closers.push(partners.close);

    const bundle = join(folder, 'journeys.js');
    writeFileSync(bundle, await bundleJourneys());
    const apiKey = `sk_us_${randomBytes(24).toString('base64url')}`;
    const env: NodeJS.ProcessEnv = {
      PORT: '0',
      HOST: '127.0.0.1',
      TEMPORAL_ADDRESS: `127.0.0.1:${temporal}`,
      MONGODB_URI: mongodbUri(mongodb, 'bench'),
      SMTP_URL: partners.smtpUrl,
      VENULE_API_KEY: apiKey,
      VENULE_DATA_DIR: folder,
      VENULE_SANDBOX_URL: partners.labUrl,
      VENULE_WEBHOOK_ALLOW_PRIVATE: '1',
      VENULE_BENCH_BUNDLE: bundle,
      VENULE_MAX_CACHED_WORKFLOWS: '10000',
    };
    // Makes the secrets that every program then finds in the data folder.
    loadConfig(env);
    const connection = await Connection.connect({ address: env.TEMPORAL_ADDRESS as string });
    await ensureSearchAttributes(connection, 'default');
    await connection.close();
    const store = await openStore(env.MONGODB_URI as string);
    closers.push(() => closeStore(store));
    await ensureSandboxTeam(store, { apiKey });
    const userId = await addUser(store);
    return {
      env,
      store,
      pids: { temporal: running[0].identity.pid, mongodb: running[1].identity.pid },
      partners,
      apiKey,
      userId,
      async program(name, more = {}, execArgv = []) {
        const program = await startProgram(name, { ...env, ...more }, execArgv);
        programs.push(program);
        return program;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Bundled once for every worker: in a worker's own process it would take the memory that is to be measured. */
async function bundleJourneys(): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(import.meta.dirname, 'workflows/journeys.ts'),
    failureConverterPath: join(import.meta.dirname, '../temporal/failure-converter.ts'),
    logger: new DefaultLogger('ERROR'),
  });
  return code;
}

async function addUser(store: Store): Promise<string> {
  const now = new Date();
  const _id = randomUUID();
  await collectionOf(store.users).insertOne({
    _id,
    team_id: SANDBOX_TEAM_ID,
    client_user_id: 'bench',
    fallback_time_zone: null,
    fallback_birth_date: null,
    ingestion_start: null,
    ingestion_end: null,
    info: null,
    created_at: now,
    updated_at: now,
  });
  return _id;
}
