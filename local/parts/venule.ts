/** Which parts make a Venule on one machine, in which order they start, and what each is told about the others. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import type { Config, PartPorts } from '../../config/config.ts';
import { keptSecret } from '../../config/kept-secret.ts';
import { codecEndpointToken, parseCodecKeys } from '../../temporal/codec.ts';
import { ensureSearchAttributes } from '../../temporal/register-search-attributes.ts';
import { cacheDir } from './cache.ts';
import type { Addresses, DataFolder } from './data-folder.ts';
import { mongodbUri, mongodProgram, startMongodb } from './mongodb.ts';
import { choosePort } from './ports.ts';
import { type RunningPart, startProcess, untilServing } from './process.ts';
import type { StartScreen } from './start-screen.ts';
import type { Supervisor } from './supervisor.ts';
import { startTemporal, temporalProgram } from './temporal.ts';

/** Those who ask stop before those who answer. */
export const STOP_ORDER = ['api', 'worker', 'sandbox', 'mail', 'temporal', 'mongodb'] as const;

/** A Venule that is ready. */
export interface StartedVenule {
  addresses: Addresses;
  /** The sandbox team’s key. */
  apiKey: string;
  managementKey: string;
}

const root = join(import.meta.dirname, '../..');

/**
 * Starts every part that the configuration does not give, and waits until all of them serve.
 *
 * @throws PartMissing when a part cannot be had; Error with the end of its log when one does not come up
 */
export async function startVenule(
  config: Config,
  folder: DataFolder,
  supervisor: Supervisor,
  screen: StartScreen,
): Promise<StartedVenule> {
  const { env } = process;
  const ports = await choosePorts(config.ports, folder);
  const apiUrl = `http://127.0.0.1:${ports.api}`;
  const publicUrl = env.VENULE_PUBLIC_URL ? config.publicUrl : apiUrl;
  const sandboxUrl = `http://127.0.0.1:${ports.sandbox}`;
  const addresses: Addresses = {
    api: apiUrl,
    apiReference: `${apiUrl}/reference`,
    temporalUi: env.TEMPORAL_ADDRESS ? config.temporalUiUrl : `http://127.0.0.1:${ports.temporalUi}`,
    mail: env.SMTP_URL ? null : `http://127.0.0.1:${ports.mail}`,
    sandbox: sandboxUrl,
    temporal: env.TEMPORAL_ADDRESS || `127.0.0.1:${ports.temporal}`,
    mongodb: env.MONGODB_URI || mongodbUri(ports.mongodb),
  };
  const apiKey = firstKey(folder, 'api-key', 'VENULE_API_KEY', config.apiKey, 'sk_us_', screen);
  const managementKey = firstKey(
    folder,
    'management-key',
    'VENULE_MANAGEMENT_KEY',
    config.managementKey,
    'mk_',
    screen,
  );

  const usual = {
    // Node keeps there what it has compiled, so that a part that is started again is there sooner.
    NODE_COMPILE_CACHE: join(cacheDir(), 'compiled'),
    // Else each thread has glibc keep memory for itself, also after it has been freed.
    MALLOC_ARENA_MAX: '2',
  };
  const program = (part: string, script: string, variables: Record<string, string>) =>
    supervisor.run(part, () => startProgram(part, script, { ...usual, ...env, ...variables }, folder.logFile(part)));

  await Promise.all([
    (async () => {
      const line = screen.part('Temporal');
      if (env.TEMPORAL_ADDRESS) {
        await prepareGivenTemporal(config);
        return line.ready(`${config.temporal.address} (TEMPORAL_ADDRESS)`);
      }
      const cli = await temporalProgram(line.doing);
      const options = {
        program: cli,
        port: ports.temporal,
        uiPort: ports.temporalUi,
        namespace: config.temporal.namespace,
        databaseFile: join(folder.path, 'temporal.db'),
        codec: {
          endpoint: `${apiUrl}/codec/${codecEndpointToken(parseCodecKeys(config.codecKeys))}`,
          settingsFile: join(folder.path, 'temporal-ui.yaml'),
        },
        logFile: folder.logFile('temporal'),
      };
      await supervisor.run('temporal', () => startTemporal(options));
      line.ready(addresses.temporal);
    })(),
    (async () => {
      const line = screen.part('MongoDB');
      if (env.MONGODB_URI) return line.ready('from MONGODB_URI');
      const mongod = await mongodProgram(line.doing);
      const options = {
        program: mongod,
        port: ports.mongodb,
        dataFolder: join(folder.path, 'mongodb'),
        logFile: folder.logFile('mongodb'),
      };
      await supervisor.run('mongodb', () => startMongodb(options));
      line.ready(`127.0.0.1:${ports.mongodb}`);
    })(),
    (async () => {
      const line = screen.part('Mail');
      if (env.SMTP_URL) return line.ready('sent to the server in SMTP_URL');
      await program('mail', 'local/mail-catcher/main.ts', {
        SMTP_PORT: String(ports.smtp),
        MAIL_PORT: String(ports.mail),
        VENULE_DATA_DIR: folder.path,
        MONGODB_URI: addresses.mongodb,
      });
      line.ready(`caught; read it at ${addresses.mail}`);
    })(),
  ]);

  const sandbox = screen.part('Sandbox partners');
  const { user, password } = config.sandboxCredentials;
  const { key, secret } = config.sandboxPhlebotomy;
  await program('sandbox', 'sandbox/main.ts', {
    SANDBOX_PORT: String(ports.sandbox),
    SANDBOX_DATA_DIR: join(folder.path, 'sandbox'),
    SANDBOX_RESULTS_URL: `${apiUrl}/partners/labs/{lab}/hl7`,
    SANDBOX_USER: user,
    SANDBOX_PASSWORD: password,
    SANDBOX_PHLEBOTOMY_KEY: key,
    SANDBOX_PHLEBOTOMY_SECRET: secret,
    SANDBOX_PHLEBOTOMY_EVENTS_URL: `${apiUrl}/partners/phlebotomy/{provider}/events`,
  });
  sandbox.ready(sandboxUrl);

  const shared = {
    PORT: String(ports.api),
    VENULE_DATA_DIR: folder.path,
    VENULE_PUBLIC_URL: publicUrl,
    VENULE_SANDBOX_URL: sandboxUrl,
    VENULE_SANDBOX_PASSWORD: password,
    VENULE_SANDBOX_PHLEBOTOMY_KEY: key,
    VENULE_SANDBOX_PHLEBOTOMY_SECRET: secret,
    VENULE_WEBHOOK_ALLOW_PRIVATE: env.VENULE_WEBHOOK_ALLOW_PRIVATE || '1',
    VENULE_API_KEY: apiKey,
    VENULE_MANAGEMENT_KEY: managementKey,
    TEMPORAL_ADDRESS: addresses.temporal,
    TEMPORAL_UI_URL: addresses.temporalUi ?? '',
    MAIL_UI_URL: addresses.mail ?? '',
    MONGODB_URI: addresses.mongodb,
    SMTP_URL: env.SMTP_URL || `smtp://127.0.0.1:${ports.smtp}`,
  };
  await Promise.all(
    [
      { part: 'worker', name: 'Worker', script: 'worker.ts', where: 'ready' },
      { part: 'api', name: 'API', script: 'api/server.ts', where: apiUrl },
    ].map(async ({ part, name, script, where }) => {
      const line = screen.part(name);
      await program(part, script, shared);
      line.ready(where);
    }),
  );
  folder.ready(addresses);
  return { addresses, apiKey, managementKey };
}

