/** Telling again: the latest event of chosen orders, and everything that an endpoint missed (E4). */
import { ORDER_EVENT_TYPES } from '../../domain/webhook-events.ts';
import { collectionOf } from '../collections/define.ts';
import type { WebhookDeliveryDocument, WebhookEndpointDocument } from '../collections/outbox.ts';
import { insertMissing } from '../collections/write.ts';
import type { Store } from '../open.ts';
import { moveAllOutgoing } from './outgoing.ts';
import { enabledEndpoints, firstDeliveryId, type MessageHead, NO_LEASE, newDelivery, wants } from './webhooks.ts';

/** How many orders or messages are worked on at a time. */
const BATCH = 500;

/** How many orders one request may have told again. */
export const RESENT_AT_MOST = 5_000;

/** For so long a resend by time adds nothing to what one before it has put on its way, in milliseconds. */
const SAME_RESEND_MS = 5 * 60_000;

/** The time asked for holds more orders than are told again at once; nothing was. */
export class TooManyOrders extends Error {
  override name = 'TooManyOrders';
}

/** Orders by id, by the time of their latest change, or both; `end_at` is now unless given. */
export interface OrderChoice {
  order_ids?: readonly string[];
  start_at?: Date;
  end_at?: Date;
}

/**
 * Tells the latest event of the chosen orders that was told, which need not be their latest status, again to every
 * endpoint of the team that wants it: the same message, as it was. Orders of other teams, and orders that nothing was
 * ever told of, are left out. Asked for by time, doing so again within five minutes tells nothing twice, so that a
 * request that died can be repeated.
 * @returns the ids of the orders that were told again
 * @throws TooManyOrders when these are more than `RESENT_AT_MOST`
 */
export async function resendOrderEvents(store: Store, teamId: string, choice: OrderChoice): Promise<string[]> {
  const changed = { ...(choice.start_at && { $gte: choice.start_at }), ...(choice.end_at && { $lte: choice.end_at }) };
  const orders = await collectionOf(store.orders)
    .find({
      team_id: teamId,
      ...(choice.order_ids && { _id: { $in: [...choice.order_ids] } }),
      ...(Object.keys(changed).length > 0 && { updated_at: changed }),
    })
    .project<{ _id: string }>({ _id: 1 })
    .sort({ updated_at: 1 })
    .limit(RESENT_AT_MOST + 1)
    .toArray();
  if (orders.length > RESENT_AT_MOST) {
    throw new TooManyOrders(`More than ${RESENT_AT_MOST} orders changed in this time`);
  }
  const endpoints = await enabledEndpoints(store, [teamId]);
  const told: string[] = [];
  for (let from = 0; from < orders.length; from += BATCH) {
    const batch = orders.slice(from, from + BATCH).map(({ _id }) => _id);
    await moveAllOutgoing(store, { orders: batch });
    const latest = await latestOrderMessages(store, batch);
    const pairs = latest.flatMap((message) =>
      endpoints.filter((endpoint) => wants(endpoint, message)).map((endpoint) => ({ message, endpoint })),
    );
    await insertMissing(
      store.webhookDeliveries,
      choice.start_at ? await notResentLately(store, pairs) : pairs.map(resendNow),
    );
    const tellable = new Set(latest.map(({ order_id }) => order_id));
    told.push(...batch.filter((id) => tellable.has(id)));
  }
  return told;
}

interface Pair {
  message: MessageHead;
  endpoint: WebhookEndpointDocument;
}

const resendNow = ({ message, endpoint }: Pair) =>
  newDelivery(`${firstDeliveryId(message, endpoint)}:${Date.now()}`, message, endpoint);

/** Deliveries whose ids are those of the present five minutes, without what the five before them brought just now. */
async function notResentLately(store: Store, pairs: Pair[]): Promise<WebhookDeliveryDocument[]> {
  const now = Date.now();
  const window = Math.floor(now / SAME_RESEND_MS);
  const idIn = ({ message, endpoint }: Pair, number: number) => `${firstDeliveryId(message, endpoint)}:t${number}`;
  const lately = await collectionOf(store.webhookDeliveries)
    .find({
      _id: { $in: pairs.map((pair) => idIn(pair, window - 1)) },
      created_at: { $gt: new Date(now - SAME_RESEND_MS) },
    })
    .project<{ _id: string }>({ _id: 1 })
    .toArray();
  const isLate = new Set(lately.map(({ _id }) => _id));
  return pairs
    .filter((pair) => !isLate.has(idIn(pair, window - 1)))
    .map((pair) => newDelivery(idIn(pair, window), pair.message, pair.endpoint));
}

