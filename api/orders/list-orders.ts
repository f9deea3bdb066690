/** `GET /v3/orders`: the filters of the contract, in the database's words; each has an index (§2.2). */
import type { QueryFilter } from 'mongoose';
import { todayIn } from '../../domain/calendar.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { pairsAreThere } from '../../store/migrations/0003-pairs-of-words.ts';
import type { Store } from '../../store/open.ts';
import {
  type Condition,
  type Lead,
  ORDER_INDEXES,
  type OrderPage,
  readOrderPage,
} from '../../store/orders/lists/order-pages.ts';
import { beginning, hasWord, leadsTo, searchedWords, wordsOf } from '../../store/orders/lists/search-terms.ts';
import { type OrderListQuery, readInstant } from './schemas.ts';

type Filter = QueryFilter<OrderDocument>;

/** One page of the team's orders, and how many there are: null when they are too many, or take too long, to be counted. */
export async function listOrders(store: Store, team: TeamDocument, query: OrderListQuery): Promise<OrderPage> {
  const direction = query.order_direction === 'asc' ? 1 : -1;
  return readOrderPage(store, {
    teamId: team._id,
    conditions: conditionsOf(team, query, await pairsAreThere(store)),
    // The id decides between orders of one moment, so that no page repeats or skips one.
    sort: { [query.order_key]: direction, created_at: direction, _id: direction },
    skip: (query.page - 1) * query.size,
    limit: query.size,
  });
}

/** @param paired whether every order is found by pairs of words, too */
function conditionsOf(team: TeamDocument, query: OrderListQuery, paired: boolean): Condition[] {
  const { status, order_type, interpretation, user_id, order_ids, order_transaction_id } = query;
  const found = [
    searched(query.search_input, paired),
    named('patient_names', query.patient_name, paired),
    named('recipient_names', query.shipping_recipient_name, paired),
    created(query),
    updated(query),
    status && onIndex({ last_status: { $in: status } }, ORDER_INDEXES.status),
    order_type && onIndex({ collection_method: { $in: order_type } }, ORDER_INDEXES.method),
    query.is_critical === true && CRITICAL,
    query.is_critical === false && {
      filter: { interpretation: { $ne: 'critical' } } as Filter,
      otherwise: CRITICAL.lead,
    },
    interpretation && onIndex({ interpretation }, ORDER_INDEXES.interpretation),
    query.order_activation_types && activation(query.order_activation_types, team),
    user_id && onIndex({ user_id }, ORDER_INDEXES.user),
    order_ids && onIndex({ _id: { $in: order_ids } }, ORDER_INDEXES.id),
    order_transaction_id && onIndex({ transaction_id: order_transaction_id }, ORDER_INDEXES.transaction),
  ];
  return found.filter((condition) => typeof condition === 'object');
}

/** A condition that an index answers, which has a list in its order where it is the only one. */
function onIndex(filter: Filter, index: Lead['index']): Condition & { lead: Lead } {
  const lead = { filter, index };
  return { filter, index, leads: [lead], lead };
}

const CRITICAL = onIndex({ interpretation: 'critical' }, ORDER_INDEXES.interpretation);

function searched(input: string | undefined, paired: boolean): Condition | undefined {
  const words = searchedWords(input ?? '');
  if (words.length === 0) return undefined;
  const filter: Filter = { $and: words.map(hasWord) };
  const leads = paired ? leadsTo(words) : words.map(hasWord);
  return { filter, leads: leads.map(byTerms), isLead: words.length === 1 };
}

/** What a patient or receiver is called, an order is found by, too: but for others' names, and in any order. */
function named(
  field: 'patient_names' | 'recipient_names',
  input: string | undefined,
  paired: boolean,
): Condition | undefined {
  const words = wordsOf(input ?? '');
  if (words.length === 0) return undefined;
  const filter: Filter = { $and: words.map((word) => ({ [field]: beginning(word) })) };
  return paired ? { filter, leads: leadsTo(searchedWords(input ?? '')).map(byTerms) } : { filter };
}

const byTerms = (filter: Filter): Lead => ({ filter, index: ORDER_INDEXES.terms });

function created({ start_date, end_date }: OrderListQuery): Condition | undefined {
  if (!start_date && !end_date) return undefined;
  return onIndex(
    { created_at: between(start_date && readInstant(start_date), end_date && endOfDay(end_date)) },
    ORDER_INDEXES.newest,
  );
}

function updated({ updated_start_date: start, updated_end_date: end }: OrderListQuery): Condition | undefined {
  if (!start && !end) return undefined;
  const until = end && readInstant(end);
  const filter: Filter = { updated_at: between(start && readInstant(start), until) };
  const lead = { filter, index: ORDER_INDEXES.updated };
  // What was last changed by then was created by then, which bounds a list that is sorted by creation.
  return { filter: until ? { ...filter, created_at: { $lte: until } } : filter, leads: [lead], isLead: true };
}

const between = (from: Date | '' | undefined, until: Date | '' | undefined) => ({
  ...(from && { $gte: from }),
  ...(until && { $lte: until }),
});

/** Both kinds together are every order. Today's orders are current (lifecycle §5). */
function activation(types: readonly ('current' | 'scheduled')[], team: TeamDocument): Condition | undefined {
  if (new Set(types).size !== 1) return undefined;
  const later = { $gt: todayIn(team.options.time_zone, new Date()) };
  const scheduled: Lead = { filter: { activate_by: later }, index: ORDER_INDEXES.activation };
  if (types.includes('scheduled')) return { filter: scheduled.filter, leads: [scheduled], isLead: true };
  return { filter: { activate_by: { $not: later } }, otherwise: scheduled };
}

const endOfDay = (iso: string) => readInstant(iso.includes('T') ? iso : `${iso}T23:59:59.999Z`);
