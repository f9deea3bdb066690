/** Orders from before `search_input` found orders by the terms that stand in them. */
import { collectionOf } from '../collections/define.ts';
import { searchTerms } from '../orders/lists/search-terms.ts';
import type { Migration } from './migrate.ts';

const FILLED_AT_ONCE = 500;

/** Fills the terms in. */
export const searchTermsOfOrders: Migration = {
  name: '0002-search-terms',
  async step(store, after) {
    const unfilled = { search_terms: { $exists: false } };
    const found = await collectionOf(store.orders)
      .find({ _id: { $gt: after }, ...unfilled })
      .sort({ _id: 1 })
      .limit(FILLED_AT_ONCE)
      .toArray();
    if (found.length === 0) return null;
    await store.orders.bulkWrite(
      found.map((document) => ({
        updateOne: {
          filter: { _id: document._id, ...unfilled },
          update: { $set: { search_terms: searchTerms(document) } },
        },
      })),
      { ordered: false, throwOnValidationError: true },
    );
    return found.at(-1)?._id ?? null;
  },
};
