/**
 * `GET /v3/orders`, each filter and search that the API takes, by what MongoDB reads for it: no more than a page or what
 * few orders have, from indexes, whatever else is there. A new filter has to be added here.
 */
import { randomUUID } from 'node:crypto';
import { listOrders } from '../../api/orders/list-orders.ts';
import { type OrderListQuery, orderListQuery } from '../../api/orders/schemas.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import type { Store } from '../../store/open.ts';
import { searchTerms } from '../../store/orders/lists/search-terms.ts';
import { completeMigrations } from '../support/running/completed-migrations.ts';
import { freshStore } from '../support/running/fresh-store.ts';

const ORDERS = 12_000;
const SIZE = 10;
/** A page, and what is passed over on the way to it; of words, orders that have the rarest, too. */
const READ_AT_MOST = 12 * SIZE;
const OF_THE_RAREST = 700;
/** Keys that are sorted, of what the fewest orders have. */
const SORTED_AT_MOST = 2 * OF_THE_RAREST;
/** And as many as the others of two kinds are. */
const COUNTED_AT_MOST = 10_100;
const HOUR = 3_600_000;
const NOBODY = 'nobody';

const team = { _id: randomUUID(), options: { time_zone: 'America/New_York' } } as TeamDocument;
const names = (name: string) => [name, name.split(' ').slice(1).join(' ')];

/** Most are completed, of walk-in patients called Ada Bell; of anything else there is little. */
function anOrder(number: number): OrderDocument {
  const name = number % 100 === 0 ? `ada quill${number}` : number % 20 === 1 ? `grace bell` : 'ada bell';
  const [first_name, last_name] = name.split(' ') as [string, string];
  const created_at = new Date(Date.now() - (ORDERS - number) * HOUR);
  const isRare = number % 300 === 0;
  const document = {
    _id: randomUUID(),
    team_id: team._id,
    user_id: randomUUID(),
    transaction_id: randomUUID(),
    placer_order_number: `V${number}`,
    sample_id: null,
    order: {
      patient: { first_name, last_name, dob: `19${10 + (number % 80)}-03-04`, email: `${number}@patients.example` },
      address: { receiver_name: name },
    },
    patient_name: name,
    patient_names: names(name),
    recipient_names: names(name),
    last_status: isRare ? 'sample_error' : 'completed',
    collection_method: isRare ? 'at_home_phlebotomy' : 'walk_in_test',
    interpretation: isRare ? 'critical' : 'normal',
    activate_by: number % 500 === 0 ? '2999-01-01' : null,
    created_at,
    updated_at: created_at,
  } as unknown as OrderDocument;
  return { ...document, search_terms: searchTerms(document) };
}

const before = (hours: number) => new Date(Date.now() - hours * HOUR).toISOString();
type Query = Omit<OrderListQuery, 'page' | 'size' | 'order_key' | 'order_direction'>;
type Asked = Partial<OrderListQuery>;

/** Ways to ask by each filter: for what most orders have, and for what few have. */
const ways = (one: OrderDocument): Record<keyof Query | 'order_key' | 'order_direction' | 'page', Asked[]> => ({
  search_input: [
    'ada',
    'grace',
    'quill',
    one.order.patient.last_name,
    `ada ${one.order.patient.last_name}`,
    'bell, gra',
    'ada bell',
    one.patient_dob ?? '1910-03-04',
    'ada 1910-03-04',
    one._id,
    one.user_id,
    one.placer_order_number,
    one.order.patient.email,
    NOBODY,
  ].map((search_input) => ({ search_input })),
  patient_name: ['ada', one.order.patient.last_name, 'ada bell', NOBODY].map((patient_name) => ({ patient_name })),
  shipping_recipient_name: ['bell', one.order.patient.last_name, 'bell ada'].map((shipping_recipient_name) => ({
    shipping_recipient_name,
  })),
  start_date: [before(ORDERS), before(20)].map((start_date) => ({ start_date })),
  end_date: [before(1), before(ORDERS - 20)].map((end_date) => ({ end_date })),
  updated_start_date: [before(ORDERS), before(20)].map((updated_start_date) => ({ updated_start_date })),
  updated_end_date: [before(1), before(ORDERS - 20)].map((updated_end_date) => ({ updated_end_date })),
  status: [['completed'], ['sample_error'], ['sample_error', 'completed']].map((status) => ({
    status: status as OrderListQuery['status'],
  })),
  order_type: [{ order_type: ['walk_in_test'] }, { order_type: ['at_home_phlebotomy'] }],
  is_critical: [{ is_critical: true }, { is_critical: false }],
  interpretation: [{ interpretation: 'normal' }, { interpretation: 'critical' }],
  order_activation_types: [['current'], ['scheduled'], ['current', 'scheduled']].map((order_activation_types) => ({
    order_activation_types: order_activation_types as OrderListQuery['order_activation_types'],
  })),
  user_id: [{ user_id: one.user_id }],
  order_ids: [{ order_ids: [one._id, randomUUID()] }],
  order_transaction_id: [{ order_transaction_id: one.transaction_id }],
  order_key: [{ order_key: 'patient_name' }, { order_key: 'last_status' }],
  order_direction: [{}, { order_direction: 'asc' }],
  page: [{ page: 3 }, { page: 900 }, { page: 100, status: ['completed'] }],
});

