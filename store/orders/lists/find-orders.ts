/** Orders of every team, found by whatever an operator happens to know of one. */
import type { QueryFilter } from 'mongoose';
import type { OrderDocument } from '../../collections/orders.ts';
import type { Store } from '../../open.ts';
import { beginning, searchFilter } from './search-terms.ts';

/** A beginning this short fits too much to be worth reading. */
const SHORTEST = 3;

/**
 * Orders, newest first, of which this is known: what a search of the API finds (words of a name, birth date, requisition
 * and sample number, mail address, ids of order and user), the beginning of a transaction's or an appointment's id, or
 * the caller's own id of the user. Every way has an index.
 *
 * @param limit how many at most
 */
export async function findOrdersBy(store: Store, known: string, limit: number): Promise<OrderDocument[]> {
  const sought = known.trim();
  if (sought.length < SHORTEST) return [];
  const teams = (await store.teams.find().select({ _id: 1 }).lean()).map(({ _id }) => _id);
  const ofATeam = { team_id: { $in: teams } };
  const id = beginning(sought.toLowerCase());
  const [appointments, users] = await Promise.all([
    store.appointments.find({ _id: id }).select({ order_id: 1 }).limit(limit).lean(),
    store.users
      .find({ ...ofATeam, client_user_id: sought })
      .select({ _id: 1 })
      .limit(limit)
      .lean(),
  ]);
  const ways: QueryFilter<OrderDocument>[] = [
    { ...ofATeam, ...searchFilter(sought) },
    { _id: { $in: appointments.map(({ order_id }) => order_id) } },
    { transaction_id: id },
    { ...ofATeam, user_id: { $in: users.map(({ _id }) => _id) } },
  ];
  const found = await Promise.all(
    ways.map((way) => store.orders.find(way).sort({ created_at: -1 }).limit(limit).lean<OrderDocument[]>()),
  );
  const byId = new Map(found.flat().map((order) => [order._id, order]));
  return [...byId.values()].sort((one, other) => other.created_at.getTime() - one.created_at.getTime()).slice(0, limit);
}
