/** What `npm start` keeps about itself in the data folder, beside the data. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, ownIdentity, type ProcessIdentity, stopLeftover } from './process.ts';

/** Where each part of a running Venule is reached. */
export interface Addresses {
  api: string;
  apiReference: string;
  /** Null where Temporal is somebody else’s and its UI unknown. */
  temporalUi: string | null;
  /** The page of caught mail; null where SMTP_URL is given. */
  mail: string | null;
  sandbox: string;
  /** `host:port`. */
  temporal: string;
  mongodb: string;
}

/** A running `npm start`, as the demo and the tests find it. */
export interface Running {
  start: ProcessIdentity;
  /** By the part’s name; a part that is restarted gets a new one. */
  parts: Record<string, ProcessIdentity>;
  /** Set when everything is ready. */
  addresses: Addresses | null;
}

/** What is written about the `npm start` that runs on this data folder, or ran when it was killed. */
export function readRunning(dataDir: string): Running | undefined {
  return readJson(join(dataDir, 'running.json'));
}

/** One `npm start`’s hold on a data folder. */
export class DataFolder {
  readonly path: string;
  #running: Running = { start: ownIdentity(), parts: {}, addresses: null };

  /** Use `claim`. */
  constructor(path: string) {
    this.path = path;
  }

  /**
   * Takes the data folder for this process, after stopping what a killed `npm start` left running on it.
   *
   * @throws Error when another `npm start` runs on it
   */
  static async claim(path: string, say: (line: string) => void): Promise<DataFolder> {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const file = join(path, 'running.json');
    const before = readRunning(path);
    if (before && isRunning(before.start)) throw alreadyRunning(path, before.start.pid);
    const leftovers = Object.entries(before?.parts ?? {}).filter(([, identity]) => isRunning(identity));
    await Promise.all(
      leftovers.map(([part, identity]) => {
        say(`Stopping the ${part} left over from an earlier start.`);
        return stopLeftover(identity);
      }),
    );
    rmSync(file, { force: true });
    const folder = new DataFolder(path);
    try {
      writeFileSync(file, JSON.stringify(folder.#running), { flag: 'wx', mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw alreadyRunning(path, readRunning(path)?.start.pid);
    }
    return folder;
  }

  /** Writes down that a part runs, so that the next start can stop it if we cannot. */
  partStarted(part: string, identity: ProcessIdentity): void {
    this.#running = { ...this.#running, parts: { ...this.#running.parts, [part]: identity } };
    this.#save();
  }

  /** Writes down that everything is ready, and where. */
  ready(addresses: Addresses): void {
    this.#running = { ...this.#running, addresses };
    this.#save();
  }

  /** The ports of the last start, by part. */
  ports(): Record<string, number> {
    return readJson(join(this.path, 'ports.json')) ?? {};
  }

  /** Keeps the ports for the next start. */
  keepPorts(ports: Record<string, number>): void {
    writeWhole(join(this.path, 'ports.json'), JSON.stringify(ports));
  }

  /** Gives the folder back: everything has stopped. */
  release(): void {
    rmSync(join(this.path, 'running.json'), { force: true });
  }

  /** Where a part’s output goes. */
  logFile(part: string): string {
    return join(this.path, 'logs', `${part}.log`);
  }

  #save(): void {
    writeWhole(join(this.path, 'running.json'), JSON.stringify(this.#running, null, 2));
  }
}

function alreadyRunning(path: string, pid: number | undefined): Error {
  return new Error(
    `Venule already runs with the data folder ${path}${pid === undefined ? '' : ` (process ${pid})`}. Stop it first, or set VENULE_DATA_DIR to another folder.`,
  );
}

function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.part`, `${text}\n`, { mode: 0o600 });
  renameSync(`${path}.part`, path);
}

function readJson<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