let store: Store;
let discard: () => Promise<void>;
let one: OrderDocument;
let orders: OrderDocument[];
beforeAll(async () => {
  ({ store, discard } = await freshStore());
  orders = Array.from({ length: ORDERS }, (_, number) => anOrder(number));
  one = orders[ORDERS / 2] as OrderDocument;
  await collectionOf(store.orders).insertMany(orders, { ordered: false });
  await completeMigrations(store);
}, 120_000);
afterAll(() => discard());

interface Profiled {
  planSummary: string;
  keysExamined: number;
  docsExamined: number;
  hasSortStage?: boolean;
  nreturned: number;
  command: { find?: string; filter?: { _id?: unknown } };
}

/** What MongoDB did for one page. */
async function profiled(query: Asked): Promise<{ reads: Profiled[]; listed: number }> {
  const database = store.connection.db as NonNullable<Store['connection']['db']>;
  await database.command({ profile: 0 });
  await database.collection('system.profile').drop();
  await database.command({ profile: 2 });
  const asked = { ...orderListQuery.parse({}), size: SIZE, ...query };
  const { documents } = await listOrders(store, team, asked);
  await database.command({ profile: 0 });
  const reads = await database
    .collection<Profiled>('system.profile')
    .find({ ns: `${database.databaseName}.orders` })
    .toArray();
  return { reads, listed: documents.length };
}

test('each filter that the API takes is asked here', () => {
  const { size: _size, ...filters } = orderListQuery.shape;
  expect(Object.keys(ways(one)).sort()).toEqual(Object.keys(filters).sort());
});

test.each(Object.keys(ways({ order: { patient: {} } } as OrderDocument)) as (keyof ReturnType<typeof ways>)[])(
  '%s: reads a page, from indexes',
  async (name) => {
    const isByWords = ['search_input', 'patient_name', 'shipping_recipient_name'].includes(name);
    for (const query of ways(one)[name]) {
      const { reads, listed } = await profiled(query);
      expect(reads).not.toEqual([]);
      for (const read of reads) {
        const { planSummary, keysExamined, docsExamined, hasSortStage = false } = read;
        const isKept =
          !planSummary.includes('COLLSCAN') &&
          docsExamined <= (isByWords ? OF_THE_RAREST : READ_AT_MOST) &&
          keysExamined <= (hasSortStage ? SORTED_AT_MOST : COUNTED_AT_MOST);
        const examined = { query, planSummary, keysExamined, docsExamined, hasSortStage };
        expect(isKept ? 'little' : examined).toBe('little');
      }
      if (!JSON.stringify(query).includes(NOBODY)) expect(listed).toBeGreaterThan(0);
    }
  },
);

const compare = (one: string | number, other: string | number) => (one < other ? -1 : one > other ? 1 : 0);

describe.each(['created_at', 'patient_name', 'last_status'] as const)('sorted by %s', (order_key) => {
  test.each([
    ['many', { search_input: 'ada' }, /^ada /],
    ['some', { search_input: 'grace' }, /^grace /],
    ['some, of two words', { search_input: 'bell, gra' }, /^grace /],
    ['few', { search_input: 'quill' }, /quill/],
    ['some, by the name of the patient', { patient_name: 'grace' }, /^grace /],
    ['few, by the name of the receiver', { shipping_recipient_name: 'quill ada' }, /quill/],
  ])('%s: each page is where it belongs, and the total is that of all', async (_how, asked, name) => {
    for (const order_direction of ['asc', 'desc'] as const) {
      const sign = order_direction === 'asc' ? 1 : -1;
      const expected = orders
        .filter(({ patient_name }) => name.test(patient_name))
        .sort((one, other) => {
          const [a, b] = [one[order_key].valueOf(), other[order_key].valueOf()];
          return sign * (compare(a, b) || compare(one.created_at.getTime(), other.created_at.getTime()));
        })
        .map(({ _id }) => _id);
      for (const page of [1, 2, 12, 60, 2_000]) {
        const query = { ...orderListQuery.parse({}), ...asked, order_key, order_direction, size: SIZE, page };
        const { documents, total } = await listOrders(store, team, query);
        expect(documents.map(({ _id }) => _id)).toEqual(expected.slice((page - 1) * SIZE, page * SIZE));
        expect(total).toBe(expected.length > 10_000 ? null : expected.length);
      }
    }
  });
});
