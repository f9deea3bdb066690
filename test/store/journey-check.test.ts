/** 0001: orders from before journeys were asked are asked about, once each. */
import { randomUUID } from 'node:crypto';
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import type { Store } from '../../store/open.ts';
import { claimJourneyCheck, confirmJourney, markUnasked } from '../../store/orders/journey-check.ts';
import { freshStore } from '../support/fresh-store.ts';

let store: Store;
let discard: () => Promise<void>;
beforeAll(async () => {
  ({ store, discard } = await freshStore());
});
afterAll(() => discard());

const orderWith = (fields: Partial<OrderDocument>): OrderDocument => {
  const _id = randomUUID();
  return { _id, placer_order_number: _id, ...fields } as OrderDocument;
};

/** As a worker does from its start on. */
async function markAll(): Promise<void> {
  for (let after: string | null = ''; after !== null; ) after = await markUnasked(store, after);
}

async function claimedIds(): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const claimed = await claimJourneyCheck(store, 5_000, 60_000);
    if (!claimed) return ids;
    ids.push(claimed.order._id);
    await confirmJourney(store, claimed);
  }
}

test('0001: each is marked once, by several at once, stopped halfway and begun anew; what has a mark keeps it', async () => {
  const old = Array.from({ length: 50 }, () => orderWith({}));
  const confirmed = orderWith({ journey_check: null });
  const young = orderWith({ journey_check: { due: new Date(), attempts: 3 } });
  await collectionOf(store.orders).insertMany([...old, confirmed, young]);
  await markUnasked(store, '');
  await Promise.all([markAll(), markAll()]);
  expect((await claimedIds()).sort()).toEqual(old.map(({ _id }) => _id).sort());
  await markAll();
  expect(await claimedIds()).toEqual([]);
  expect(await collectionOf(store.orders).findOne({ _id: young._id })).toEqual(young);
});
