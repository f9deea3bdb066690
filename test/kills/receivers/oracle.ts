/** What must be true once every message is acknowledged: each is there as it came, its reports once, and nothing else. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collectionOf } from '../../../store/collections/define.ts';
import { cameAs } from '../../../store/inbox/as-it-came.ts';
import { readFile as readKeptFile } from '../../../store/inbox/lab-files.ts';
import type { Store } from '../../../store/open.ts';
import type { Message } from './messages.ts';

/** @returns what is lost, doubled, or otherwise than it was sent, a line each */
export async function faultsInStore(store: Store, acknowledged: readonly Message[]): Promise<string[]> {
  const faults: string[] = [];
  const reports = await collectionOf(store.labMessages)
    .find()
    .project<{ control_id: string; content_hash: string; order: string }>({
      control_id: 1,
      content_hash: 1,
      order: '$report.placer_order_number',
    })
    .toArray();
  const byControlId = Map.groupBy(reports, ({ control_id }) => control_id);
  const hashes = new Set((await collectionOf(store.labMessageTexts).distinct('_id')).map(String));
  for (const { control_id, hash, raw, orders } of acknowledged) {
    const stored = byControlId.get(control_id) ?? [];
    byControlId.delete(control_id);
    for (const order of orders) {
      const times = stored.filter((report) => report.order === order).length;
      if (times !== 1) faults.push(`message ${control_id}: its report on ${order} is there ${times} times`);
    }
    if (stored.length > orders.length) faults.push(`message ${control_id} has ${stored.length} reports`);
    if (stored.some(({ content_hash }) => content_hash !== hash)) faults.push(`message ${control_id} has another text`);
    hashes.delete(hash);
    const kept = await keptText(store, hash);
    if (kept === null) faults.push(`message ${control_id}: its text is lost`);
    else if (!kept.equals(raw)) faults.push(`message ${control_id}: its text is not what was sent`);
  }
  const unread = await collectionOf(store.labMessageTexts).countDocuments({ to_read: { $exists: true } });
  if (unread > 0) faults.push(`${unread} messages are still to be read`);
  for (const control_id of byControlId.keys()) faults.push(`message ${control_id} was never sent`);
  for (const hash of hashes) faults.push(`text ${hash} was never sent`);
  return faults;
}

async function keptText(store: Store, hash: string): Promise<Buffer | null> {
  const text = await collectionOf(store.labMessageTexts).findOne({ _id: hash });
  if (!text) return null;
  if (text.raw === null) return readKeptFile(store, hash);
  return Buffer.from(cameAs({ raw: text.raw }) as string | Buffer);
}

/**
 * The same of files, whatever they are called by now.
 * @param folder Where they were left. @param archive Where each must be, once, as it was.
 */
export async function faultsInFolders(folder: string, archive: string, dropped: readonly Message[]): Promise<string[]> {
  const faults = (await filesOf(folder)).map((name) => `file ${name} is still in its folder`);
  const times = new Map<string, number>();
  for (const name of await filesOf(archive)) {
    const content = await readFile(join(archive, name)).catch(() => null);
    if (content === null) {
      faults.push(`file ${name} was given another name while it was looked at`);
      continue;
    }
    const hash = createHash('sha256').update(content).digest('hex');
    times.set(hash, (times.get(hash) ?? 0) + 1);
  }
  for (const { control_id, hash } of dropped) {
    const count = times.get(hash) ?? 0;
    times.delete(hash);
    if (count !== 1) faults.push(`file of message ${control_id} is in the archive ${count} times`);
  }
  for (const hash of times.keys()) faults.push(`the archive has a file that was never left: ${hash}`);
  return faults;
}

/** The files of a folder, its own folders aside. */
export async function filesOf(folder: string): Promise<string[]> {
  return (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile()).map(({ name }) => name);
}
