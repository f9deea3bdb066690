/** Orders from before pairs of words stood among the terms that orders are found by, and the indexes of those days. */
import { collectionOf } from '../collections/define.ts';
import type { Store } from '../open.ts';
import { searchTerms } from '../orders/lists/search-terms.ts';
import type { Migration } from './migrate.ts';

const NAME = '0003-pairs-of-words';
const FILLED_AT_ONCE = 500;
/** What `team_id_1_search_terms_1_created_at_-1__id_-1` answers by now, and what nothing asks. */
const SUPERSEDED = [
  'team_id_1_patient_names_1',
  'team_id_1_recipient_names_1',
  'team_id_1_search_terms_1',
  'team_id_1_patient_dob_1',
];

/** Writes the terms again where they differ. */
export const pairsOfWords: Migration = {
  name: NAME,
  superseded: { of: (store) => collectionOf(store.orders), indexes: SUPERSEDED },
  async step(store, after) {
    const orders = collectionOf(store.orders);
    const found = await orders
      .find({ _id: { $gt: after } })
      .project<Parameters<typeof searchTerms>[0] & { search_terms?: string[] }>({
        'order.patient': 1,
        'order.address': 1,
        user_id: 1,
        placer_order_number: 1,
        sample_id: 1,
        search_terms: 1,
      })
      .sort({ _id: 1 })
      .limit(FILLED_AT_ONCE)
      .toArray();
    const updates = found.flatMap((document) => {
      const { _id, search_terms: held } = document;
      const search_terms = searchTerms(document);
      if (held?.join() === search_terms.join()) return [];
      // What an event has written meanwhile is younger.
      const filter = { _id, search_terms: held ?? { $exists: false } };
      return [{ updateOne: { filter, update: { $set: { search_terms } } } }];
    });
    if (updates.length > 0) await orders.bulkWrite(updates, { ordered: false });
    return found.at(-1)?._id ?? null;
  },
};

const known = new WeakSet<Store>();

/** Whether every order has them: from when on the migration is completed. */
export async function pairsAreThere(store: Store): Promise<boolean> {
  if (known.has(store)) return true;
  const isThere = Boolean(await store.migrations.exists({ _id: NAME, completed_at: { $ne: null } }));
  if (isThere) known.add(store);
  return isThere;
}
