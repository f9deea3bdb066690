/** Programs that take part in a measurement, each in a process of its own, asked and answered over Node's IPC. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

/** A running program of `bench/programs/`. */
export interface Program {
  pid: number;
  /** Asks the program to do one of the things it can. @throws Error with its words when it could not */
  ask<T>(what: string, argument?: unknown): Promise<T>;
  /** Ends it and waits until it has ended. */
  stop(): Promise<void>;
}

interface Question {
  id: number;
  what: string;
  argument: unknown;
}
interface Answer {
  id: number;
  value?: unknown;
  error?: string;
}

/** How long a program may take to stop, in milliseconds. */
const PATIENCE_MS = 20_000;

/** Starts a program and waits until it serves. */
export async function startProgram(
  name: string,
  env: NodeJS.ProcessEnv,
  execArgv: readonly string[] = [],
): Promise<Program> {
  const child = fork(join(import.meta.dirname, 'programs', `${name}.ts`), {
    // As `npm start` and the image set it for Venule's programs.
    env: { MALLOC_ARENA_MAX: '2', ...process.env, ...env },
    execArgv: [...execArgv],
    serialization: 'advanced',
  });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let last = 0;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const { reject } of waiting.values()) reject(new Error(`${name} ended (${signal ?? `exit code ${code}`})`));
      resolve();
    });
  });
  child.on('message', ({ id, value, error }: Answer) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(value);
    else asked?.reject(new Error(`${name}: ${error}`));
  });
  const ask = <T>(what: string, argument?: unknown) =>
    new Promise<T>((resolve, reject) => {
      if (!child.connected) return reject(new Error(`${name} has ended`));
      last += 1;
      waiting.set(last, { resolve: resolve as (value: unknown) => void, reject });
      child.send({ id: last, what, argument } satisfies Question);
    });
  await ask('ready');
  return { pid: child.pid as number, ask, stop: () => stopChild(child, ended) };
}

async function stopChild(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  await ended;
  clearTimeout(timer);
}

/**
 * The other side: what a program can do, once it is set up. The program ends when it is told to, or when whoever
 * started it is gone.
 */
export function serve(
  setUp: () => Promise<{ abilities: Record<string, (argument: never) => unknown>; close?(): Promise<void> }>,
): void {
  const ready = setUp();
  process.on('message', async ({ id, what, argument }: Question) => {
    try {
      const { abilities } = await ready;
      const value = what === 'ready' ? null : await abilities[what]?.(argument as never);
      process.send?.({ id, value } satisfies Answer);
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  const end = async () => {
    await ready.then(({ close }) => close?.()).catch(() => undefined);
    process.exit();
  };
  process.once('SIGTERM', end);
  process.once('disconnect', () => process.exit());
}
