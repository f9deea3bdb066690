/** A process that receives: started, killed without a warning, and started again, as a supervisor would. */
import { join } from 'node:path';
import { logTail, type RunningProcess, startProcess } from '../../../local/parts/process.ts';
import { COMPILED_ONCE } from '../../support/running/compiled-once.ts';

const root = join(import.meta.dirname, '../../..');

export class ReceiverProcess {
  readonly #script: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #logFile: string;
  #running: RunningProcess | undefined;
  #ending = false;
  /** How it ended although nobody had killed it; null when it did not. */
  failure: string | null = null;

  /** @param script From the root of the repository. */
  constructor(script: string, env: NodeJS.ProcessEnv, logFile: string) {
    this.#script = script;
    this.#env = { ...process.env, ...COMPILED_ONCE, ...env };
    this.#logFile = logFile;
  }

  async start(): Promise<void> {
    this.#ending = false;
    const running = await startProcess(process.execPath, [join(root, this.#script)], {
      logFile: this.#logFile,
      env: this.#env,
      cwd: root,
    });
    this.#running = running;
    void running.ended.then((how) => {
      if (!this.#ending) this.failure = `${this.#script} ended by itself (${how}):\n${logTail(this.#logFile)}`;
    });
  }

  /** Ends all of its process group with SIGKILL; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#ending = true;
    const running = this.#running;
    if (!running || this.failure) return;
    process.kill(-running.identity.pid, 'SIGKILL');
    await running.ended;
  }
}
