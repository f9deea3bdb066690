/** What an endpoint's answers say about the endpoint: whether it is left alone for a while, or for good (E4). */
import { collectionOf } from '../collections/define.ts';
import type { WebhookEndpointDocument } from '../collections/outbox.ts';
import { updateTogether } from '../collections/together.ts';
import type { Store } from '../open.ts';
import { recordAudit } from '../orders/audit.ts';
import { THE_DISPATCHER } from './webhooks.ts';

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

/** For so long an endpoint is left alone at most, whatever its `Retry-After` says. */
const LONGEST_REST_MS = HOUR;

/** How an attempt failed. */
interface Failure {
  at: Date;
  /** Null when there was no answer. */
  statusCode: number | null;
  retryAfterMs: number | null;
}

/** Notes that an endpoint answered: its row of failures is over. */
export async function noteSuccess(store: Store, endpointId: string): Promise<void> {
  const failing = { _id: endpointId, failing_since: { $ne: null } };
  await updateTogether(store.webhookEndpoints, failing, { $set: { failing_since: null } });
}

/**
 * Notes that an endpoint failed. One that is gone (410) is disabled at once; one that is overloaded (429, 503) and says
 * for how long is left alone until then, for an hour at most; any is disabled after five days of nothing but failures.
 * The five days count from a failure that another one followed 12 to 24 hours later; a lone failure without such a
 * follower is forgotten.
 * @returns whether the endpoint was disabled now
 */
export async function noteFailure(store: Store, endpointId: string, failure: Failure): Promise<boolean> {
  const { at, statusCode, retryAfterMs } = failure;
  const endpoints = collectionOf(store.webhookEndpoints);
  // Who has changed the endpoint since means another one.
  if (statusCode === 410) return disable(store, 'gone', { _id: endpointId, updated_at: { $lte: at } });
  await endpoints.updateOne({ _id: endpointId, failing_since: null }, { $set: { failing_since: at } });
  if (retryAfterMs && (statusCode === 429 || statusCode === 503)) {
    const rest_until = new Date(at.getTime() + Math.min(retryAfterMs, LONGEST_REST_MS));
    await endpoints.updateOne({ _id: endpointId, updated_at: { $lte: at } }, { $max: { rest_until } });
  }
  const endpoint = await endpoints.findOne({ _id: endpointId, disabled: false });
  const since = endpoint?.failing_since;
  if (!endpoint || !since || at.getTime() - since.getTime() <= DAY) return false;
  const follower = { $gte: new Date(since.getTime() + 12 * HOUR), $lte: new Date(since.getTime() + DAY) };
  const followed = await collectionOf(store.webhookDeliveries).findOne(
    { endpoint_id: endpointId, created_at: { $lte: follower.$lte }, attempts: { $elemMatch: { at: follower } } },
    { projection: { _id: 1 } },
  );
  if (!followed) {
    await endpoints.updateOne({ _id: endpointId, failing_since: since }, { $set: { failing_since: at } });
    return false;
  }
  if (at.getTime() - since.getTime() < 5 * DAY) return false;
  return disable(store, 'failing', { _id: endpointId, failing_since: since });
}

async function disable(
  store: Store,
  because: 'gone' | 'failing',
  which: { _id: string; updated_at?: { $lte: Date }; failing_since?: Date },
): Promise<boolean> {
  const now = new Date();
  return store.connection.transaction(async (session) => {
    const before: WebhookEndpointDocument | null = await collectionOf(store.webhookEndpoints).findOneAndUpdate(
      { ...which, disabled: false },
      { $set: { disabled: true, disabled_because: because, disabled_at: now, updated_at: now } },
      { session },
    );
    if (!before) return false;
    const { _id, team_id, failing_since } = before;
    const detail = { endpoint_id: _id, because, failing_since };
    await recordAudit(store, { by: THE_DISPATCHER, action: 'webhook.endpoint.disabled', team_id, detail }, session);
    return true;
  });
}
