/** A database with many orders, as three years of a team's work leave them behind. */
import type { Order, OrderEvent } from '../../domain/orders/order.ts';
import type { CollectionMethod, OrderLowLevelStatus } from '../../domain/orders/status.ts';
import { transactionStatus } from '../../domain/orders/transaction.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument, OrderTransactionDocument } from '../../store/collections/orders.ts';
import { closeStore, openStore } from '../../store/open.ts';
import { orderDocument } from '../../store/orders/order-document.ts';
import { completeMigrations } from '../../test/support/running/completed-migrations.ts';
import type { Parts } from '../parts.ts';
import { FIRST_NAMES, LAST_NAMES, rareName } from './names.ts';
import { type Chance, chance } from './random.ts';

const BATCH = 2_000;
/** Batches on their way while the next is made. */
const AT_ONCE = 2;
const DAY_MS = 86_400_000;
const YEARS_MS = 3 * 365 * DAY_MS;

/** Of so many patients the rare names are told apart by their beginnings. */
const PATIENTS_WITH_RARE_NAMES = 10_000;
/** A hundred, of which none begins like another. */
const VARIANTS = [...'abcdefghij'].flatMap((one) => [...'klmnopqrst'].map((other) => `${one}${other}`));

/** Of requisition numbers. */
const ALPHABET = [...'0123456789ABCDEFGHJKMNPQRSTVWXYZ'];

const METHODS: readonly (readonly [number, CollectionMethod])[] = [
  [60, 'walk_in_test'],
  [33, 'at_home_phlebotomy'],
  [7, 'on_site_collection'],
];
const VISITS: OrderLowLevelStatus[] = ['appointment_pending', 'appointment_scheduled', 'draw_completed'];
/** How far orders have come; most are over. */
const HISTORIES: readonly (readonly [number, OrderLowLevelStatus[]])[] = [
  [1, ['ordered']],
  [3, ['ordered', 'requisition_created']],
  [2, ['ordered', 'requisition_created', ...VISITS.slice(0, 2)]],
  [1, ['ordered', 'requisition_created', ...VISITS]],
  [2, ['ordered', 'requisition_created', ...VISITS, 'partial_results']],
  [1, ['ordered', 'requisition_created', ...VISITS, 'sample_error']],
  [6, ['ordered', 'requisition_created', 'cancelled']],
  [84, ['ordered', 'requisition_created', ...VISITS, 'partial_results', 'completed']],
];
const INTERPRETATIONS = [
  [70, 'normal'],
  [27, 'abnormal'],
  [2, 'critical'],
  [1, 'unknown'],
] as const;

/** What loading came to. */
export interface Loaded {
  /** For inserting, and then for building the indexes, in seconds. */
  insertS: number;
  indexS: number;
  /** On disk, in bytes. */
  dataBytes: number;
  indexBytes: number;
}

/**
 * Fills the database with so many orders like the one it has, which is taken away; then builds the indexes. Every
 * migration counts as completed, as in an installation that is older than a day.
 */
export async function loadOrders(
  { store, env }: Parts,
  count: number,
  progress: (line: string) => void,
): Promise<Loaded> {
  const orders = collectionOf(store.orders);
  const [template] = await orders.find().toArray();
  if (!template) throw new Error('No order has been placed');
  await Promise.all([orders.drop(), collectionOf(store.transactions).deleteMany({}), completeMigrations(store)]);
  const began = performance.now();
  const underWay = new Set<Promise<unknown>>();
  for (let first = 0; first < count; first += BATCH) {
    const documents = Array.from({ length: Math.min(BATCH, count - first) }, (_, n) =>
      someOrder(template.order, first + n, count),
    );
    const write = Promise.all([
      orders.insertMany(documents, { ordered: false }),
      collectionOf(store.transactions).insertMany(documents.map(transactionOf), { ordered: false }),
    ]);
    const done: Promise<unknown> = write.finally(() => underWay.delete(done));
    underWay.add(done);
    if (underWay.size > AT_ONCE) await Promise.race(underWay);
    if ((first / BATCH) % 50 === 49) progress(`${first + BATCH} of ${count} orders`);
  }
  await Promise.all(underWay);
  const inserted = performance.now();
  // As every program does when it starts.
  await closeStore(await openStore(env.MONGODB_URI as string));
  const indexed = performance.now();
  const [size] = await orders
    .aggregate<{ data: number; indexes: number }>([
      { $collStats: { storageStats: {} } },
      { $project: { data: '$storageStats.storageSize', indexes: '$storageStats.totalIndexSize' } },
    ])
    .toArray();
  return {
    insertS: (inserted - began) / 1000,
    indexS: (indexed - inserted) / 1000,
    dataBytes: size?.data ?? Number.NaN,
    indexBytes: size?.indexes ?? Number.NaN,
  };
}

