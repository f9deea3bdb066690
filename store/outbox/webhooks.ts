/**
 * The outbox (E3, E4). A transition commits a message together with what it tells of; from here it is fanned out into
 * one delivery for each endpoint that wants it, and each delivery is claimed, attempted and recorded on its own.
 * Everything can be done twice, by several processes, without a message being lost.
 */
import { randomUUID } from 'node:crypto';
import type { ClientSession, mongo } from 'mongoose';
import type { Principal } from '../../domain/principal.ts';
import { collectionOf } from '../collections/define.ts';
import type {
  WebhookAttempt,
  WebhookDeliveryDocument,
  WebhookEndpointDocument,
  WebhookMessageDocument,
} from '../collections/outbox.ts';
import { updateTogether } from '../collections/together.ts';
import { insertMissing } from '../collections/write.ts';
import type { Store } from '../open.ts';
import { recordAudit } from '../orders/audit.ts';

/** As the audit names it. */
export const THE_DISPATCHER: Principal = { kind: 'system', id: 'webhook dispatcher' };
/** Long past: nobody holds the delivery. */
export const NO_LEASE = new Date(0);

/**
 * For steps that are simply done again when a crash undoes them, and that no later step relies on: they do not wait until
 * the disk has them. The worst is a message that is sent twice.
 */
export const UNCONFIRMED = { writeConcern: { w: 1 } } as const;

/** A message without the body that will be sent. */
export type MessageHead = Omit<WebhookMessageDocument, 'payload'>;

/** A delivery that is ours until its lease ends, with what has to be sent. */
export interface ClaimedDelivery {
  delivery: WebhookDeliveryDocument;
  message: WebhookMessageDocument;
}

/** A delivery that is due now. */
export function newDelivery(id: string, message: MessageHead, endpoint: WebhookEndpointDocument) {
  const now = new Date();
  const delivery: WebhookDeliveryDocument = {
    _id: id,
    message_id: message._id,
    endpoint_id: endpoint._id,
    team_id: message.team_id,
    state: 'pending',
    attempts: [],
    next_attempt_at: now,
    lease_until: NO_LEASE,
    created_at: now,
  };
  return delivery;
}

/** The id of the first delivery of a message to an endpoint. */
export const firstDeliveryId = (message: MessageHead, endpoint: WebhookEndpointDocument) =>
  `${message._id}:${endpoint._id}`;

/** The endpoints of these teams that are not disabled. */
export async function enabledEndpoints(store: Store, teamIds: string[]): Promise<WebhookEndpointDocument[]> {
  return collectionOf(store.webhookEndpoints)
    .find({ team_id: { $in: teamIds }, disabled: false })
    .toArray();
}

/** Whether an endpoint asked for a message. */
export function wants(endpoint: WebhookEndpointDocument, message: MessageHead): boolean {
  if (endpoint.team_id !== message.team_id) return false;
  return endpoint.filter_types === null || endpoint.filter_types.includes(message.event_type);
}

/** The first delivery of each message to each endpoint that wants it. */
export function newFirstDeliveries(messages: readonly MessageHead[], endpoints: readonly WebhookEndpointDocument[]) {
  return messages.flatMap((message) =>
    endpoints
      .filter((endpoint) => wants(endpoint, message))
      .map((endpoint) => newDelivery(firstDeliveryId(message, endpoint), message, endpoint)),
  );
}

/**
 * Makes the deliveries of the oldest messages that have none yet, for the endpoints that are enabled and want them.
 * A crash in the middle, or another process doing the same, changes nothing in the outcome.
 * @returns how many messages were taken; fewer than `limit` when none are left.
 */
export async function fanOut(store: Store, limit: number): Promise<number> {
  const messages = await collectionOf(store.webhookMessages)
    .find({ fanned_out: false })
    .sort({ created_at: 1 })
    .limit(limit)
    .toArray();
  if (messages.length === 0) return 0;
  const endpoints = await enabledEndpoints(store, [...new Set(messages.map(({ team_id }) => team_id))]);
  await insertMissing(store.webhookDeliveries, newFirstDeliveries(messages, endpoints));
  await collectionOf(store.webhookMessages).updateMany(
    { _id: { $in: messages.map(({ _id }) => _id) } },
    { $set: { fanned_out: true } },
    UNCONFIRMED,
  );
  return messages.length;
}

/** The enabled endpoints that have deliveries due and did not ask to be left alone for now. Deliveries to an endpoint that is no more are dropped. */
export async function endpointsWithDueDeliveries(
  store: Store,
  dueBy: Date = new Date(),
): Promise<WebhookEndpointDocument[]> {
  const ids = await collectionOf(store.webhookDeliveries).distinct('endpoint_id', {
    state: 'pending',
    next_attempt_at: { $lte: dueBy },
  });
  const endpoints = await collectionOf(store.webhookEndpoints)
    .find({ _id: { $in: ids } })
    .toArray();
  const gone = ids.filter((id) => !endpoints.some(({ _id }) => _id === id));
  if (gone.length > 0) {
    await collectionOf(store.webhookDeliveries).updateMany(
      { state: 'pending', endpoint_id: { $in: gone } },
      { $set: { state: 'dropped' } },
    );
  }
  const now = new Date();
  return endpoints.filter(({ disabled, rest_until }) => !disabled && !(rest_until && rest_until > now));
}

/**
 * Claims deliveries to one endpoint that are due, the longest waiting first.
 * @param limit how many at most
 * @param leaseMs for how long nobody else will touch them; longer than an attempt can take
 * @returns those that are ours now, and whether more may be due already
 */
