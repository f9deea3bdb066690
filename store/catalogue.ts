/** The catalogue: put into the database from the seed, and kept in memory for everybody who reads it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabAccount, Laboratory, LabTest, Marker } from '../domain/catalogue.ts';
import type { Store } from './store.ts';

/** After this long a reader's view is read anew, so that a check never judges by an old one (A2). */
const FRESH_FOR_MS = 30_000;

/** What every process holds in memory of laboratories, markers, lab tests and lab accounts. */
export interface Catalogue {
  readonly laboratories: ReadonlyMap<number, Laboratory>;
  readonly laboratoriesBySlug: ReadonlyMap<string, Laboratory>;
  readonly markers: ReadonlyMap<number, Marker>;
  readonly labTests: ReadonlyMap<string, LabTest>;
  readonly labAccounts: ReadonlyMap<string, LabAccount>;
  /** Reads everything anew. */
  reload(): Promise<void>;
  /**
   * Makes sure that the view has not grown old, and that lab tests written since the last reading (for one order's own
   * choice of markers) are known. Ids that do not exist stay unknown.
   */
  know(labTestIds: Iterable<string>): Promise<void>;
}

function seedFile<T>(name: string): T[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'seed', `${name}.json`), 'utf8')) as T[];
}

const withUnderscore = <T extends { id: unknown }>({ id, ...rest }: T) => ({ _id: id, ...rest });

/**
 * Puts the seed into the database. Laboratories, markers and lab tests follow the seed at every start; a lab account is
 * only added, since its operator may have changed it. Several processes may do so at once.
 */
export async function seedCatalogue(store: Store): Promise<void> {
  const replacing = <T extends { id: unknown }>(items: T[]) =>
    items.map((item) => ({
      replaceOne: { filter: { _id: item.id }, replacement: withUnderscore(item), upsert: true },
    }));
  const adding = <T extends { id: unknown }>(items: T[]) =>
    items.map(({ id, ...rest }) => ({
      updateOne: { filter: { _id: id }, update: { $setOnInsert: rest }, upsert: true },
    }));
  await Promise.all([
    write(store.laboratories, replacing(seedFile<Laboratory>('labs'))),
    write(store.markers, replacing(seedFile<Marker>('markers'))),
    write(store.labTests, replacing(seedFile<LabTest>('lab-tests'))),
    write(store.labAccounts, adding(seedFile<LabAccount>('lab-accounts'))),
  ]);
}

async function write(
  model: { collection: { bulkWrite(operations: never[], options: object): Promise<unknown> } },
  operations: object[],
) {
  try {
    await model.collection.bulkWrite(operations as never[], { ordered: false });
  } catch (error) {
    const anotherProcessWasFirst = (error as { code?: unknown }).code === 11000;
    if (!anotherProcessWasFirst) throw error;
  }
}

const withoutUnderscore = <T extends { _id: unknown }>({ _id, ...rest }: T) => ({ ...rest, id: _id });

/** Reads the catalogue once and hands out a view that stays fresh by `know`. */
export async function loadCatalogue(store: Store): Promise<Catalogue> {
  const laboratories = new Map<number, Laboratory>();
  const laboratoriesBySlug = new Map<string, Laboratory>();
  const markers = new Map<number, Marker>();
  const labTests = new Map<string, LabTest>();
  const labAccounts = new Map<string, LabAccount>();
  let readAt = 0;
  let reading: Promise<void> | null = null;

  const read = async () => {
    const [labRows, markerRows, labTestRows, accountRows] = await Promise.all([
      store.laboratories.find().lean(),
      store.markers.find().lean(),
      store.labTests.find({ auto_generated: false }).lean(),
      store.labAccounts.find().lean(),
    ]);
    for (const row of labRows) {
      const laboratory = withoutUnderscore(row) as Laboratory;
      laboratories.set(laboratory.id, laboratory);
      laboratoriesBySlug.set(laboratory.slug, laboratory);
    }
    for (const row of markerRows) markers.set(row._id, withoutUnderscore(row) as Marker);
    for (const row of labTestRows) labTests.set(row._id, withoutUnderscore(row) as LabTest);
    labAccounts.clear();
    for (const row of accountRows) labAccounts.set(row._id, withoutUnderscore(row) as LabAccount);
    readAt = Date.now();
  };
  const reload = () => {
    reading ??= read().finally(() => {
      reading = null;
    });
    return reading;
  };
  const know = async (labTestIds: Iterable<string>) => {
    if (Date.now() - readAt > FRESH_FOR_MS) await reload();
    const missing = [...new Set(labTestIds)].filter((id) => !labTests.has(id));
    if (missing.length === 0) return;
    const rows = await store.labTests.find({ _id: { $in: missing } }).lean();
    for (const row of rows) labTests.set(row._id, withoutUnderscore(row) as LabTest);
  };

  await reload();
  return { laboratories, laboratoriesBySlug, markers, labTests, labAccounts, reload, know };
}
