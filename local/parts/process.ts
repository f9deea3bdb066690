/** Processes that `npm start` and the tests run, none of which outlives whoever started it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A process by its id and the moment it began, so that a reused id is not taken for it. */
export interface ProcessIdentity {
  pid: number;
  /** In the system’s own words; compared, never read. */
  since: string;
}

/** A process that we started. */
export interface RunningProcess {
  identity: ProcessIdentity;
  /** What its log file held before it began, in bytes. */
  logStart: number;
  /** Resolves when the process has ended, with how. */
  ended: Promise<string>;
  /** Asks it to end, waits, and ends it after `patience` milliseconds (default 20 000). */
  stop(patience?: number): Promise<void>;
}

/** A process that serves others. */
export interface RunningPart extends RunningProcess {
  /**
   * Resolves when it serves.
   *
   * @throws Error with the end of its log when it ended instead, or said nothing for two minutes
   */
  ready(): Promise<void>;
}

const LOG_LIMIT = 10 * 1024 * 1024;

/**
 * Starts a program in a process group of its own (Ctrl-C reaches only us), its output appended to a log file. It is
 * stopped when our process ends in whatever way, SIGKILL included.
 *
 * @throws Error when the program cannot be run
 */
export async function startProcess(
  command: string,
  args: readonly string[],
  { logFile, env = process.env, cwd }: { logFile: string; env?: NodeJS.ProcessEnv; cwd?: string },
): Promise<RunningProcess> {
  const log = openLog(logFile);
  const logStart = fstatSync(log).size;
  const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log], env, ...(cwd && { cwd }) });
  closeSync(log);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const pid = child.pid as number;
  guard(`watch ${pid}`);
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      guard(`forget ${pid}`);
      resolve(signal ?? `exit code ${code}`);
    });
  });
  const identity = { pid, since: startOf(pid) ?? '' };
  return { identity, logStart, ended, stop: (patience) => stopChild(child, ended, patience) };
}

/** Whether that very process still runs. */
export function isRunning({ pid, since }: ProcessIdentity): boolean {
  return startOf(pid) === since;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, since: startOf(process.pid) ?? '' };
}

/** Stops a process that an earlier run left behind: politely, and after `patience` milliseconds without asking. */
export async function stopLeftover(identity: ProcessIdentity, patience = 10_000): Promise<void> {
  for (const [signal, wait] of [
    ['SIGTERM', patience],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!isRunning(identity)) return;
    process.kill(identity.pid, signal);
    const deadline = Date.now() + wait;
    while (isRunning(identity) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The last lines of a log file, for whoever must know why a part did not start. */
export function logTail(logFile: string, lines = 15): string {
  try {
    return readFileSync(logFile, 'utf8')
      .trimEnd()
      .split('\n')
      .slice(-lines)
      .map((line) => line.slice(0, 300))
      .join('\n');
  } catch {
    return '';
  }
}

/**
 * Waits until a part answers, at most two minutes.
 *
 * @throws Error with the end of its log when it ended instead
 */
export async function untilServing(
  part: string,
  { ended }: Pick<RunningProcess, 'ended'>,
  logFile: string,
  answers: () => Promise<boolean>,
): Promise<void> {
  let end: string | undefined;
  ended.then((how) => {
    end = how;
  });
  const deadline = Date.now() + 120_000;
  while (!(await answers())) {
    if (end !== undefined || Date.now() > deadline) {
      const what = end === undefined ? 'did not respond within two minutes' : `ended (${end})`;
      throw new Error(`${part} ${what}. The end of ${logFile}:\n${logTail(logFile)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function stopChild(child: ChildProcess, ended: Promise<string>, patience = 20_000): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), patience);
  await ended;
  clearTimeout(timer);
}

function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}

/** When a process began; undefined when there is none, or only its remains. */
function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      const [state, ...rest] = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return state === 'Z' || state === 'X' ? undefined : rest[18];
    } catch {
      return undefined;
    }
  }
  const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout?.trim() || undefined;
}

let watchdog: ChildProcess | undefined;

/** Tells the watchdog, a process that waits for the end of ours and then ends what it was told to watch. */
function guard(message: string): void {
  if (!watchdog) {
    watchdog = spawn(process.execPath, [join(import.meta.dirname, 'watchdog.mjs')], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    watchdog.once('error', () => {});
    watchdog.stdin?.on('error', () => {});
    watchdog.unref();
    (watchdog.stdin as unknown as { unref(): void }).unref();
  }
  watchdog.stdin?.write(`${message}\n`);
}
