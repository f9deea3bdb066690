/**
 * Picks up what laboratories leave on their SFTP servers. A file is claimed by renaming it within its folder, taken in, and
 * moved into the archive; one that was claimed and not finished, because we died or the database was away, is taken in by
 * a later round. Taken in again, a message is recognized (F5), so nothing is there twice.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { addAbortSignal } from 'node:stream';
import type SftpClient from 'ssh2-sftp-client';
import type { LabConnection, SftpPickUp } from '../domain/catalogue/lab-connection.ts';
import { type Excess, readBounded } from '../partners/bounded-body.ts';
import { MESSAGE_LIMITS } from '../partners/labs/formats/hl7v2/hl7-limits.ts';
import { onSftp } from '../partners/labs/transports/sftp.ts';
import { type LaboratoryInbox, takeHl7In } from './laboratory-messages.ts';

/** What a claimed file is called: hidden, `<time>-<random>-<its name>`, so that no two are called the same. */
const CLAIMED = /^\.(\d{8}T\d{6}Z-[\da-f]{12})-.*\.taking$/s;
/** Names of files that their writer has not finished. */
const UNFINISHED = /^\.|\.(part|partial|filepart|tmp|temp|writing)$/i;
/** How much of a file's own name is kept, in bytes: servers end names at 255. */
const LONGEST_NAME = 180;
/** How many files are tried in a round. */
const AT_MOST = 200;
/** How long a file may be read before the others have their turn, in milliseconds; after them it has the rest of the round. */
const FIRST_TRY_MS = 30_000;

/** What a worker remembers of a server from one round to the next. */
export interface PickUpMemory {
  /** Files as they were seen last: one is taken once nobody has changed it from one round to the next. */
  seen: Map<string, string>;
  /** Files that could not be taken, the one that was tried the longest ago first: they are tried after all others. */
  troubled: Set<string>;
  /** Claimed files whose messages are stored, and which the archive would not have. */
  stored: Set<string>;
}

export const newMemory = (): PickUpMemory => ({ seen: new Map(), troubled: new Set(), stored: new Set() });

/** A file that was not taken. Names no file, since laboratories name them after patients. */
export interface FileTrouble {
  /** The time and random digits that its name begins with; null where it could not even be claimed. */
  claim: string | null;
  /** What could not be done with it. */
  step: 'claim' | 'read' | 'store' | 'archive';
  /** Code or name of the error. */
  reason: string;
}

/** How far a file has come. */
interface Progress {
  claimed: string | null;
  step: FileTrouble['step'];
}

/**
 * Makes a round on one laboratory's server. A file with which something is wrong keeps no other from being taken.
 * @param memory What the round before has seen; changed to what this one sees.
 * @param firstTryMs How long a file may be read as long as there are others, in milliseconds.
 * @returns How many files were taken in, and what kept others from it.
 * @throws PartnerUnreachable when the server cannot be reached, or its folder cannot be listed
 */
