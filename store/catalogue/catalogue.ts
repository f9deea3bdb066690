/** The catalogue: put into the database from the seed, and kept in memory for everybody who reads it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabAccount, Laboratory, LabTest, Marker } from '../../domain/catalogue/catalogue.ts';
import { fastingNeeded } from '../../domain/messages/fasting.ts';
import type { Order } from '../../domain/orders/order.ts';
import { isDuplicateKey } from '../duplicate-key.ts';
import type { Store } from '../open.ts';

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

/** What an operator may have switched off; the seed says it of new entries only. */
const SWITCHES: readonly string[] = ['is_active', 'is_orderable', 'status'];

/**
 * Puts the seed into the database. Laboratories, markers and lab tests follow the seed at every start, but for what can
 * be switched off; a lab account is only added, since its operator may have changed it. Several processes may do so at once.
 */
export async function seedCatalogue(store: Store): Promise<void> {
  const following = <T extends { id: unknown }>(items: T[]) =>
    items.map(({ id, ...rest }) => {
      const switches = Object.entries(rest).filter(([name]) => SWITCHES.includes(name));
      const followed = Object.entries(rest).filter(([name]) => !SWITCHES.includes(name));
      const update = { $set: Object.fromEntries(followed), $setOnInsert: Object.fromEntries(switches) };
      return { updateOne: { filter: { _id: id }, update, upsert: true } };
    });
  const adding = <T extends { id: unknown }>(items: T[]) =>
    items.map(({ id, ...rest }) => ({
      updateOne: { filter: { _id: id }, update: { $setOnInsert: rest }, upsert: true },
    }));
  await Promise.all([
    write(store.laboratories, following(seedFile<Laboratory>('labs'))),
    write(store.markers, following(seedFile<Marker>('markers'))),
    write(store.labTests, following(seedFile<LabTest>('lab-tests'))),
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
    const anotherProcessWasFirst = isDuplicateKey(error);
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

/**
 * Whether the patient of an order has to come fasting (G6).
 * @throws Error when the catalogue no longer holds the order's lab test
 */
export async function needsFasting(
  catalogue: Pick<Catalogue, 'know' | 'labTests' | 'markers'>,
  { lab_test_id, markers }: Pick<Order, 'lab_test_id' | 'markers'>,
): Promise<boolean> {
  await catalogue.know([lab_test_id]);
  const labTest = catalogue.labTests.get(lab_test_id);
  if (!labTest) throw new Error(`The catalog no longer has lab test ${lab_test_id}`);
  return fastingNeeded(
    labTest,
    markers.flatMap(({ marker_id }) => catalogue.markers.get(marker_id) ?? []),
  );
}