async function choosePorts(asked: PartPorts, folder: DataFolder): Promise<Record<keyof PartPorts, number>> {
  const last = folder.ports();
  const wishes: [part: keyof PartPorts, variable: string, usual: number][] = [
    ['api', 'PORT', 3000],
    ['temporal', 'TEMPORAL_PORT', 7233],
    ['temporalUi', 'TEMPORAL_UI_PORT', 8233],
    ['mongodb', 'MONGODB_PORT', 27017],
    ['smtp', 'SMTP_PORT', 1025],
    ['mail', 'MAIL_PORT', 8025],
    ['sandbox', 'SANDBOX_PORT', 3100],
  ];
  const chosen: Partial<Record<keyof PartPorts, number>> = {};
  for (const [part, variable, usual] of wishes) {
    chosen[part] = await choosePort({ variable, asked: asked[part], usual, last: last[part] });
  }
  const ports = chosen as Record<keyof PartPorts, number>;
  folder.keepPorts(ports);
  return ports;
}

/** The key that was given or made at the first start with this data folder. */
function firstKey(
  folder: DataFolder,
  name: string,
  variable: string,
  given: string | null,
  prefix: string,
  screen: StartScreen,
): string {
  const key = keptSecret(folder.path, name, () => given ?? `${prefix}${randomBytes(24).toString('base64url')}`);
  if (given !== null && given !== key) {
    screen.note(`${variable} is used on first start only; this data folder keeps its existing key.`);
  }
  return key;
}

/** A part that is a program of ours: it says `{"msg":"ready"}` in its log when it serves. */
async function startProgram(
  part: string,
  script: string,
  env: NodeJS.ProcessEnv,
  logFile: string,
): Promise<RunningPart> {
  const running = await startProcess(process.execPath, [join(root, script)], { logFile, env, cwd: root });
  const saidReady = async () => /"msg":\s*"ready"/.test(readFileSync(logFile).subarray(running.logStart).toString());
  return { ...running, ready: () => untilServing(part, running, logFile, saidReady) };
}

/** @throws Error when the Temporal of TEMPORAL_ADDRESS cannot be reached or lacks what journeys need */
async function prepareGivenTemporal({ temporal }: Config): Promise<void> {
  const connection = await Connection.connect({
    address: temporal.address,
    tls: temporal.tls,
    ...(temporal.apiKey && { apiKey: temporal.apiKey }),
    connectTimeout: 5_000,
  }).catch((error: Error) => {
    throw new Error(`Temporal: ${temporal.address} (TEMPORAL_ADDRESS) cannot be reached: ${error.message}`);
  });
  try {
    await ensureSearchAttributes(connection, temporal.namespace);
  } finally {
    await connection.close();
  }
}
