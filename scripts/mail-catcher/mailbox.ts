/** Mail that was caught: one file for each, as it came over the wire. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import PostalMime, { type Email } from 'postal-mime';

/** A caught mail, read. */
export interface CaughtMail {
  /** Sorts by arrival. */
  id: string;
  email: Email;
}

/** Most mails that a list shows. */
const SHOWN = 200;

/** A folder of caught mail. */
export class Mailbox {
  readonly #folder: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#folder = folder;
  }

  /** Keeps a mail; it is on disk when this returns. */
  keep(raw: Buffer): void {
    const name = `${new Date().toISOString().replace(/\D/g, '')}-${randomBytes(4).toString('hex')}`;
    const path = join(this.#folder, `${name}.eml`);
    writeFileSync(`${path}.part`, raw, { mode: 0o600 });
    renameSync(`${path}.part`, path);
  }

  /** The latest mails, newest first. */
  async list(): Promise<CaughtMail[]> {
    const names = readdirSync(this.#folder).filter((name) => name.endsWith('.eml'));
    const ids = names.map((name) => name.slice(0, -'.eml'.length)).sort();
    return Promise.all(
      ids
        .reverse()
        .slice(0, SHOWN)
        .map((id) => this.#read(id)),
    );
  }

  /** One mail; undefined when there is none of that id. */
  async find(id: string): Promise<CaughtMail | undefined> {
    return readdirSync(this.#folder).includes(`${id}.eml`) ? this.#read(id) : undefined;
  }

  async #read(id: string): Promise<CaughtMail> {
    return { id, email: await PostalMime.parse(readFileSync(join(this.#folder, `${id}.eml`))) };
  }
}