export async function claimDue(
  store: Store,
  endpoint: WebhookEndpointDocument,
  limit: number,
  leaseMs: number,
): Promise<{ claimed: ClaimedDelivery[]; more: boolean }> {
  const now = new Date();
  const lease_until = new Date(now.getTime() + leaseMs);
  const due = await collectionOf(store.webhookDeliveries)
    .find({ state: 'pending', endpoint_id: endpoint._id, next_attempt_at: { $lte: now }, lease_until: { $lte: now } })
    .project<{ _id: string }>({ _id: 1 })
    .sort({ next_attempt_at: 1 })
    .limit(limit)
    .toArray();
  if (due.length === 0) return { claimed: [], more: false };
  const allowed = endpoint.rate_limit
    ? await takeRate(store, endpoint._id, endpoint.rate_limit, due.length)
    : due.length;
  const ids = { _id: { $in: due.slice(0, allowed).map(({ _id }) => _id) } };
  const claim = randomUUID();
  await collectionOf(store.webhookDeliveries).updateMany(
    { ...ids, state: 'pending', lease_until: { $lte: now } },
    { $set: { lease_until, claim } },
    UNCONFIRMED,
  );
  const deliveries = await collectionOf(store.webhookDeliveries)
    .find({ ...ids, claim })
    .toArray();
  const messages = await collectionOf(store.webhookMessages)
    .find({ _id: { $in: deliveries.map(({ message_id }) => message_id) } })
    .toArray();
  const messageOf = new Map(messages.map((message) => [message._id, message]));
  const claimed = deliveries.flatMap((delivery) => {
    const message = messageOf.get(delivery.message_id);
    return message ? [{ delivery, message }] : [];
  });
  return { claimed, more: due.length === limit && allowed === due.length };
}

/**
 * Takes up to `wanted` of the attempts that an endpoint's limit leaves in this second of the database's clock, which
 * all processes share.
 */
async function takeRate(store: Store, endpointId: string, perSecond: number, wanted: number): Promise<number> {
  const windows = store.connection.collection<{ _id: string; second: number; taken: number; granted: number }>(
    'webhook_rate_windows',
  );
  const second = { $floor: { $divide: [{ $toLong: '$$NOW' }, 1000] } };
  const takenBefore = { $cond: [{ $eq: ['$second', second] }, '$taken', 0] };
  const window = await windows.findOneAndUpdate(
    { _id: endpointId },
    [
      { $set: { granted: { $min: [wanted, { $subtract: [perSecond, takenBefore] }] }, taken: takenBefore, second } },
      { $set: { granted: { $max: ['$granted', 0] } } },
      { $set: { taken: { $add: ['$taken', '$granted'] } } },
    ],
    { upsert: true, returnDocument: 'after' },
  );
  return window?.granted ?? 0;
}

/** Gives a claimed delivery back untouched, for whoever comes next. */
export async function releaseDelivery(store: Store, { delivery }: ClaimedDelivery): Promise<void> {
  await collectionOf(store.webhookDeliveries).updateOne(
    { _id: delivery._id, lease_until: delivery.lease_until },
    { $set: { lease_until: NO_LEASE } },
  );
}

/**
 * Records an attempt and what follows from it: the delivery is done, waits for its next attempt, or is exhausted,
 * which is written to the audit as `message.attempt.exhausted`.
 * @param pauses milliseconds to wait after the first, second … failed attempt; when there is none left, it is exhausted
 * @returns `taken_over` when the attempt failed, the lease had ended, and the delivery was somebody else's: nothing was
 * recorded
 */
export async function recordAttempt(
  store: Store,
  { delivery, message }: ClaimedDelivery,
  attempt: WebhookAttempt,
  delivered: boolean,
  pauses: readonly number[],
): Promise<'delivered' | 'pending' | 'exhausted' | 'taken_over'> {
  const wait = pauses[delivery.attempts.length];
  const state = delivered ? 'delivered' : wait === undefined ? 'exhausted' : 'pending';
  const ours = { _id: delivery._id, state: 'pending', lease_until: delivery.lease_until } as const;
  const noted = {
    $push: { attempts: attempt },
    $set: { state, next_attempt_at: new Date(Date.now() + (wait ?? 0)), lease_until: NO_LEASE },
  } satisfies mongo.UpdateFilter<WebhookDeliveryDocument>;
  // The usual outcome: whoever took the delivery over will find that it was delivered twice, and nothing else.
  if (state === 'delivered') {
    await updateTogether(store.webhookDeliveries, ours, noted);
    return state;
  }
  const note = async (session?: ClientSession) => {
    const options = { ...(session && { session }) };
    const { modifiedCount } = await collectionOf(store.webhookDeliveries).updateOne(ours, noted, options);
    return modifiedCount === 1;
  };
  const exhausted = {
    by: THE_DISPATCHER,
    action: 'message.attempt.exhausted',
    team_id: delivery.team_id,
    order_id: message.order_id,
    detail: {
      delivery_id: delivery._id,
      message_id: message._id,
      endpoint_id: delivery.endpoint_id,
      attempts: delivery.attempts.length + 1,
    },
  };
  const isOurs =
    state === 'exhausted'
      ? await store.connection.transaction(async (session) => {
          const isNoted = await note(session);
          if (isNoted) await recordAudit(store, exhausted, session);
          return isNoted;
        })
      : await note();
  return isOurs ? state : 'taken_over';
}
