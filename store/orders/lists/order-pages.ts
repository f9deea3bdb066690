/**
 * Pages of a list of orders, for any combination of conditions. MongoDB chooses an index by trying, and then keeps to it
 * for every search of the same shape; what is quick for a common name takes it minutes for a rare one. So, where it
 * matters, it is counted first what the fewest orders have (docs/decisions/0021).
 */
import { mongo, type QueryFilter } from 'mongoose';
import type { OrderDocument } from '../../collections/orders.ts';
import type { Store } from '../../open.ts';

/** Counting stops here, so that a list is as quick with a million orders as with ten thousand. */
const COUNTED_AT_MOST = 10_000;
/** So many orders are read and sorted for a page; of more, those of the page are looked for in the order of the list. */
const READ_AT_MOST = 2_000;
/** What no more orders have leads at once. */
const RARE = 200;
/** So many orders may be read only to be passed over. */
const PASSED_OVER_AT_MOST = 100;
/** How long counting may take where orders have to be read for it, in milliseconds. */
const COUNTING_MS = 50;

type Filter = QueryFilter<OrderDocument>;
type Index = Readonly<Record<string, 1 | -1>>;

/** The indexes that are named to MongoDB. */
export const ORDER_INDEXES = {
  newest: { team_id: 1, created_at: -1, _id: -1 },
  updated: { team_id: 1, updated_at: -1 },
  user: { team_id: 1, user_id: 1, created_at: -1, _id: -1 },
  status: { team_id: 1, last_status: 1, created_at: 1, _id: 1 },
  method: { team_id: 1, collection_method: 1, created_at: -1, _id: -1 },
  interpretation: { team_id: 1, interpretation: 1, created_at: -1, _id: -1 },
  activation: { team_id: 1, activate_by: 1, created_at: -1, _id: -1 },
  patientName: { team_id: 1, patient_name: 1, created_at: 1, _id: 1 },
  terms: { team_id: 1, search_terms: 1, created_at: -1, _id: -1 },
  transaction: { transaction_id: 1, created_at: 1 },
  id: { _id: 1 },
} as const satisfies Record<string, Index>;

/** What every order has that meets a condition, and the index that counts how many have it. */
export interface Lead {
  filter: Filter;
  index: Index;
}

/** One condition of a list. */
export interface Condition {
  filter: Filter;
  /** None where most orders meet it, or too few to be counted. */
  leads?: readonly Lead[];
  /** Whether orders that have the only lead meet the condition. */
  isLead?: boolean;
  /** How MongoDB gets at these orders when this is the only condition. */
  index?: Index;
  /** Of a condition that most orders meet, what the others have. */
  otherwise?: Lead;
}

/** A part of a list. */
export interface OrderPageRequest {
  teamId: string;
  conditions: readonly Condition[];
  sort: Record<string, 1 | -1>;
  skip: number;
  limit: number;
}

/** A part of a list, and how many orders the list has: null when they are too many, or take too long to be counted. */
export interface OrderPage {
  documents: OrderDocument[];
  total: number | null;
}

/** Reads a part of a list. */
export async function readOrderPage(store: Store, request: OrderPageRequest): Promise<OrderPage> {
  const { teamId, conditions } = request;
  const team: Filter = { team_id: teamId };
  const filter: Filter = { $and: [team, ...conditions.map((condition) => condition.filter)] };
  const [only] = conditions;
  const read = (chosen: Filter, hint?: Index) => readPart(store, request, chosen, hint);

  if (!only) return both(read(filter), count(store, team, COUNTED_AT_MOST, ORDER_INDEXES.newest));
  if (conditions.length === 1 && only.otherwise) return both(read(filter), countAllBut(store, team, only.otherwise));
  const byCreation = 'created_at' === Object.keys(request.sort)[0];
  if (conditions.length === 1 && only.index && byCreation) {
    return both(read(filter, only.index), count(store, filter, COUNTED_AT_MOST, only.index));
  }
  const leads = conditions.flatMap((condition) => condition.leads ?? []);
  const isLead = conditions.length === 1 && only.isLead === true;
  const best = await rarest(store, team, leads);
  const walk = () => read(filter, !byCreation || leads.some(isUnordered) ? walked(request.sort) : undefined);
  if (isLead && best) {
    // Terms are sorted by what their index holds, so that only the page's orders are read.
    const most = best.index === ORDER_INDEXES.terms && byCreation ? COUNTED_AT_MOST : READ_AT_MOST;
    const isFew = best.found <= most;
    return { documents: await (isFew ? read(filter, best.index) : walk()), total: atMost(best.found) };
  }
  if (!best || best.found > READ_AT_MOST) return both(walk(), countIfQuick(store, filter, best?.found));
  const led = await store.orders
    .find({ $and: [team, best.filter] }, { _id: 1 }, { hint: best.index })
    .lean<{ _id: string }[]>();
  const among: Filter = { $and: [{ _id: { $in: led.map(({ _id }) => _id) } }, filter] };
  const found = await store.orders
    .find(among, { _id: 1 }, { sort: request.sort, hint: ORDER_INDEXES.id })
    .lean<{ _id: string }[]>();
  const page = found.slice(request.skip, request.skip + request.limit);
  return { documents: await ordersOf(store, page), total: atMost(found.length) };
}

