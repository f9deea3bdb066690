/** The index by which the laboratories' last results were found, from before what only acknowledges orders was told from them. */
import { collectionOf } from '../collections/define.ts';
import type { Migration } from './migrate.ts';

/** What `lab_slug_1_environment_1_acknowledges_1_refused_1_received_at_-1` answers by now. */
const SUPERSEDED = 'lab_slug_1_environment_1_refused_1_received_at_-1';

/** Changes no documents. */
export const acknowledgments: Migration = {
  name: '0004-acknowledgments',
  superseded: { of: (store) => collectionOf(store.labMessageTexts), indexes: [SUPERSEDED] },
  step: async () => null,
};