/** The same for the same number; the larger the number, the younger the order. */
function someOrder(template: Order, number: number, count: number): OrderDocument {
  const random = chance(number);
  const first_name = random.common(FIRST_NAMES);
  // The more patients there are, the more rare names: each is the name of one or two.
  const variant = Math.floor((random.share() * count) / PATIENTS_WITH_RARE_NAMES);
  const last_name = random.share() < 0.5 ? random.common(LAST_NAMES) : `${rareName(random)}${VARIANTS[variant] ?? ''}`;
  const age = YEARS_MS * (1 - number / count);
  const createdAt = Date.now() - age;
  const method = random.weighted(METHODS);
  const isScheduled = number > count * 0.97 && random.share() < 0.2;
  const id = random.uuid();
  const order: Order = {
    ...template,
    id,
    user_id: random.uuid(),
    client_user_id: `patient-${number}`,
    transaction_id: random.uuid(),
    collection_method: method,
    placer_order_number: `V${Array.from({ length: 11 }, () => random.of(ALPHABET)).join('')}`,
    sample_id: null,
    patient: {
      ...template.patient,
      first_name,
      last_name,
      dob: `${1935 + Math.floor(random.share() * 75)}-${two(1 + random.share() * 12)}-${two(1 + random.share() * 28)}`,
      email: `${first_name}.${last_name}.${number}@patients.example`.toLowerCase(),
    },
    address: {
      ...template.address,
      receiver_name:
        random.share() < 0.9
          ? `${first_name} ${last_name}`
          : `${random.common(FIRST_NAMES)} ${random.common(LAST_NAMES)}`,
      first_line: `${100 + Math.floor(random.share() * 9_000)} Elm Street`,
    },
    activate_by: isScheduled ? new Date(Date.now() + random.share() * 90 * DAY_MS).toISOString().slice(0, 10) : null,
    created_at: new Date(createdAt).toISOString(),
  };
  return withHistory(orderDocument(order), random, age, createdAt);
}

const two = (value: number) => String(Math.floor(value)).padStart(2, '0');

function withHistory(document: OrderDocument, random: Chance, age: number, createdAt: number): OrderDocument {
  const statuses = document.activate_by ? (['ordered'] as const) : random.weighted(HISTORIES);
  const took = Math.min(age, 20 * DAY_MS * random.share());
  const events: OrderEvent[] = statuses.map((status, index) => ({
    number: index + 1,
    status,
    status_detail: null,
    reason: null,
    report_id: null,
    created_at: new Date(createdAt + (took * index) / statuses.length).toISOString(),
  }));
  const last_status = events.at(-1)?.status ?? 'ordered';
  const isDone = last_status === 'completed' || last_status === 'partial_results';
  return {
    ...document,
    events,
    last_status,
    interpretation: isDone ? random.weighted(INTERPRETATIONS) : null,
    has_missing_results: isDone ? false : null,
    result_version: isDone ? 1 : 0,
    journey_check: null,
    updated_at: new Date(events.at(-1)?.created_at ?? createdAt),
  };
}

function transactionOf(document: OrderDocument): OrderTransactionDocument {
  const { transaction_id: _id, team_id, user_id, last_status, created_at, updated_at } = document;
  const status = transactionStatus([{ origin: document.origin, status: last_status }]);
  return { _id, team_id, user_id, status, version: document.events.length, created_at, updated_at };
}
