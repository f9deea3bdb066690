/** However many orders there are, the sweep looks only at those whose last event their journey has not confirmed. */
import { randomUUID } from 'node:crypto';
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import type { Store } from '../../store/open.ts';
import { claimJourneyCheck, confirmJourney } from '../../store/orders/journey-check.ts';
import { freshStore } from '../support/running/fresh-store.ts';

const ORDERS = 3000;
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);

let store: Store;
let discard: () => Promise<void>;
beforeAll(async () => {
  ({ store, discard } = await freshStore());
});
afterAll(() => discard());

test('1.1: those that are due are taken oldest first, by an index, and once', async () => {
  const orders = Array.from({ length: ORDERS }, (_, n) => {
    const _id = randomUUID();
    // Most are confirmed; of the others half are not due yet.
    const journey_check =
      n % 100 > 1 ? null : { due: n % 100 === 0 ? minutesAgo(ORDERS - n) : minutesAgo(-60), attempts: 0 };
    return { _id, placer_order_number: _id, journey_check } as OrderDocument;
  });
  const due = orders.filter(({ journey_check }) => journey_check && journey_check.due < new Date());
  expect(due).toHaveLength(ORDERS / 100);
  await collectionOf(store.orders).insertMany([...orders].reverse());
  await store.connection.db?.command({ profile: 2 });
  const taken: string[] = [];
  for (;;) {
    const claimed = await claimJourneyCheck(store, 5_000, 60_000);
    if (!claimed) break;
    taken.push(claimed.order._id);
    await confirmJourney(store, claimed);
  }
  await store.connection.db?.command({ profile: 0 });

  expect(taken).toEqual(due.map(({ _id }) => _id));
  const work = await store.connection
    .collection<{ docsExamined: number; hasSortStage?: boolean }>('system.profile')
    .find({ 'command.findAndModify': store.orders.collection.name })
    .toArray();
  expect(work).toHaveLength(due.length + 1);
  for (const { docsExamined, hasSortStage } of work) {
    expect(hasSortStage).toBeUndefined();
    expect(docsExamined).toBeLessThanOrEqual(2);
  }
});
