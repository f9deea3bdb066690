/** Word of what was committed, from whichever process did it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Model, mongo } from 'mongoose';
import type { Store } from './open.ts';

/** How long one look at the stream lasts while nothing happens; also the longest that closing it takes. */
const WATCH_TURN_MS = 500;

/** The changes that insert into a collection. */
export const insertsInto = <T>(model: Model<T>): Changes => ({
  'ns.coll': model.collection.name,
  operationType: 'insert',
});

/** Changes of one collection, as change events of MongoDB have them. */
export type Changes = { 'ns.coll': string } & Record<string, unknown>;

interface Watcher {
  changes: readonly Changes[];
  wake(): void;
}

/**
 * The change stream of a store, one for all who watch it in this process: for each stream MongoDB goes through
 * everything that is written, and is woken by it.
 */
class CommitStream {
  readonly #store: Store;
  readonly #watchers = new Set<Watcher>();
  #open: { close(): Promise<unknown> } | undefined;
  #running: Promise<void> | undefined;
  #pause = new AbortController();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Has somebody woken from now on. */
  join(watcher: Watcher): void {
    this.#watchers.add(watcher);
    if (this.#running) void this.#openAnew();
    else this.#running = Promise.resolve().then(() => this.#run());
  }

  async leave(watcher: Watcher): Promise<void> {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    const running = this.#running;
    await this.#openAnew();
    await running;
  }

  async #openAnew(): Promise<void> {
    this.#pause.abort();
    await this.#open?.close().catch(() => undefined);
  }

  async #run(): Promise<void> {
    while (this.#watchers.size > 0) {
      this.#pause = new AbortController();
      const { signal } = this.#pause;
      try {
        const changes = [...this.#watchers].flatMap((watcher) => watcher.changes);
        const { connection } = this.#store;
        const committed = connection
          .getClient()
          .db(connection.name)
          .watch<mongo.Document, mongo.ChangeStreamDocument>(
            [{ $match: { $or: changes } }, { $project: { 'ns.coll': 1 } }],
            { maxAwaitTimeMS: WATCH_TURN_MS },
          );
        this.#open = committed;
        for await (const change of committed)
          this.#wake('ns' in change && change.ns && 'coll' in change.ns ? change.ns.coll : undefined);
      } catch {
        await pause(1000, undefined, { signal }).catch(() => undefined);
      }
    }
    this.#running = undefined;
  }

  #wake(collection: string | undefined): void {
    for (const { changes, wake } of this.#watchers) {
      if (changes.some((change) => change['ns.coll'] === collection)) wake();
    }
  }
}

const streams = new WeakMap<Store, CommitStream>();

/**
 * Calls `wake` whenever any process commits one of some changes; it may be called for others of the same collections,
 * too. While the database cannot be watched it is tried again every second, and nothing is called for what was committed
 * meanwhile: whoever relies on it looks for itself from time to time.
 * @param changes what change events of MongoDB have to match, in any of these ways
 */
export function watchCommits(store: Store, changes: readonly Changes[], wake: () => void): { close(): Promise<void> } {
  const stream = streams.get(store) ?? new CommitStream(store);
  streams.set(store, stream);
  const watcher = { changes, wake };
  stream.join(watcher);
  return { close: () => stream.leave(watcher) };
}
