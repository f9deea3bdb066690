/** What an earlier version stored comes into today's shape: once for all, by many at once, beside processes of that version. */
import { randomUUID } from 'node:crypto';
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { journeyChecks } from '../../store/migrations/0001-journey-checks.ts';
import { searchTermsOfOrders } from '../../store/migrations/0002-search-terms.ts';
import { pairsOfWords } from '../../store/migrations/0003-pairs-of-words.ts';
import { acknowledgments } from '../../store/migrations/0004-acknowledgments.ts';
import { type Migration, migrate } from '../../store/migrations/migrate.ts';
import type { Store } from '../../store/open.ts';
import { claimJourneyCheck, confirmJourney } from '../../store/orders/journey-check.ts';
import { freshStore } from '../support/running/fresh-store.ts';

let store: Store;
let discard: () => Promise<void>;
beforeEach(async () => {
  ({ store, discard } = await freshStore());
});
afterEach(() => discard());

const orderWith = (fields: Partial<OrderDocument>): OrderDocument => {
  const _id = randomUUID();
  return { _id, placer_order_number: _id, ...fields } as OrderDocument;
};

/** Makes every migration due, as the hour or the day between two passes does. */
const timePasses = () =>
  collectionOf(store.migrations).updateMany({ completed_at: null }, { $set: { next_at: new Date(0) } });
const recordOf = ({ name }: Migration) => collectionOf(store.migrations).findOne({ _id: name });

async function claimedIds(): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const claimed = await claimJourneyCheck(store, 5_000, 60_000);
    if (!claimed) return ids;
    ids.push(claimed.order._id);
    await confirmJourney(store, claimed);
  }
}

test('0001: each order is marked once, some at a time, by several at once; what has a mark keeps it', async () => {
  const old = Array.from({ length: 450 }, () => orderWith({}));
  const confirmed = orderWith({ journey_check: null });
  const young = orderWith({ journey_check: { due: new Date(Date.now() + 3_600_000), attempts: 3 } });
  await collectionOf(store.orders).insertMany([...old, confirmed, young]);
  const rounds: string[][] = [];
  while (!(await recordOf(journeyChecks))?.passes) {
    await timePasses();
    await Promise.all([migrate(store, [journeyChecks]), migrate(store, [journeyChecks])]);
    rounds.push(await claimedIds());
  }
  expect(rounds.flat().sort()).toEqual(old.map(({ _id }) => _id).sort());
  expect(Math.max(...rounds.map(({ length }) => length))).toBeLessThan(old.length);
  expect(await collectionOf(store.orders).findOne({ _id: young._id })).toEqual(young);
  expect(await collectionOf(store.orders).findOne({ _id: confirmed._id })).toEqual(confirmed);
});

test('6.6: terms that orders are found by are filled in, and nothing else of them changes', async () => {
  const order = {
    patient: { first_name: 'Grace', last_name: 'Hopper', dob: '1906-12-09', email: 'g@patient.example' },
    address: { receiver_name: 'G. Hopper' },
  } as OrderDocument['order'];
  const old = Array.from({ length: 501 }, () => orderWith({ user_id: randomUUID(), sample_id: null, order }));
  const late = orderWith({ search_terms: ['written meanwhile'] });
  await collectionOf(store.orders).insertMany([...old, late]);
  await Promise.all([migrate(store, [searchTermsOfOrders]), migrate(store, [searchTermsOfOrders])]);
  expect(await store.orders.countDocuments({ search_terms: 'hopper' })).toBe(old.length);
  expect(await collectionOf(store.orders).findOne({ _id: late._id })).toEqual(late);
  const { search_terms, ...rest } = (await collectionOf(store.orders).findOne({ _id: old[0]?._id ?? '' })) ?? {};
  expect(search_terms).toContain('hopper');
  expect(rest).toEqual(old[0]);
});

const PATIENT_NAMES = 'team_id_1_patient_names_1';
const indexNames = async () => (await collectionOf(store.orders).indexes()).map(({ name }) => name);

