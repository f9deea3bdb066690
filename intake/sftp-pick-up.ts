/**
 * Picks up what laboratories leave on their SFTP servers. A file is claimed by renaming it into the archive, taken in, and
 * given its own name there; one that was claimed and not finished, because we died or the database was away, is taken in
 * by the next round. Taken in again, a message is recognized (F5), so nothing is there twice.
 */
import type SftpClient from 'ssh2-sftp-client';
import type { LabConnection, SftpPickUp } from '../domain/catalogue/lab-connection.ts';
import { readBounded } from '../partners/bounded-body.ts';
import { MESSAGE_LIMITS } from '../partners/labs/formats/hl7v2/hl7-limits.ts';
import { onSftp } from '../partners/labs/transports/sftp.ts';
import { type LaboratoryInbox, type Sender, takeHl7In } from './laboratory-messages.ts';

/** What a claimed file's name ends with. */
const CLAIMED = '.taking';
/** Names of files that their writer has not finished. */
const UNFINISHED = /^\.|\.(part|partial|filepart|tmp|temp|writing)$/i;
/** How many files are taken in a round. */
const AT_MOST = 200;

/** Files as they were seen last: one is taken once nobody has changed it from one round to the next. */
export type SeenFiles = Map<string, string>;

/**
 * Makes a round on one laboratory's server.
 * @param seen What the round before has seen; changed to what this one sees.
 * @returns How many files were taken in.
 * @throws PartnerUnreachable when the server cannot be reached; what the database throws when it is away
 */
export async function pickUp(
  inbox: LaboratoryInbox,
  { lab_slug, environment, sftp }: Pick<LabConnection, 'lab_slug' | 'environment'> & { sftp: SftpPickUp },
  seen: SeenFiles,
  signal: AbortSignal,
): Promise<number> {
  const { server, folder, archive } = sftp;
  return onSftp(server, `Lab ${lab_slug}`, signal, async (client) => {
    let taken = 0;
    const take = async (claimed: string) => {
      await takeFile(inbox, { lab_slug, environment }, client, `${archive}/${claimed}`);
      taken += 1;
    };
    for (const { name } of await filesIn(client, archive)) {
      if (signal.aborted || taken >= AT_MOST) return taken;
      if (name.endsWith(CLAIMED)) await take(name);
    }
    const found = (await filesIn(client, folder)).filter(({ name }) => !UNFINISHED.test(name));
    const steady = found.filter(({ name, state }) => seen.get(name) === state);
    seen.clear();
    for (const { name, state } of found) seen.set(name, state);
    for (const { name } of steady) {
      if (signal.aborted || taken >= AT_MOST) return taken;
      const claimed = `${await freeName(client, archive, name)}${CLAIMED}`;
      try {
        await client.rename(`${folder}/${name}`, `${archive}/${claimed}`);
      } catch (error) {
        // Somebody else has it: the laboratory, or another worker whose lease is over.
        if (await client.exists(`${folder}/${name}`)) throw error;
        continue;
      }
      await take(claimed);
    }
    return taken;
  });
}

/** The files of a folder, oldest first, each with what tells whether it was changed. */
async function filesIn(client: SftpClient, folder: string): Promise<{ name: string; state: string }[]> {
  const files = (await client.list(folder)).filter(({ type }) => type === '-');
  files.sort((one, other) => one.modifyTime - other.modifyTime || (one.name < other.name ? -1 : 1));
  return files.map(({ name, size, modifyTime }) => ({ name, state: `${size} ${modifyTime}` }));
}

/** A name that the archive has not: laboratories use theirs again. */
async function freeName(client: SftpClient, archive: string, name: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${name}.${number}`;
    const isTaken =
      (await client.exists(`${archive}/${candidate}`)) || (await client.exists(`${archive}/${candidate}${CLAIMED}`));
    if (!isTaken) return candidate;
  }
}

async function takeFile(inbox: LaboratoryInbox, from: Sender, client: SftpClient, claimed: string): Promise<void> {
  const stream = client.createReadStream(claimed);
  // What reads it is told; this is for what happens after it was read, while it is closed.
  stream.on('error', () => undefined);
  const raw = await readBounded(stream as AsyncIterable<Buffer>, MESSAGE_LIMITS.bytes);
  await takeHl7In(inbox, from, raw);
  await client.rename(claimed, claimed.slice(0, -CLAIMED.length));
}
