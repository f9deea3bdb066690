/**
 * Resident memory of the worker and the API at rest: `npm start` with nothing given and a new data folder, so that both
 * are the programs that it runs, with whatever they are started with; then a minute in which nobody asks for anything, and
 * no garbage is collected for the occasion. Read from /proc, with any processes they have started. Twice: the worker bundles
 * its workflows at the first start and finds them at the next, and the larger figure counts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Measurement } from '../measurement.ts';

const BUDGETS_MIB = { worker: { atMost: 250 }, api: { atMost: 150 } };

/** What `npm start` would take from its surroundings instead of running it itself. */
const GIVEN = ['TEMPORAL_ADDRESS', 'MONGODB_URI', 'SMTP_URL'];
const PORTS = [
  'PORT',
  'TEMPORAL_PORT',
  'TEMPORAL_UI_PORT',
  'MONGODB_PORT',
  'SMTP_PORT',
  'MAIL_PORT',
  'SANDBOX_PORT',
] as const;

type Part = keyof typeof BUDGETS_MIB;

/** What `npm start` says about itself in its data folder. */
interface Running {
  parts: Record<Part, { pid: number }>;
  addresses: unknown;
}

/** @param starts How often everything is started, @param idleMs how long nothing happens before memory is read. */
export async function memoryAtRest(
  { starts, idleMs }: { starts: number; idleMs: number },
  progress: (line: string) => void,
): Promise<Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), 'venule-bench-rest-'));
  const readings: Record<Part, number[]> = { worker: [], api: [] };
  try {
    for (let start = 1; start <= starts; start += 1) {
      await whileRunning(folder, async ({ parts }) => {
        await pause(idleMs);
        for (const part of ['worker', 'api'] as const) readings[part].push(residentMib(parts[part].pid));
      });
      const [worker, api] = [readings.worker.at(-1) ?? 0, readings.api.at(-1) ?? 0];
      progress(`worker ${worker.toFixed(0)} MiB, API ${api.toFixed(0)} MiB (${start} of ${starts})`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const measurement = (part: Part, what: string): Measurement => ({
    row: 'rest',
    what: `Resident memory of ${what} at rest`,
    measured: Math.max(...readings[part]),
    unit: ' MiB',
    budget: BUDGETS_MIB[part],
    detail: `${idleMs / 1000} s after the start: ${readings[part].map((mib) => mib.toFixed(0)).join(', then ')} MiB`,
  });
  return [measurement('worker', 'the worker'), measurement('api', 'the API')];
}

async function whileRunning(folder: string, work: (running: Running) => Promise<void>): Promise<void> {
  const ports = Object.fromEntries(PORTS.map((port) => [port, '0']));
  // As npm sets it, so that everything ends with this process, whatever ends that.
  const env = { ...process.env, ...ports, VENULE_DATA_DIR: folder, npm_lifecycle_event: 'start' };
  for (const name of GIVEN) delete env[name as keyof typeof env];
  const start = spawn(process.execPath, [join(import.meta.dirname, '../../local/start.mjs')], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(start, 'exit');
  try {
    const deadline = Date.now() + 300_000;
    for (;;) {
      const running = readRunning(join(folder, 'running.json'));
      if (running?.addresses) return await work(running);
      if (start.exitCode !== null) throw new Error(`npm start ended (exit code ${start.exitCode})`);
      if (Date.now() > deadline) throw new Error('npm start was not ready within five minutes');
      await pause(100);
    }
  } finally {
    start.kill('SIGTERM');
    await ended;
  }
}

function readRunning(file: string): Running | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Running;
  } catch {
    return undefined;
  }
}

/** Of a process and all that it has started. */
function residentMib(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
  return Number(kib) / 1024 + children.reduce((sum, child) => sum + residentMib(Number(child)), 0);
}