/** The latest that was told of each order's state, without its body; several may be told of one event. */
export async function latestOrderMessages(store: Store, orderIds: string[]): Promise<MessageHead[]> {
  return collectionOf(store.webhookMessages)
    .aggregate<MessageHead>([
      { $match: { order_id: { $in: orderIds }, event_type: { $in: ORDER_EVENT_TYPES } } },
      { $project: { payload: 0 } },
      { $sort: { order_id: 1, event_number: -1, created_at: -1 } },
      { $group: { _id: '$order_id', message: { $first: '$$ROOT' } } },
      { $replaceRoot: { newRoot: '$message' } },
    ])
    .toArray();
}

/** Where a page of messages ended. */
export type MessagePosition = Pick<MessageHead, '_id' | 'created_at'>;

/**
 * Sends an endpoint what it wants of a time and never took: what was told while it was disabled, what was given up, and
 * at once what waits for its next attempt. Doing it again changes nothing.
 * @param page where the page before ended, and how many messages are looked at
 * @returns how many deliveries are on their way by this, and where the next page begins; null after the last
 */
export async function recoverDeliveries(
  store: Store,
  endpoint: WebhookEndpointDocument,
  { since, until }: { since: Date; until: Date },
  page: { after?: MessagePosition; limit: number },
): Promise<{ recovered: number; next: MessagePosition | null }> {
  const { after, limit } = page;
  let recovered = 0;
  let last = after;
  if (!after) await moveAllOutgoing(store, { team: endpoint.team_id });
  for (let seen = 0; seen < limit; seen += BATCH) {
    const size = Math.min(BATCH, limit - seen);
    const messages = await messagesOf(store, endpoint.team_id, { since, until }, last, size);
    const wanted = messages.filter((message) => wants(endpoint, message));
    recovered += await insertMissing(
      store.webhookDeliveries,
      wanted.map((message) => newDelivery(firstDeliveryId(message, endpoint), message, endpoint)),
    );
    recovered += await sendNow(
      store,
      wanted.map((message) => firstDeliveryId(message, endpoint)),
    );
    if (messages.length < size) return { recovered, next: null };
    last = messages.at(-1);
  }
  return { recovered, next: last ? { _id: last._id, created_at: last.created_at } : null };
}

function messagesOf(
  store: Store,
  teamId: string,
  { since, until }: { since: Date; until: Date },
  after: MessagePosition | undefined,
  limit: number,
): Promise<MessageHead[]> {
  const within = { $gte: since, $lte: until };
  const beyond = after && {
    $or: [{ created_at: { $gt: after.created_at } }, { created_at: after.created_at, _id: { $gt: after._id } }],
  };
  return collectionOf(store.webhookMessages)
    .find({ team_id: teamId, created_at: within, ...beyond })
    .project<MessageHead>({ payload: 0 })
    .sort({ created_at: 1, _id: 1 })
    .limit(limit)
    .toArray();
}

/** What was given up begins again; what waits for its next attempt waits no longer. */
async function sendNow(store: Store, ids: string[]): Promise<number> {
  const now = new Date();
  const deliveries = collectionOf(store.webhookDeliveries);
  const [again, sooner] = await Promise.all([
    deliveries.updateMany(
      { _id: { $in: ids }, state: { $in: ['exhausted', 'dropped'] } },
      { $set: { state: 'pending', attempts: [], next_attempt_at: now, lease_until: NO_LEASE } },
    ),
    deliveries.updateMany(
      { _id: { $in: ids }, state: 'pending', next_attempt_at: { $gt: now }, lease_until: { $lte: now } },
      { $set: { next_attempt_at: now } },
    ),
  ]);
  return again.modifiedCount + sooner.modifiedCount;
}
