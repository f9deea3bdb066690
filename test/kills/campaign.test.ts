/** Whatever dies at whatever point: store, journey, lab, provider, mail, webhooks and audit of every order agree. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectionOf } from '../../store/collections/define.ts';
import type { Store } from '../../store/open.ts';
import { runCampaign } from './campaign.ts';
import { SCENARIOS } from './scenarios.ts';

/** Spoils one thing of each kind; answers with what has to be found. */
async function spoil(store: Store): Promise<RegExp[]> {
  const canceled = await collectionOf(store.orders).findOne({ last_status: 'cancelled', 'order.origin': 'initial' });
  const completed = await collectionOf(store.orders).findOne({ last_status: 'completed' });
  const visit = await collectionOf(store.appointments).findOne({ status: 'cancelled' });
  if (!canceled || !completed || !visit) throw new Error('The campaign has no such orders');
  const [c, d, v] = [canceled._id, completed._id, visit._id];
  await collectionOf(store.orders).updateOne({ _id: c }, { $pop: { events: 1 } });
  await collectionOf(store.transactions).updateOne({ _id: completed.transaction_id }, { $set: { status: 'active' } });
  await collectionOf(store.webhookMessages).deleteOne({ _id: `msg_order_${d}_1` });
  await collectionOf(store.audit).deleteOne({ _id: `${d}:1` });
  await collectionOf(store.appointments).updateOne({ _id: v }, { $set: { status: 'scheduled' } });
  return [
    new RegExp(`order ${c}: last_status is not its last event's`),
    new RegExp(`order ${c}: journey has .*cancelled, store has`),
    new RegExp(`transaction ${completed.transaction_id} is active`),
    new RegExp(`event 1 of order ${d} has no webhook`),
    new RegExp(`webhook msg_order_${d}_1 was received and never written`),
    new RegExp(`event 1 of ${d} is not audited`),
    new RegExp(`visit ${v} is cancelled there and scheduled here`),
    new RegExp(`keeps its visit ${v}`),
  ];
}

test('a campaign of kills: every order is the same from every side (C2, D3, E3, E4, F4, F7, F10, G3, G4)', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'venule-campaign-'));
  let found: string[] = [];
  let spoiled: RegExp[] = [];
  try {
    const { walked, faults } = await runCampaign({
      seed: 7,
      kills: 8,
      dataDir,
      async look(store, compare) {
        spoiled = await spoil(store);
        found = await compare();
      },
    });
    expect(faults).toEqual([]);
    expect(Object.keys(walked).sort()).toEqual(Object.keys(SCENARIOS).sort());
    // What is spoiled on purpose is found, so nothing wrong would have been found to be right.
    for (const fault of spoiled) expect(found).toContainEqual(expect.stringMatching(fault));
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}, 600_000);