export async function pickUp(
  inbox: LaboratoryInbox,
  { lab_slug, environment, sftp }: Pick<LabConnection, 'lab_slug' | 'environment'> & { sftp: SftpPickUp },
  memory: PickUpMemory,
  signal: AbortSignal,
  firstTryMs: number = FIRST_TRY_MS,
): Promise<{ taken: number; troubles: FileTrouble[] }> {
  const { server, folder, archive } = sftp;
  const { troubled, stored } = memory;
  return onSftp(server, `Lab ${lab_slug}`, signal, async (client) => {
    const troubles: FileTrouble[] = [];
    let taken = 0;
    for (const name of inTurn(await filesIn(client, folder), memory).slice(0, AT_MOST)) {
      signal.throwIfAborted();
      const patience = troubled.has(name) ? signal : AbortSignal.any([signal, AbortSignal.timeout(firstTryMs)]);
      // Until it is taken, so that whatever happens now, the next round begins with others.
      troubled.delete(name);
      troubled.add(name);
      const at: Progress = { claimed: null, step: 'claim' };
      try {
        if (await takeFile(name, patience, at)) taken += 1;
        troubled.delete(name);
      } catch (error) {
        signal.throwIfAborted();
        await client.stat(folder);
        troubles.push({ claim: at.claimed && claimIn(at.claimed), step: at.step, reason: codeOf(error) });
        if (at.claimed && at.claimed !== name) {
          troubled.delete(name);
          troubled.add(at.claimed);
        }
      }
    }
    return { taken, troubles };

    /** @returns False where somebody else has it: the laboratory, or another worker whose lease is over. */
    async function takeFile(name: string, patience: AbortSignal, at: Progress): Promise<boolean> {
      const claimed = CLAIMED.test(name) ? name : claimNameOf(name);
      if (claimed !== name && !(await moved(`${folder}/${name}`, `${folder}/${claimed}`))) return false;
      at.claimed = claimed;
      if (!stored.has(claimed)) {
        at.step = 'read';
        const raw = await contentOf(client, `${folder}/${claimed}`, patience);
        at.step = 'store';
        await takeHl7In(inbox, { lab_slug, environment }, raw);
        stored.add(claimed);
      }
      at.step = 'archive';
      await moved(`${folder}/${claimed}`, `${archive}/${claimed.slice(1, -'.taking'.length)}`);
      stored.delete(claimed);
      return true;
    }

    /** @returns False where it is there no more. */
    async function moved(from: string, to: string): Promise<boolean> {
      try {
        await client.rename(from, to);
        return true;
      } catch (error) {
        if (await client.exists(from)) throw error;
        return false;
      }
    }
  });
}

/** What to take and in which order: what was claimed before, then what nobody has changed since, then what gave trouble. */
function inTurn(found: readonly { name: string; state: string }[], { seen, troubled, stored }: PickUpMemory): string[] {
  const claimed = found.filter(({ name }) => CLAIMED.test(name));
  const open = found.filter(({ name }) => !UNFINISHED.test(name));
  const steady = open.filter(({ name, state }) => seen.get(name) === state);
  seen.clear();
  for (const { name, state } of open) seen.set(name, state);
  const ready = new Set([...claimed, ...steady].map(({ name }) => name));
  for (const names of [troubled, stored]) for (const name of names) if (!ready.has(name)) names.delete(name);
  return [...[...ready].filter((name) => !troubled.has(name)), ...troubled];
}

/** The files of a folder, oldest first, each with what tells whether it was changed. */
async function filesIn(client: SftpClient, folder: string): Promise<{ name: string; state: string }[]> {
  const files = (await client.list(folder)).filter(({ type }) => type === '-');
  files.sort((one, other) => one.modifyTime - other.modifyTime || (one.name < other.name ? -1 : 1));
  return files.map(({ name, size, modifyTime }) => ({ name, state: `${size} ${modifyTime}` }));
}

/** @throws the reason of `patience`, whatever the server does with what it was asked */
async function contentOf(client: SftpClient, path: string, patience: AbortSignal): Promise<Buffer | Excess> {
  const stream = addAbortSignal(patience, client.createReadStream(path));
  // What reads it is told; this is for what happens after it was read, while it is closed.
  stream.on('error', () => undefined);
  const read = readBounded(stream as AsyncIterable<Buffer>, MESSAGE_LIMITS.bytes);
  const over = new AbortController();
  const outOfPatience = once(patience, 'abort', { signal: over.signal }).then(() => patience.throwIfAborted());
  outOfPatience.catch(() => undefined);
  read.catch(() => undefined).finally(() => over.abort());
  return (await Promise.race([read, outOfPatience])) as Buffer | Excess;
}

function claimNameOf(name: string): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const kept = new TextDecoder().decode(Buffer.from(name).subarray(0, LONGEST_NAME)).replace(/\uFFFD+$/, '');
  return `.${time}-${randomBytes(6).toString('hex')}-${kept}.taking`;
}

const claimIn = (claimed: string) => CLAIMED.exec(claimed)?.[1] ?? null;

function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return String((error instanceof DOMException ? name : code) ?? name ?? 'unknown');
}
