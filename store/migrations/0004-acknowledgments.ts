/** The index by which the laboratories' last results were found, from before what only acknowledges orders was told from them. */
import { mongo } from 'mongoose';
import { collectionOf } from '../collections/define.ts';
import type { Store } from '../open.ts';
import { LAST_PASS, type Migration } from './migrate.ts';

const NAME = '0004-acknowledgments';
/** What `lab_slug_1_environment_1_acknowledges_1_refused_1_received_at_-1` answers by now. */
const SUPERSEDED = 'lab_slug_1_environment_1_refused_1_received_at_-1';
const NO_SUCH_INDEX = 27;

/** Drops the index in the last pass: until then processes of the version before read it. */
export const acknowledgments: Migration = {
  name: NAME,
  async step(store) {
    if (await isLastPass(store)) {
      await collectionOf(store.labMessageTexts)
        .dropIndex(SUPERSEDED)
        .catch((error: unknown) => {
          if (!(error instanceof mongo.MongoServerError && error.code === NO_SUCH_INDEX)) throw error;
        });
    }
    return null;
  },
};

async function isLastPass(store: Store): Promise<boolean> {
  return (await collectionOf(store.migrations).findOne({ _id: NAME }))?.passes === LAST_PASS;
}
