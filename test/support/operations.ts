/** How much work something is, in executions of our own code: the same on every machine, however busy it is. */
import { type Profiler, Session } from 'node:inspector/promises';
import { sep } from 'node:path';
import { setFlagsFromString } from 'node:v8';

/** Executions while some work was done. */
export interface Operations {
  /** Of every block of every function. */
  total: number;
  /** How often functions of that name were called. */
  callsOf(name: string): number;
}

export interface Counting {
  /** What is executed while `work` is done. */
  of(work: () => unknown): Promise<Operations>;
  stop(): Promise<void>;
}

/**
 * Starts counting what is executed of the files in those folders. Only what is loaded afterward is counted exactly: code
 * that was compiled before has no counters.
 * @param folders Such as `partners/labs`.
 */
export async function startCounting(folders: readonly string[]): Promise<Counting> {
  // Else V8 takes what a test before this one compiled, which has no counters.
  setFlagsFromString('--no-compilation-cache');
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const isOurs = ({ url }: Profiler.ScriptCoverage) => folders.some((folder) => url.includes(`${sep}${folder}${sep}`));
  return {
    async of(work) {
      await session.post('Profiler.takePreciseCoverage');
      await work();
      return countsIn((await session.post('Profiler.takePreciseCoverage')).result.filter(isOurs));
    },
    async stop() {
      await session.post('Profiler.stopPreciseCoverage');
      session.disconnect();
    },
  };
}

function countsIn(scripts: Profiler.ScriptCoverage[]): Operations {
  const functions = scripts.flatMap((script) => script.functions);
  const total = functions.flatMap(({ ranges }) => ranges).reduce((sum, { count }) => sum + count, 0);
  return {
    total,
    callsOf: (name) =>
      functions
        .filter(({ functionName }) => functionName === name)
        .reduce((sum, { ranges }) => sum + (ranges[0]?.count ?? 0), 0),
  };
}
