/** The real parts that everything is measured on: a file-backed Temporal, a MongoDB, a lab and a mail server. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { bundleWorkflowCode } from '@temporalio/worker';
import { loadConfig } from '../config/config.ts';
import { mongodbUri, mongodProgram, startMongodb } from '../local/parts/mongodb.ts';
import { freePort } from '../local/parts/ports.ts';
import type { RunningPart } from '../local/parts/process.ts';
import { startTemporal, temporalProgram } from '../local/parts/temporal.ts';
import { ensureSandboxTeam, SANDBOX_TEAM_ID } from '../store/access/teams.ts';
import { collectionOf } from '../store/collections/define.ts';
import { closeStore, openStore, type Store } from '../store/open.ts';
import { bundlerOptions } from '../temporal/bundler-options.ts';
import { ensureSearchAttributes } from '../temporal/register-search-attributes.ts';
import { type Partners, startPartners } from './partners.ts';
import { type Program, startProgram } from './program.ts';

/** The servers that every row measures on, one row after the other. */
export interface Servers {
  /** A database of its own on them, so that no row works off what another has left behind. */
  database(name: string): Promise<Parts>;
  stop(): Promise<void>;
}

/** Everything that a row measures on. */
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
  /** The same on a second database, which is dropped with the servers' others. */
  another(name: string): Promise<Parts>;
  /** Stops the programs and drops the database. */
  stop(): Promise<void>;
}

/** Starts the servers on free ports, in a new folder that is gone when they have stopped. */
export async function startServers(progress: (line: string) => void): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), 'venule-bench-'));
  const servers: RunningPart[] = [];
  const open = new Set<Parts>();
  let partners: Partners | undefined;
  const stop = once(async () => {
    for (const parts of open) await parts.stop();
    await partners?.close();
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  });
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
    partners = await startPartners();

    const bundle = join(folder, 'journeys.js');
    writeFileSync(bundle, await bundleJourneys());
    const env: NodeJS.ProcessEnv = {
      PORT: '0',
      HOST: '127.0.0.1',
      TEMPORAL_ADDRESS: `127.0.0.1:${temporal}`,
      SMTP_URL: partners.smtpUrl,
      VENULE_API_KEY: `sk_us_${randomBytes(24).toString('base64url')}`,
      VENULE_MANAGEMENT_KEY: `mk_${randomBytes(24).toString('base64url')}`,
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
    const common = {
      pids: { temporal: running[0].identity.pid, mongodb: running[1].identity.pid },
      partners,
      stopped: (parts: Parts) => void open.delete(parts),
    };
    const database = async (name: string): Promise<Parts> => {
      const another = (second: string) => database(`${name}-${second}`);
      const parts = await onDatabase(
        { ...env, MONGODB_URI: mongodbUri(mongodb, `bench-${name}`) },
        { ...common, another },
      );
      open.add(parts);
      return parts;
    };
    return { database, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function onDatabase(
  env: NodeJS.ProcessEnv,
  { stopped, ...common }: Pick<Parts, 'pids' | 'partners' | 'another'> & { stopped(parts: Parts): void },
): Promise<Parts> {
  const apiKey = env.VENULE_API_KEY as string;
  const programs: Program[] = [];
  const store = await openStore(env.MONGODB_URI as string);
  await ensureSandboxTeam(store, { apiKey });
  const parts: Parts = {
    ...common,
    env,
    store,
    apiKey,
    userId: await addUser(store),
    async program(name, more = {}, execArgv = []) {
      const program = await startProgram(name, { ...env, ...more }, execArgv);
      programs.push(program);
      return program;
    },
    stop: once(async () => {
      stopped(parts);
      await Promise.all(programs.map((program) => program.stop()));
      await store.connection.dropDatabase();
      await closeStore(store);
    }),
  };
  return parts;
}

/** Whoever asks later waits for what was begun. */
function once(work: () => Promise<void>): () => Promise<void> {
  let begun: Promise<void> | undefined;
  return () => {
    begun ??= work();
    return begun;
  };
}

/** Bundled once for every worker: in a worker's own process it would take the memory that is to be measured. */
async function bundleJourneys(): Promise<string> {
  const journeys = join(import.meta.dirname, 'workflows/journeys.ts');
  const { code } = await bundleWorkflowCode(bundlerOptions(journeys, 'ERROR'));
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
