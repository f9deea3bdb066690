/** A database of a test's own, and how to take it away again. */
import { randomUUID } from 'node:crypto';
import { type Catalogue, loadCatalogue, seedCatalogue } from '../../../store/catalogue/catalogue.ts';
import { closeStore, openStore, type Store } from '../../../store/open.ts';

/** The address of a database that no other test uses. */
export function freshDatabase(): string {
  const url = new URL(process.env.MONGODB_URI as string);
  url.pathname = `/fresh-${randomUUID()}`;
  return url.href;
}

/** A store of its own, where it is, and how to take it away again. */
export interface FreshStore {
  store: Store;
  database: string;
  discard(): Promise<void>;
}

/** A store with nothing in it. */
export async function freshStore(): Promise<FreshStore> {
  const database = freshDatabase();
  const store = await openStore(database);
  return {
    store,
    database,
    async discard() {
      await store.connection.dropDatabase();
      await closeStore(store);
    },
  };
}

/** A store with the catalogue that comes with Venule. */
export async function freshCatalogue(): Promise<FreshStore & { catalogue: Catalogue }> {
  const fresh = await freshStore();
  await seedCatalogue(fresh.store);
  return { ...fresh, catalogue: await loadCatalogue(fresh.store) };
}
