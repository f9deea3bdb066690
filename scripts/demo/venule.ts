/** The Venule that the demo talks to: one that is given, one that runs here, or one of its own. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, loadConfig } from '../../config/config.ts';
import { type Running, readRunning } from '../../local/parts/data-folder.ts';
import { isRunning } from '../../local/parts/process.ts';

/** A Venule that answers. */
export interface Venule {
  apiUrl: string;
  apiKey: string;
  /** Null where nobody gave it: the journey is then watched by asking, not by webhook. */
  managementKey: string | null;
  /** Null where the laboratory’s own way in is not known: then it chooses itself which results are missing. */
  sandboxLab: { url: string; user: string; password: string } | null;
  temporalUi: string | null;
  temporalNamespace: string;
  /** The page of caught mail. */
  mail: string | null;
  /** Where the demo may keep files. */
  dataDir: string;
  /** Ends it, if the demo started it. */
  stop(): Promise<void>;
}

/**
 * The Venule of VENULE_URL; else the one that runs with the data folder; else a new one on that folder.
 *
 * @param progress hears what a start says
 * @throws Error saying what to do when there is none to be had
 */
export async function findOrStartVenule(progress: (line: string) => void): Promise<Venule> {
  const config = loadConfig();
  if (process.env.VENULE_URL) return givenVenule(process.env.VENULE_URL, config);
  const running = readRunning(config.dataDir);
  if (running && isRunning(running.start)) {
    if (running.addresses) return localVenule(config, running, async () => {});
    throw new Error(`Venule is still starting with the data folder ${config.dataDir}. Try again when it is ready.`);
  }
  return startVenule(config, progress);
}

function givenVenule(url: string, config: Config): Venule {
  const { apiKey, managementKey, sandboxUrl, sandboxCredentials, temporalUiUrl, temporal, dataDir } = config;
  if (apiKey === null) throw new Error('VENULE_URL also needs VENULE_API_KEY, the key of a sandbox team.');
  const labIsKnown = process.env.VENULE_SANDBOX_URL && process.env.VENULE_SANDBOX_PASSWORD;
  return {
    apiUrl: url.replace(/\/+$/, ''),
    apiKey,
    managementKey,
    sandboxLab: labIsKnown ? { url: sandboxUrl, ...sandboxCredentials } : null,
    temporalUi: temporalUiUrl,
    temporalNamespace: temporal.namespace,
    mail: null,
    dataDir,
    stop: async () => {},
  };
}

function localVenule(config: Config, { addresses }: Running, stop: () => Promise<void>): Venule {
  if (!addresses) throw new Error('Venule is not ready yet.');
  const key = (name: string) => readFileSync(join(config.dataDir, name), 'utf8').trim();
  return {
    apiUrl: addresses.api,
    apiKey: key('api-key'),
    managementKey: key('management-key'),
    sandboxLab: { url: addresses.sandbox, ...config.sandboxCredentials },
    temporalUi: addresses.temporalUi,
    temporalNamespace: config.temporal.namespace,
    mail: addresses.mail,
    dataDir: config.dataDir,
    stop,
  };
}

/** `npm start` as a child that ends with us, however we end. */
async function startVenule(config: Config, progress: (line: string) => void): Promise<Venule> {
  progress('Venule is not running: starting it for this demo.');
  const start = spawn(process.execPath, [join(import.meta.dirname, '../../local/start.ts')], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  const said: string[] = [];
  for (const stream of [start.stdout, start.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      const lines = chunk.toString().trimEnd().split('\n');
      if (!said.includes('Venule is running.')) for (const line of lines) if (line !== '') progress(line);
      said.push(...lines);
    });
  }
  const ended = new Promise<void>((resolve) => void start.once('close', () => resolve()));
  const stop = () => {
    start.kill('SIGTERM');
    return ended;
  };
  while (start.exitCode === null && start.signalCode === null) {
    const running = readRunning(config.dataDir);
    if (running?.start.pid === start.pid && running?.addresses) return localVenule(config, running, stop);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Venule did not start. The end of its output:\n${said.slice(-10).join('\n')}`);
}