/** Of a page far on, first the ids: an index that has them has them without the orders that are passed over. */
async function readPart(
  store: Store,
  { sort, skip, limit }: OrderPageRequest,
  filter: Filter,
  hint: Index | undefined,
): Promise<OrderDocument[]> {
  const options = { sort, skip, limit, ...(hint && { hint }) };
  if (skip < PASSED_OVER_AT_MOST) return store.orders.find(filter, null, options).lean<OrderDocument[]>();
  return ordersOf(store, await store.orders.find(filter, { _id: 1 }, options).lean<{ _id: string }[]>());
}

/** Orders in the order of their ids here. */
async function ordersOf(store: Store, ids: readonly { _id: string }[]): Promise<OrderDocument[]> {
  const found = await store.orders.find({ _id: { $in: ids.map(({ _id }) => _id) } }).lean<OrderDocument[]>();
  const byId = new Map(found.map((order) => [order._id, order]));
  return ids.map(({ _id }) => byId.get(_id)).filter((order) => order !== undefined);
}

const both = async (documents: Promise<OrderDocument[]>, counted: Promise<number | null>): Promise<OrderPage> => {
  const [page, total] = await Promise.all([documents, counted]);
  return { documents: page, total: total === null ? null : atMost(total) };
};

const atMost = (counted: number) => (counted > COUNTED_AT_MOST ? null : counted);

/** Up to one more than `most`. */
const count = (store: Store, filter: Filter, most: number, hint?: Index): Promise<number> =>
  store.orders.countDocuments(filter, { limit: most + 1, ...(hint && { hint }) }).exec();

/** How many of a team's orders do not have what few have. */
async function countAllBut(store: Store, team: Filter, { filter, index }: Lead): Promise<number> {
  const others = await count(store, { $and: [team, filter] }, COUNTED_AT_MOST, index);
  return (await count(store, team, COUNTED_AT_MOST + others, ORDER_INDEXES.newest)) - others;
}

/**
 * Null when it takes too long.
 * @param most no more than so many
 */
async function countIfQuick(store: Store, filter: Filter, most = 0): Promise<number | null> {
  // So many mostly have the rest, too; and to find out, each would have to be read.
  if (most > COUNTED_AT_MOST) return null;
  const limits = { limit: COUNTED_AT_MOST + 1, maxTimeMS: COUNTING_MS };
  return store.orders
    .countDocuments(filter, limits)
    .exec()
    .catch((error: unknown) => {
      if (error instanceof mongo.MongoServerError && error.codeName === 'MaxTimeMSExpired') return null;
      throw error;
    });
}

/** The lead that the fewest orders have, and how many, up to one more than are counted. */
async function rarest(
  store: Store,
  team: Filter,
  leads: readonly Lead[],
): Promise<(Lead & { found: number }) | undefined> {
  const countUpTo = (most: number) =>
    Promise.all(
      leads.map(async (lead) => ({
        ...lead,
        found: await count(store, { $and: [team, lead.filter] }, most, lead.index),
      })),
    );
  // Where something is rare, what is common need not be counted.
  for (const most of [RARE, READ_AT_MOST, COUNTED_AT_MOST]) {
    const [best] = (await countUpTo(most)).sort((one, other) => one.found - other.found);
    if (!best || best.found <= most || most === COUNTED_AT_MOST) return best;
  }
  return undefined;
}

/** What MongoDB would try, and then keep to. */
const isUnordered = ({ index }: Lead) => index === ORDER_INDEXES.terms || index === ORDER_INDEXES.updated;

/** The index that has a list in its order. */
function walked(sort: Readonly<Record<string, 1 | -1>>): Index {
  if ('patient_name' in sort) return ORDER_INDEXES.patientName;
  return 'last_status' in sort ? ORDER_INDEXES.status : ORDER_INDEXES.newest;
}
