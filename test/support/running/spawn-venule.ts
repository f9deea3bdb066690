/** A whole Venule as `npm start` runs it, on a data folder of its own, for tests that end it in every way. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Addresses, readRunning } from '../../../local/parts/data-folder.ts';
import { isRunning, type ProcessIdentity } from '../../../local/parts/process.ts';
import type { STOP_ORDER } from '../../../local/parts/venule.ts';
import { until } from '../until.ts';
import { giveBundle } from './workflow-bundle.ts';

/** A part that `npm start` runs. */
export type PartName = (typeof STOP_ORDER)[number];

/** How long a start may take, in milliseconds: a part may have to be fetched first. */
const START_WITHIN = 300_000;

/** A running Venule, and the ways to end it. */
export interface SpawnedVenule {
  dataDir: string;
  addresses: Addresses;
  apiUrl: string;
  apiKey: string;
  managementKey: string;
  /** The processes as they are now: a part that died has a new one. */
  pids(): Record<PartName | 'start', number>;
  /** Everything it has printed. */
  output(): string;
  /** Ends one part with SIGKILL; it is started again by itself. Resolves when it is gone. */
  kill(part: PartName): Promise<void>;
  /** Takes a part away without ending it. */
  pause(part: PartName): void;
  /** Brings a paused part back. */
  resume(part: PartName): void;
  /** Ends everything with SIGKILL, `npm start` first. Resolves when all of it is gone. */
  killAll(): Promise<void>;
  /** Ends it as Ctrl-C does; resolves with the exit code when everything has stopped. */
  stop(): Promise<number | null>;
}

/**
 * Starts a Venule and waits until all of it is ready. Called again with the same data folder after an end, it goes on
 * with the same ports, keys and journeys.
 *
 * @throws Error with what it printed when it does not come up
 */
export async function spawnVenule({
  dataDir,
  env = {},
}: {
  dataDir: string;
  env?: NodeJS.ProcessEnv;
}): Promise<SpawnedVenule> {
  await giveBundle(dataDir);
  const start = spawnStart({ dataDir, env });
  let running = readRunning(dataDir);
  await until(() => {
    running = readRunning(dataDir);
    if (start.process.exitCode !== null || start.process.signalCode !== null) {
      throw new Error(`npm start ended:\n${start.output()}`);
    }
    return running?.start.pid === start.process.pid && running?.addresses !== null;
  }, START_WITHIN);
  const { addresses, start: startIdentity } = running as NonNullable<typeof running> & { addresses: Addresses };

  const parts = () => readRunning(dataDir)?.parts ?? {};
  const part = (name: PartName): ProcessIdentity => {
    const identity = parts()[name];
    if (!identity) throw new Error(`${name} does not run`);
    return identity;
  };
  const end = async (identities: ProcessIdentity[]) => {
    for (const identity of identities) {
      if (isRunning(identity)) process.kill(identity.pid, 'SIGKILL');
    }
    await until(() => !identities.some(isRunning));
  };
  const key = (name: string) => readFileSync(join(dataDir, name), 'utf8').trim();

  return {
    dataDir,
    addresses,
    apiUrl: addresses.api,
    apiKey: key('api-key'),
    managementKey: key('management-key'),
    pids: () => ({
      start: startIdentity.pid,
      ...(Object.fromEntries(Object.entries(parts()).map(([name, { pid }]) => [name, pid])) as Record<
        PartName,
        number
      >),
    }),
    output: start.output,
    kill: (name) => end([part(name)]),
    pause: (name) => void process.kill(part(name).pid, 'SIGSTOP'),
    resume: (name) => void process.kill(part(name).pid, 'SIGCONT'),
    killAll: () => end([startIdentity, ...Object.values(parts())]),
    stop: () => {
      start.process.kill('SIGTERM');
      return start.ended;
    },
  };
}

/** `npm start` as it is, without waiting for anything. */
export function spawnStart({ dataDir, env = {} }: { dataDir: string; env?: NodeJS.ProcessEnv }): {
  process: ChildProcess;
  output(): string;
  /** The exit code; null when a signal ended it. */
  ended: Promise<number | null>;
} {
  const { TEMPORAL_ADDRESS: _temporal, MONGODB_URI: _mongodb, ...inherited } = process.env;
  const anyPorts = Object.fromEntries(
    ['PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT', 'MONGODB_PORT', 'SMTP_PORT', 'MAIL_PORT', 'SANDBOX_PORT'].map(
      (name) => [name, '0'],
    ),
  );
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../../local/start.ts')], {
    env: { ...inherited, ...anyPorts, VENULE_DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (printed += chunk));
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => resolve(code));
  });
  return { process: child, output: () => printed, ended };
}
