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
/** How many of the latest are looked through for words. */
const SEARCHED = 2_000;
/** How many are kept in memory, read: they never change. */
const REMEMBERED = 500;

/** A folder of caught mail. */
export class Mailbox {
  readonly #folder: string;
  readonly #read = new Map<string, CaughtMail>();

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

  /** The latest mails, newest first. @param words Lower case; only mails in which all of them stand. */
  async list(words: readonly string[] = []): Promise<CaughtMail[]> {
    const names = readdirSync(this.#folder).filter((name) => name.endsWith('.eml'));
    const ids = names.map((name) => name.slice(0, -'.eml'.length)).sort();
    const found: CaughtMail[] = [];
    for (const id of ids.reverse().slice(0, words.length > 0 ? SEARCHED : SHOWN)) {
      if (found.length === SHOWN) break;
      const mail = await this.#open(id);
      if (words.length === 0 || words.every((word) => writtenIn(mail).includes(word))) found.push(mail);
    }
    return found;
  }

  /** One mail; undefined when there is none of that id. */
  async find(id: string): Promise<CaughtMail | undefined> {
    return readdirSync(this.#folder).includes(`${id}.eml`) ? this.#open(id) : undefined;
  }

  async #open(id: string): Promise<CaughtMail> {
    const known = this.#read.get(id);
    if (known) return known;
    const mail = { id, email: await PostalMime.parse(readFileSync(join(this.#folder, `${id}.eml`))) };
    this.#read.set(id, mail);
    const [oldest] = this.#read.keys();
    if (this.#read.size > REMEMBERED && oldest !== undefined) this.#read.delete(oldest);
    return mail;
  }
}

/** What is searched of a mail. */
function writtenIn({ email: { subject, from, to, text, messageId, attachments } }: CaughtMail): string {
  const people = [...(from ? [from] : []), ...(to ?? [])].map(({ name, address }) => `${name} ${address}`);
  const files = attachments.map(({ filename }) => filename);
  return [subject, ...people, text, messageId, ...files].join('\n').toLowerCase();
}
