/** `GET /v3/orders`: the filters of the contract, in the database's words; each has an index (§2.2). */
import type { QueryFilter } from 'mongoose';
import { todayIn } from '../../domain/calendar.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import type { Store } from '../../store/open.ts';
import { beginning, searchFilter, wordsOf } from '../../store/orders/search-terms.ts';
import { type OrderListQuery, readInstant } from './schemas.ts';

/** Counting stops here, so that a list is as quick with a million orders as with ten thousand. */
const COUNTED_AT_MOST = 10_000;

type Filter = QueryFilter<OrderDocument>;

/** One page of the team's orders, and how many there are: null when they are too many to be counted. */
export async function listOrders(
  store: Store,
  team: TeamDocument,
  query: OrderListQuery,
): Promise<{ documents: OrderDocument[]; total: number | null }> {
  const filter: Filter = { $and: [{ team_id: team._id }, ...conditions(team, query)] };
  const direction = query.order_direction === 'asc' ? 1 : -1;
  // The id decides between orders of one moment, so that no page repeats or skips one.
  const sort: Record<string, 1 | -1> = { [query.order_key]: direction, created_at: direction, _id: direction };
  const [documents, counted] = await Promise.all([
    store.orders
      .find(filter)
      .sort(sort)
      .skip((query.page - 1) * query.size)
      .limit(query.size)
      .lean<OrderDocument[]>(),
    store.orders.countDocuments(filter, { limit: COUNTED_AT_MOST + 1 }),
  ]);
  return { documents, total: counted > COUNTED_AT_MOST ? null : counted };
}

function conditions(team: TeamDocument, query: OrderListQuery): Filter[] {
  const found: Filter[] = [];
  if (query.search_input) found.push(searchFilter(query.search_input));
  if (query.start_date) found.push({ created_at: { $gte: readInstant(query.start_date) } });
  if (query.end_date) found.push({ created_at: { $lte: endOfDay(query.end_date) } });
  if (query.updated_start_date) found.push({ updated_at: { $gte: readInstant(query.updated_start_date) } });
  if (query.updated_end_date) {
    // What was last changed by then was created by then, which bounds a list that is sorted by creation.
    const end = { $lte: readInstant(query.updated_end_date) };
    found.push({ updated_at: end, created_at: end });
  }
  if (query.status) found.push({ last_status: { $in: query.status } });
  if (query.order_type) found.push({ collection_method: { $in: query.order_type } });
  if (query.is_critical === true) found.push({ interpretation: 'critical' });
  if (query.is_critical === false) found.push({ interpretation: { $ne: 'critical' } });
  if (query.interpretation) found.push({ interpretation: query.interpretation });
  if (query.order_activation_types) found.push(activation(query.order_activation_types, team));
  if (query.user_id) found.push({ user_id: query.user_id });
  for (const word of wordsOf(query.patient_name ?? '')) found.push({ patient_names: beginning(word) });
  for (const word of wordsOf(query.shipping_recipient_name ?? '')) found.push({ recipient_names: beginning(word) });
  if (query.order_ids) found.push({ _id: { $in: query.order_ids } });
  if (query.order_transaction_id) found.push({ transaction_id: query.order_transaction_id });
  return found;
}

/** Both kinds together are every order. Today's orders are current (lifecycle §5). */
function activation(types: readonly ('current' | 'scheduled')[], team: TeamDocument): Filter {
  if (new Set(types).size > 1) return {};
  const today = todayIn(team.options.time_zone, new Date());
  if (types.includes('scheduled')) return { activate_by: { $gt: today } };
  return { $or: [{ activate_by: null }, { activate_by: { $lte: today } }] };
}

const endOfDay = (iso: string) => readInstant(iso.includes('T') ? iso : `${iso}T23:59:59.999Z`);
