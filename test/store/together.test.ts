/** Writes of different requests share a message, and each fails for itself. */
import { randomUUID } from 'node:crypto';
import type { Catalogue } from '../../store/catalogue/catalogue.ts';
import type { IdempotencyDocument } from '../../store/collections/access.ts';
import type { OrderTransactionDocument } from '../../store/collections/orders.ts';
import { insertTogether, updateTogether } from '../../store/collections/together.ts';
import { isDuplicateKey } from '../../store/duplicate-key.ts';
import type { Store } from '../../store/open.ts';
import { orderDocument } from '../../store/orders/order-document.ts';
import { freshCatalogue } from '../support/running/fresh-store.ts';
import { anOrder } from '../support/running/in-process-venule.ts';
import { whileUnwritable } from '../support/running/unwritable.ts';

let store: Store;
let catalogue: Catalogue;
let discard: () => Promise<void>;
beforeAll(async () => {
  ({ store, catalogue, discard } = await freshCatalogue());
  await store.connection.db?.command({ profile: 2 });
});
afterAll(() => discard());

const anOrderDocument = () => orderDocument(anOrder(catalogue, randomUUID()));
const aTransaction = (): OrderTransactionDocument => ({
  _id: randomUUID(),
  team_id: randomUUID(),
  user_id: randomUUID(),
  status: 'active',
  version: 1,
  created_at: new Date(),
  updated_at: new Date(),
});
const aClaim = (): IdempotencyDocument => ({
  _id: randomUUID(),
  request_hash: '',
  ids: { order_id: randomUUID() },
  response: null,
  lease_until: new Date(),
  expires_at: new Date(Date.now() + 3_600_000),
});

/** What the database noted of the messages that wrote to a collection. */
const messages = (op: string, collection: string) =>
  store.connection
    .collection<{ op: string; ns: string; ninserted?: number }>('system.profile')
    .find({ op, ns: `${store.connection.db?.databaseName}.${collection}` })
    .toArray();

test('of several in one message each has its own outcome', async () => {
  const [held, fine, alsoFine, taken] = [anOrderDocument(), anOrderDocument(), anOrderDocument(), anOrderDocument()];
  await insertTogether(store.orders, held);
  const clash = { ...taken, placer_order_number: held.placer_order_number };
  const wrong = { ...anOrderDocument(), patient_dob: null as unknown as string };
  const outcomes = await Promise.allSettled(
    [{ ...held, last_status: 'cancelled' as const }, fine, clash, wrong, alsoFine].map((document) =>
      insertTogether(store.orders, document),
    ),
  );
  expect(outcomes).toMatchObject([
    { status: 'fulfilled', value: false },
    { status: 'fulfilled', value: true },
    { status: 'rejected' },
    { status: 'rejected', reason: { name: 'WrongDocument' } },
    { status: 'fulfilled', value: true },
  ]);
  expect(isDuplicateKey((outcomes[2] as PromiseRejectedResult).reason)).toBe(true);
  const written = await store.orders.find({}, { last_status: 1 }).lean();
  expect(new Set(written.map(({ _id }) => _id))).toEqual(new Set([held._id, fine._id, alsoFine._id]));
  expect(written.find(({ _id }) => _id === held._id)?.last_status).toBe(held.last_status);
  expect((await messages('insert', 'orders')).map(({ ninserted }) => ninserted)).toEqual([1, 2]);
});

test('many at once are written in few messages, each once', async () => {
  const many = Array.from({ length: 250 }, aTransaction);
  const outcomes = await Promise.all([...many, ...many].map((one) => insertTogether(store.transactions, one)));
  expect(outcomes.filter((isNew) => isNew)).toHaveLength(250);
  expect(await store.transactions.countDocuments({ _id: { $in: many.map(({ _id }) => _id) } })).toBe(250);
  expect((await messages('insert', 'order_transactions')).length).toBeLessThanOrEqual(6);
});

test('a message that is refused as a whole fails all that were in it, and none that come after it', async () => {
  const lost = Array.from({ length: 5 }, aTransaction);
  const outcomes = await whileUnwritable(store.transactions, () =>
    Promise.allSettled(lost.map((one) => insertTogether(store.transactions, one))),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(lost.map(() => 'rejected'));
  expect(await Promise.all(lost.map((one) => insertTogether(store.transactions, one)))).toEqual(lost.map(() => true));
});

test('changes share a message, too: each changes what its own filter finds', async () => {
  const claims = Array.from({ length: 5 }, aClaim);
  await Promise.all(claims.map((claim) => insertTogether(store.idempotency, claim)));
  await Promise.all(
    claims.map(({ _id }, index) =>
      updateTogether(store.idempotency, index === 2 ? { _id, response: 'another' as never } : { _id, response: null }, {
        $set: { response: { status: 200, body: index } },
      }),
    ),
  );
  const held = await store.idempotency.find().lean<IdempotencyDocument[]>();
  const answers = claims.map(({ _id }) => held.find((claim) => claim._id === _id)?.response);
  expect(answers.map((answer) => answer?.body)).toEqual([0, 1, undefined, 3, 4]);
});
