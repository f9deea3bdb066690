/**
 * Brings what an earlier version stored into today's shape, while everything runs: readers know both shapes until then.
 * Each migration goes through what is stored three times, at once, an hour later and a day later, because processes of
 * the earlier version may run beside today's meanwhile, and write as they always did. Then it is recorded as completed,
 * and never looked at again.
 */
import { mongo } from 'mongoose';
import { collectionOf } from '../collections/define.ts';
import type { MigrationDocument } from '../collections/migrations.ts';
import { isDuplicateKey } from '../duplicate-key.ts';
import type { Store } from '../open.ts';

/** One change of what is stored. */
export interface Migration {
  /** What it is recorded under; never changed, never used again. */
  name: string;
  /**
   * Changes the next few documents in the order of their ids. It may be stopped at any moment, and done again and by
   * several at once: what is in today's shape already is passed over.
   * @param after The id to go on from; empty to begin with.
   * @returns The same for the next step; the same as it was given when it is to be asked again later; null when there is
   * nothing more.
   */
  step(store: Store, after: string): Promise<string | null>;
  /** Indexes that only processes of the version before read: dropped at the end of the last pass, where they are there. */
  superseded?: { of(store: Store): Pick<mongo.Collection, 'dropIndex'>; indexes: readonly string[] };
}

const HOUR = 3_600_000;
/** Between the passes, in milliseconds. */
const PAUSES = [HOUR, 24 * HOUR];
/** MongoDB's code for an index that is not there. */
const NO_SUCH_INDEX = 27;
/** How long a step may take before another process goes on from where it began, in milliseconds. */
const LEASE_MS = 60_000;
/** After how long a step that had to wait is tried again, in milliseconds. */
const WAITS_MS = 1_000;

/**
 * Goes on with every migration that is due and that no other process is at.
 * @param goOn is asked between steps
 * @param completed is told the name of each that was completed
 */
export async function migrate(
  store: Store,
  migrations: readonly Migration[],
  goOn: () => boolean = () => true,
  completed: (name: string) => void = () => {},
): Promise<void> {
  const names = migrations.map(({ name }) => name);
  const records = await collectionOf(store.migrations)
    .find({ _id: { $in: names } })
    .toArray();
  const known = new Map(records.map((record) => [record._id, record]));
  for (const migration of migrations) {
    if (!goOn()) return;
    if (known.get(migration.name)?.completed_at) continue;
    if (!known.has(migration.name)) await begin(store, migration.name);
    const mine = await claim(store, migration.name);
    if (mine && (await pass(store, migration, mine, goOn))) completed(migration.name);
  }
}

async function begin(store: Store, _id: string): Promise<void> {
  try {
    await store.migrations.create({ _id, passes: 0, after: '', next_at: new Date(0), completed_at: null });
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}

const inMs = (ms: number) => new Date(Date.now() + ms);

/** Takes a migration that is due; nobody else gets it until the lease ends, which each step renews. */
function claim(store: Store, _id: string): Promise<MigrationDocument | null> {
  return store.migrations
    .findOneAndUpdate(
      { _id, completed_at: null, next_at: { $lte: new Date() } },
      { $set: { next_at: inMs(LEASE_MS) } },
      { returnDocument: 'after' },
    )
    .lean<MigrationDocument>()
    .exec();
}

/** @returns whether that was the last pass, and it came to its end */
async function pass(
  store: Store,
  migration: Migration,
  { _id, after: begun, passes }: MigrationDocument,
  goOn: () => boolean,
): Promise<boolean> {
  const note = (fields: Partial<MigrationDocument>) => store.migrations.updateOne({ _id }, { $set: fields });
  for (let after = begun; ; ) {
    if (!goOn()) {
      await note({ next_at: new Date() });
      return false;
    }
    const next = await migration.step(store, after);
    if (next === after) {
      await note({ next_at: inMs(WAITS_MS) });
      return false;
    }
    if (next === null) {
      const pause = PAUSES[passes];
      if (pause === undefined) await dropSuperseded(store, migration);
      const done = { passes: passes + 1, after: '' };
      await note(pause === undefined ? { ...done, completed_at: new Date() } : { ...done, next_at: inMs(pause) });
      return pause === undefined;
    }
    after = next;
    await note({ after, next_at: inMs(LEASE_MS) });
  }
}

async function dropSuperseded(store: Store, { superseded }: Migration): Promise<void> {
  if (!superseded) return;
  const collection = superseded.of(store);
  for (const index of superseded.indexes) {
    await collection.dropIndex(index).catch((error: unknown) => {
      if (!(error instanceof mongo.MongoServerError && error.code === NO_SUCH_INDEX)) throw error;
    });
  }
}