test('6.6: pairs of words come to every order; the indexes of the version before go with the last pass', async () => {
  const order = {
    patient: { first_name: 'Grace', last_name: 'Hopper', dob: '1906-12-09', email: 'g@patient.example' },
    address: { receiver_name: 'G. Hopper' },
  } as OrderDocument['order'];
  const search_terms = ['grace', 'hopper'];
  const old = Array.from({ length: 501 }, () =>
    orderWith({ user_id: randomUUID(), sample_id: null, order, search_terms }),
  );
  await collectionOf(store.orders).insertMany(old);
  await collectionOf(store.orders).createIndex({ team_id: 1, patient_names: 1 });
  await Promise.all([migrate(store, [pairsOfWords]), migrate(store, [pairsOfWords])]);
  expect(await store.orders.countDocuments({ search_terms: '&gra hopper' })).toBe(old.length);
  const { search_terms: terms, ...rest } = (await collectionOf(store.orders).findOne({ _id: old[0]?._id ?? '' })) ?? {};
  expect(terms).toEqual(expect.arrayContaining(['grace', 'hopper', '1906-12-09', '&hop 1906-12-09']));
  expect({ ...rest, search_terms }).toEqual(old[0]);
  expect(await indexNames()).toContain(PATIENT_NAMES);

  // Beside it, a process of the version before writes another.
  const late = orderWith({ user_id: randomUUID(), sample_id: null, order, search_terms });
  await collectionOf(store.orders).insertOne(late);
  for (const isLast of [false, true]) {
    await timePasses();
    await migrate(store, [pairsOfWords]);
    expect(await store.orders.countDocuments({ search_terms: '&gra hopper' })).toBe(old.length + 1);
    expect((await indexNames()).includes(PATIENT_NAMES)).toBe(!isLast);
  }
  expect(await indexNames()).toContain('team_id_1_search_terms_1_created_at_-1__id_-1');
  expect((await recordOf(pairsOfWords))?.completed_at).toEqual(expect.any(Date));
});

test('0004: the index of the version before goes when no process of it can be there', async () => {
  const texts = collectionOf(store.labMessageTexts);
  const superseded = await texts.createIndex({ lab_slug: 1, environment: 1, refused: 1, received_at: -1 });
  const names = async () => (await texts.indexes()).map(({ name }) => name);
  for (const isThere of [true, true, false]) {
    await migrate(store, [acknowledgments]);
    expect((await names()).includes(superseded)).toBe(isThere);
    await timePasses();
  }
  expect((await recordOf(acknowledgments))?.completed_at).toEqual(expect.any(Date));
  expect(await names()).toContain('lab_slug_1_environment_1_acknowledges_1_refused_1_received_at_-1');
});

/** Goes through ids a step at a time, and keeps those it came to. */
function stepping(ids: readonly string[]): Migration & { seen: string[] } {
  const seen: string[] = [];
  return {
    name: 'stepping',
    seen,
    async step(_store, after) {
      const next = ids.find((id) => id > after);
      if (next === undefined) return null;
      seen.push(next);
      return next;
    },
  };
}

test('a migration goes through everything three times, whoever is at it, and then never again', async () => {
  const migration = stepping(['a', 'b']);
  const completed: string[] = [];
  for (let pass = 1; pass <= 5; pass++) {
    const processes = [1, 2, 3].map(() => migrate(store, [migration], undefined, (name) => completed.push(name)));
    await Promise.all(processes);
    // Not due yet.
    await migrate(store, [migration]);
    expect(migration.seen).toHaveLength(2 * Math.min(pass, 3));
    expect((await recordOf(migration))?.completed_at ?? null).toEqual(pass < 3 ? null : expect.any(Date));
    await timePasses();
  }
  expect(completed).toEqual(['stepping']);
});

test('a migration that is stopped goes on where it was, at once; one whose process died, when its turn has ended', async () => {
  const migration = stepping(['a', 'b', 'c', 'd']);
  await migrate(store, [migration], () => migration.seen.length < 2);
  expect(migration.seen).toEqual(['a', 'b']);
  const step = jest.fn(() => Promise.reject(new Error('killed')));
  await expect(migrate(store, [{ ...migration, step }])).rejects.toThrow('killed');
  await migrate(store, [migration]);
  expect(migration.seen).toEqual(['a', 'b']);
  await timePasses();
  await migrate(store, [migration]);
  expect(migration.seen).toEqual(['a', 'b', 'c', 'd']);
});
