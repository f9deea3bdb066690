/**
 * From the orders to where it is read: webhooks and audit entries travel in the document of the order they are about, in
 * the one write that makes them true, and are moved from there in batches. Whoever reads either for certain orders has
 * them moved first, so nobody has to look in two places.
 *
 * Moving is safe to repeat, to interrupt anywhere, and to do in several processes: what is inserted has the id that it
 * will always have, and a row leaves its order only when that is on the disk, and only if the order has no other rows
 * than those seen. A database that is killed in between forgets what is not on the disk, and the driver would still carry
 * out the next step on the one that starts again.
 */
import { collectionOf } from '../collections/define.ts';
import type { OrderDocument } from '../collections/orders.ts';
import { insertMissing } from '../collections/write.ts';
import type { Store } from '../open.ts';
import type { Changes } from '../watch.ts';
import { enabledEndpoints, newFirstDeliveries, UNCONFIRMED } from './webhooks.ts';

/** The changes by which something comes to wait in an order, as change events of MongoDB have them. */
export const OUTGOING: Changes = {
  'ns.coll': 'orders',
  $or: [
    { 'fullDocument.outgoing_at': { $type: 'date' } },
    { 'updateDescription.updatedFields.outgoing_at': { $type: 'date' } },
  ],
};

/** How many orders are moved from at once. */
const BATCH = 200;

/**
 * Moves what waits in orders: webhooks with a delivery for each endpoint that wants them, and audit entries.
 * @param which of these orders only, or of one team's
 * @returns how many orders were moved from; fewer than `limit` when none are left
 * @throws Error when something could not be moved, after everything else was; it stays where it is
 */
export async function moveOutgoing(
  store: Store,
  which: { orders?: readonly string[]; team?: string } = {},
  limit = BATCH,
): Promise<number> {
  const orders = await collectionOf(store.orders)
    .find({
      outgoing_at: { $gt: new Date(0) },
      ...(which.orders && { _id: { $in: [...which.orders] } }),
      ...(which.team && { team_id: which.team }),
    })
    .project<Pick<OrderDocument, '_id' | 'outgoing'>>({ outgoing: 1 })
    // Certain orders are few, and all of them are moved: sorting them would only cost.
    .sort(which.orders ? {} : { outgoing_at: 1 })
    .limit(limit)
    .toArray();
  try {
    await moveFrom(store, orders);
  } catch (error) {
    // One that cannot be moved holds up no other.
    if (orders.length > 1) await Promise.allSettled(orders.map((order) => moveFrom(store, [order])));
    throw error;
  }
  return orders.length;
}

async function moveFrom(store: Store, orders: readonly Pick<OrderDocument, '_id' | 'outgoing'>[]): Promise<void> {
  const rows = orders.flatMap(({ outgoing = [] }) => outgoing);
  if (rows.length === 0) return;
  const webhooks = rows.flatMap((row) => row.webhooks.map((message) => ({ ...message, fanned_out: true })));
  const endpoints = await enabledEndpoints(store, [...new Set(webhooks.map(({ team_id }) => team_id))]);
  await Promise.all([
    insertMissing(store.webhookMessages, webhooks),
    insertMissing(
      store.audit,
      rows.flatMap((row) => row.audit),
    ),
  ]);
  await insertMissing(store.webhookDeliveries, newFirstDeliveries(webhooks, endpoints));
  await collectionOf(store.orders).bulkWrite(
    orders.map(({ _id, outgoing = [] }) => ({
      updateOne: {
        // Rows are added at the end and leave all at once: as many, with the same last one, are the same.
        filter: { _id, outgoing: { $size: outgoing.length }, 'outgoing.id': outgoing.at(-1)?.id as string },
        update: { $unset: { outgoing: '', outgoing_at: '' } },
      },
    })),
    { ordered: false, ...UNCONFIRMED },
  );
}

/** Moves everything that waits now in these orders, or in those of a team. */
export async function moveAllOutgoing(
  store: Store,
  which: { orders: readonly string[] } | { team: string },
): Promise<void> {
  while ((await moveOutgoing(store, which)) === BATCH);
}
