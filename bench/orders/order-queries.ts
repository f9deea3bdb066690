/** Every filter and search of `GET /v3/orders`, with values that a database has. */
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import type { Store } from '../../store/open.ts';
import { LAST_NAMES } from './names.ts';

const SAMPLES = 50;
const DAY_MS = 86_400_000;

/** An order that a database has, and some others of it. */
export interface Sample extends OrderDocument {
  others: string[];
}

/** A way to ask. */
export interface OrderQuery {
  what: string;
  /** @param sample An order of the database that is asked, @param turn a number of its own for every time. */
  params(sample: Sample, turn: number): [name: string, value: string][];
}

/** Orders of a database from here and there: those of rare names. */
export async function samplesOf(store: Store): Promise<Sample[]> {
  const found = await collectionOf(store.orders)
    .aggregate<OrderDocument>([
      { $sample: { size: 6 * SAMPLES } },
      { $match: { 'order.patient.last_name': { $nin: [...LAST_NAMES] } } },
      { $limit: SAMPLES },
    ])
    .toArray();
  return found.map((order) => ({ ...order, others: found.slice(0, 10).map(({ _id }) => _id) }));
}

const COMMON = ['Smith', 'Johnson', 'Williams', 'Brown', 'Jones'];
const FIRST = ['James', 'Mary', 'Michael', 'Patricia', 'Robert'];
const one = (names: readonly string[], turn: number) => names[turn % names.length] as string;
/** Of what ten thousand orders have fewer than fifty of. */
const TEN: [string, string] = ['size', '10'];
const before = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();

/** All of them; a filter with several values that are found differently stands here several times. */
export function orderQueries(): OrderQuery[] {
  const always = (what: string, ...params: [string, string][]): OrderQuery => ({ what, params: () => params });
  return [
    always('no filter'),
    always('oldest first', ['order_direction', 'asc']),
    always('by patient_name', ['order_key', 'patient_name'], ['order_direction', 'asc']),
    always('by last_status', ['order_key', 'last_status']),
    always('page 50', ['page', '50']),
    always('start_date and end_date', ['start_date', before(110)], ['end_date', before(90)]),
    always('updated_start_date', ['updated_start_date', before(8)]),
    always('updated_end_date', ['updated_end_date', before(400)]),
    always('status, common', ['status', 'completed']),
    always('status, rare', ['status', 'sample_error']),
    always('status, three', ['status', 'sample_error'], ['status', 'cancelled'], ['status', 'ordered']),
    always('order_type', ['order_type', 'at_home_phlebotomy']),
    always('is_critical=true', ['is_critical', 'true']),
    always('is_critical=false', ['is_critical', 'false']),
    always('interpretation', ['interpretation', 'abnormal']),
    always('order_activation_types=current', ['order_activation_types', 'current']),
    always('order_activation_types=scheduled', ['order_activation_types', 'scheduled']),
    { what: 'user_id', params: ({ user_id }) => [['user_id', user_id]] },
    { what: 'order_ids, ten', params: ({ others }) => others.map((id) => ['order_ids', id]) },
    { what: 'order_transaction_id', params: ({ transaction_id }) => [['order_transaction_id', transaction_id]] },
    { what: 'patient_name, common', params: (_, turn) => [['patient_name', one(COMMON, turn)]] },
    { what: 'patient_name, rare', params: ({ order }) => [['patient_name', order.patient.last_name]] },
    {
      what: 'patient_name, two common words',
      params: (_, turn) => [['patient_name', `${one(FIRST, turn)} ${one(COMMON, turn)}`], TEN],
    },
    { what: 'shipping_recipient_name, common', params: (_, turn) => [['shipping_recipient_name', one(COMMON, turn)]] },
    {
      what: 'shipping_recipient_name, rare',
      params: ({ order }) => [['shipping_recipient_name', order.address.receiver_name]],
    },
    { what: 'search_input, common name', params: (_, turn) => [['search_input', one(COMMON, turn)]] },
    { what: 'search_input, rare name', params: ({ order }) => [['search_input', order.patient.last_name]] },
    {
      what: 'search_input, two common names',
      params: (_, turn) => [['search_input', `${one(FIRST, turn)} ${one(COMMON, turn)}`], TEN],
    },
    {
      what: 'search_input, beginnings of two names',
      params: (_, turn) => [['search_input', `${one(COMMON, turn).slice(0, 3)}, ${one(FIRST, turn)[0]}`], TEN],
    },
    {
      what: 'search_input, a common and a rare name',
      params: ({ order: { patient } }) => [['search_input', `${patient.first_name} ${patient.last_name}`]],
    },
    { what: 'search_input, birth date', params: ({ patient_dob }) => [['search_input', patient_dob]] },
    { what: 'search_input, year of birth', params: ({ patient_dob }) => [['search_input', patient_dob.slice(0, 4)]] },
    {
      what: 'search_input, name and birth date',
      params: ({ order: { patient } }) => [['search_input', `${patient.first_name} ${patient.dob}`]],
    },
    { what: 'search_input, order id', params: ({ _id }) => [['search_input', _id]] },
    { what: 'search_input, user id', params: ({ user_id }) => [['search_input', user_id]] },
    {
      what: 'search_input, requisition number',
      params: ({ placer_order_number }) => [['search_input', placer_order_number]],
    },
    { what: 'search_input, mail address', params: ({ order }) => [['search_input', order.patient.email]] },
    {
      what: 'search_input and status',
      params: (_, turn) => [['search_input', one(COMMON, turn)], ['status', 'cancelled'], TEN],
    },
  ];
}
