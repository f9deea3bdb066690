/** The memory of a sandbox partner: one JSON entry a line, on disk before anybody is told. */
import { type FileHandle, mkdir, open, readFile, truncate } from 'node:fs/promises';
import path from 'node:path';

/** An append-only file of entries. Entries that arrive together are written, and synced, together. */
export class Journal<Entry> {
  readonly #file: FileHandle;
  #waiting: string[] = [];
  #nextWrite: Promise<void> | undefined;
  #lastWrite: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Opens the journal of a folder and hands over what it holds; a line cut off by a crash is dropped. */
  static async open<Entry>(folder: string): Promise<{ journal: Journal<Entry>; entries: Entry[] }> {
    await mkdir(folder, { recursive: true });
    const name = path.join(folder, 'journal.jsonl');
    const text = await readFile(name, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole.length < text.length) await truncate(name, Buffer.byteLength(whole));
    const entries = whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Entry => JSON.parse(line));
    return { journal: new Journal<Entry>(await open(name, 'a', 0o600)), entries };
  }

  /** Resolves when the entry is on disk. After one failed write every later one fails too. */
  append(entry: Entry): Promise<void> {
    this.#waiting.push(`${JSON.stringify(entry)}\n`);
    this.#nextWrite ??= this.#lastWrite.then(() => this.#write());
    this.#lastWrite = this.#nextWrite;
    return this.#nextWrite;
  }

  /** Resolves when everything appended so far is on disk; rejects when it could not be written. */
  flush(): Promise<void> {
    return this.#lastWrite;
  }

  async #write(): Promise<void> {
    const lines = this.#waiting.join('');
    this.#waiting = [];
    this.#nextWrite = undefined;
    await this.#file.appendFile(lines);
    await this.#file.datasync();
  }

  /** Writes what is waiting and closes the file. */
  async close(): Promise<void> {
    await this.#lastWrite.catch(() => {});
    await this.#file.close();
  }
}
