/** Keeps parts running: one that ends by itself is named and started again, less eagerly where it does not come up. */
import type { DataFolder } from './data-folder.ts';
import { logTail, type RunningPart } from './process.ts';

const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

/** Running parts, in the order in which they are stopped. */
export class Supervisor {
  readonly #folder: DataFolder;
  readonly #say: (line: string) => void;
  readonly #stopOrder: readonly string[];
  readonly #parts = new Map<string, RunningPart>();
  #stopping: Promise<void> | undefined;

  constructor(folder: DataFolder, say: (line: string) => void, stopOrder: readonly string[]) {
    this.#folder = folder;
    this.#say = say;
    this.#stopOrder = stopOrder;
  }

  /**
   * Starts a part, waits until it serves, and keeps it running.
   *
   * @throws Error when it does not come up this first time
   */
  async run(part: string, start: () => Promise<RunningPart>): Promise<void> {
    const running = await this.#start(part, start);
    await running.ready();
    void this.#keep(part, start);
  }

  /** Stops everything, part after part; safe to call again. */
  stop(): Promise<void> {
    this.#stopping ??= (async () => {
      for (const part of this.#stopOrder) await this.#parts.get(part)?.stop();
    })();
    return this.#stopping;
  }

  async #start(part: string, start: () => Promise<RunningPart>): Promise<RunningPart> {
    if (this.#stopping) throw new Error('Stopped.');
    const running = await start();
    this.#parts.set(part, running);
    this.#folder.partStarted(part, running.identity);
    if (this.#stopping) await running.stop();
    return running;
  }

  async #keep(part: string, start: () => Promise<RunningPart>): Promise<void> {
    let served = true;
    let pause = FIRST_PAUSE;
    while (!this.#stopping) {
      const how = await this.#parts.get(part)?.ended;
      if (this.#stopping) return;
      pause = served ? FIRST_PAUSE : Math.min(pause * 2, LONGEST_PAUSE);
      const logFile = this.#folder.logFile(part);
      this.#say(`${part} ended (${how}) and will be restarted in ${pause / 1000} s. The end of ${logFile}:`);
      this.#say(logTail(logFile));
      await new Promise((resolve) => setTimeout(resolve, pause));
      served = false;
      await this.#start(part, start)
        .then(({ ready }) => {
          const isServing = () => {
            served = true;
          };
          ready().then(isServing, () => undefined);
        })
        .catch((error: Error) => this.#say(`${part}: ${error.message}`));
    }
  }
}
