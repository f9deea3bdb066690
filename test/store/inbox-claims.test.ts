/** However much waits in an inbox, taking the next message looks at that one: no sorting, no bodies. */
import { randomUUID } from 'node:crypto';
import { collectionOf } from '../../store/collections/define.ts';
import { claimReport } from '../../store/inbox/lab-inbox.ts';
import { claimPhlebotomyEvent } from '../../store/inbox/phlebotomy-inbox.ts';
import type { Store } from '../../store/open.ts';
import { freshStore } from '../support/running/fresh-store.ts';

const BACKLOG = 3000;
const LATER = new Date(Date.now() + 3_600_000);

let store: Store;
let discard: () => Promise<void>;
beforeAll(async () => {
  ({ store, discard } = await freshStore());
});
afterAll(() => discard());

const inboxes = [
  ['reports of laboratories', () => store.labMessages, () => claimReport(store, 60_000)],
  ['events of phlebotomy providers', () => store.phlebotomyEvents, () => claimPhlebotomyEvent(store, 60_000)],
] as const;

test.each(inboxes)(
  '%s are taken in the order they came, those that are due, by an index',
  async (_what, model, claim) => {
    const collection = collectionOf(model() as typeof store.labMessages);
    const messages = Array.from({ length: BACKLOG }, (_, n) => ({
      _id: randomUUID(),
      control_id: randomUUID(),
      event_id: randomUUID(),
      state: n % 3 === 0 ? 'delivered' : 'stored',
      // A third of those that wait were tried and are not due yet.
      lease_until: n % 3 === 1 ? LATER : new Date(0),
      received_at: new Date(1_700_000_000_000 + n * 1000),
      attempts: 0,
      raw: 'MSH|'.repeat(100),
    }));
    await collection.insertMany([...messages].reverse() as never);
    await store.connection.db?.command({ profile: 2 });
    const taken = [await claim(), await claim(), await claim()];
    await store.connection.db?.command({ profile: 0 });

    const due = messages.filter(({ state, lease_until }) => state === 'stored' && lease_until !== LATER);
    expect(taken.map((message) => message?._id)).toEqual(due.slice(0, 3).map(({ _id }) => _id));
    for (const message of taken) expect(message).not.toHaveProperty('raw');
    const work = await store.connection
      .collection<{ docsExamined: number; hasSortStage?: boolean }>('system.profile')
      .find({ 'command.findAndModify': collection.collectionName })
      .toArray();
    expect(work).toHaveLength(3);
    for (const { docsExamined, hasSortStage } of work) {
      expect(hasSortStage).toBeUndefined();
      expect(docsExamined).toBeLessThanOrEqual(2);
    }
  },
);
