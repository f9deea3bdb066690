/** A receiver killed under load: nothing that it acknowledged is lost or doubled (G1, F5, F12). */
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectionOf } from '../../../store/collections/define.ts';
import type { Store } from '../../../store/open.ts';
import { freshDatabase } from '../../support/running/fresh-store.ts';
import { type CampaignOptions, killReceivers } from './campaign.ts';
import { RECEIVERS } from './receivers.ts';

type Found = Parameters<NonNullable<CampaignOptions['look']>>[0];

/** Spoils one thing of each kind; answers with what has to be found. */
async function spoil({ store, sent, archive }: Found): Promise<RegExp[]> {
  const [lost, doubled, silent, changed] = sent.map(({ control_id }) => control_id);
  await collectionOf(store.labMessages).deleteOne({ control_id: lost as string });
  await doubleReport(store, doubled as string);
  await collectionOf(store.labMessageTexts).deleteOne({ _id: sent[2]?.hash as string });
  await collectionOf(store.labMessageTexts).updateOne({ _id: sent[3]?.hash as string }, { $set: { raw: 'MSH' } });
  const inStore = [
    new RegExp(`message ${lost}: its report on .* is there 0 times`),
    new RegExp(`message ${doubled}: its report on .* is there 2 times`),
    new RegExp(`message ${silent}: its text is lost`),
    new RegExp(`message ${changed}: its text is not what was sent`),
  ];
  if (archive === null) return inStore;
  const [first, second] = readdirSync(archive).map((name) => join(archive, name)) as [string, string];
  copyFileSync(first, `${first}.again`);
  rmSync(second);
  return [...inStore, /file of message .* is in the archive 2 times/, /file of message .* is in the archive 0 times/];
}

async function doubleReport(store: Store, control_id: string): Promise<void> {
  const report = await collectionOf(store.labMessages).findOne({ control_id });
  if (!report) throw new Error('There is no such report');
  await collectionOf(store.labMessages).insertOne({ ...report, _id: 'again', report_index: 99 });
}

test.each(RECEIVERS)(
  '%s: killed three times under load, it has every message once',
  async (receiver) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'venule-receiver-'));
    let found: string[] = [];
    let spoiled: RegExp[] = [];
    try {
      const { fewest, sentAgain, faults } = await killReceivers({
        receiver,
        seed: 5,
        kills: 3,
        mongodbUri: freshDatabase(),
        dataDir,
        async look(all) {
          spoiled = await spoil(all);
          found = await all.compare();
        },
      });
      expect(faults).toEqual([]);
      expect(fewest).toBeGreaterThan(0);
      if (receiver === 'api') expect(sentAgain).toBeGreaterThan(0);
      // What is spoiled on purpose is found, so nothing lost would have been found to be there.
      for (const fault of spoiled) expect(found).toContainEqual(expect.stringMatching(fault));
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
  120_000,
);
