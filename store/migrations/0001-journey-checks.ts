/** Orders from before journeys were asked whether they know of their order's last event: those may have lost it too. */
import { collectionOf } from '../collections/define.ts';
import type { Migration } from './migrate.ts';

const MARKED_AT_ONCE = 200;
/** Long ago, as far as anybody waits for an event to stay the last. */
const MARK = { due: new Date(1), attempts: 0 };

/** Marks each once, a few at a time: as long as some of them wait to be asked about, no more are marked. */
export const journeyChecks: Migration = {
  name: '0001-journey-checks',
  async step(store, after) {
    const orders = collectionOf(store.orders);
    if (await orders.findOne({ 'journey_check.due': MARK.due })) return after;
    const unasked = { journey_check: { $exists: false } };
    const found = await orders
      .find({ _id: { $gt: after }, ...unasked }, { projection: { _id: 1 } })
      .sort({ _id: 1 })
      .limit(MARKED_AT_ONCE)
      .toArray();
    const ids = found.map(({ _id }) => _id);
    await store.orders.updateMany({ _id: { $in: ids }, ...unasked }, { $set: { journey_check: MARK } });
    return ids.at(-1) ?? null;
  },
};
