/** Where a team wants its events told. */
import { randomUUID } from 'node:crypto';
import { collectionOf } from '../collections/define.ts';
import type { WebhookEndpointDocument } from '../collections/outbox.ts';
import { insert } from '../collections/write.ts';
import type { Store } from '../open.ts';

/** What a caller says about an endpoint; the rest is ours to keep. */
export interface EndpointSettings {
  url: string;
  description: string;
  /** Attempts per second; null for no limit. */
  rate_limit: number | null;
  disabled: boolean;
  /** Event types it wants; null for all. */
  filter_types: string[] | null;
}

/** Adds an endpoint to a team. */
export async function createEndpoint(
  store: Store,
  teamId: string,
  settings: EndpointSettings,
  secret: string,
): Promise<WebhookEndpointDocument> {
  const now = new Date();
  const endpoint: WebhookEndpointDocument = {
    _id: randomUUID(),
    team_id: teamId,
    ...settings,
    secrets: [{ key: secret, expires_at: null }],
    headers: {},
    failing_since: null,
    created_at: now,
    updated_at: now,
  };
  await insert(store.webhookEndpoints, endpoint);
  return endpoint;
}

/**
 * A page of a team's endpoints, oldest first.
 * @param after where the page before ended
 */
export async function listEndpoints(
  store: Store,
  teamId: string,
  page: { after?: Pick<WebhookEndpointDocument, '_id' | 'created_at'>; limit: number },
): Promise<WebhookEndpointDocument[]> {
  const { after, limit } = page;
  const beyond = after && {
    $or: [{ created_at: { $gt: after.created_at } }, { created_at: after.created_at, _id: { $gt: after._id } }],
  };
  return collectionOf(store.webhookEndpoints)
    .find({ team_id: teamId, ...beyond })
    .sort({ created_at: 1, _id: 1 })
    .limit(limit)
    .toArray();
}

/** Every endpoint of every team, for the operator. */
export async function allEndpoints(store: Store): Promise<WebhookEndpointDocument[]> {
  return collectionOf(store.webhookEndpoints).find().sort({ team_id: 1, created_at: 1 }).toArray();
}

/** The team's endpoint with this id, or null. */
export async function findEndpoint(store: Store, teamId: string, id: string): Promise<WebhookEndpointDocument | null> {
  return collectionOf(store.webhookEndpoints).findOne({ _id: id, team_id: teamId });
}

/** Changes what is given. An endpoint that is switched on again, or moves, starts with a clean sheet; what waited for it is sent. */
export async function updateEndpoint(
  store: Store,
  teamId: string,
  id: string,
  changes: Partial<EndpointSettings>,
): Promise<WebhookEndpointDocument | null> {
  const cleanSheet =
    changes.disabled === false || changes.url !== undefined ? { failing_since: null, rest_until: null } : {};
  const switched = changes.disabled !== undefined && {
    disabled_at: changes.disabled ? new Date() : null,
    disabled_because: null,
  };
  return change(store, teamId, id, { ...changes, ...cleanSheet, ...switched });
}

/** Sets the headers that go with every webhook to this endpoint, in place of those before. */
export async function setEndpointHeaders(
  store: Store,
  teamId: string,
  id: string,
  headers: Record<string, string>,
): Promise<WebhookEndpointDocument | null> {
  return change(store, teamId, id, { headers });
}

/** Gives the endpoint a new secret; the one before it signs as well for `overlapMs` longer, and those before that until their time is over. */
export async function rotateSecret(
  store: Store,
  endpoint: WebhookEndpointDocument,
  secret: string,
  overlapMs: number,
): Promise<WebhookEndpointDocument | null> {
  const now = Date.now();
  const expiry = new Date(now + overlapMs);
  const older = endpoint.secrets
    .map(({ key, expires_at }) => ({ key, expires_at: expires_at ?? expiry }))
    .filter(({ key, expires_at }) => key !== secret && expires_at.getTime() > now);
  const secrets = [{ key: secret, expires_at: null }, ...older];
  return change(store, endpoint.team_id, endpoint._id, { secrets });
}

/** Takes the endpoint away; what was on its way to it is dropped. False when there is none. */
export async function deleteEndpoint(store: Store, teamId: string, id: string): Promise<boolean> {
  const { deletedCount } = await collectionOf(store.webhookEndpoints).deleteOne({ _id: id, team_id: teamId });
  return deletedCount === 1;
}

/** The secrets that sign now, newest first. */
export function validSecrets(endpoint: Pick<WebhookEndpointDocument, 'secrets'>, now = new Date()): string[] {
  return endpoint.secrets.filter(({ expires_at }) => !expires_at || expires_at > now).map(({ key }) => key);
}

async function change(
  store: Store,
  teamId: string,
  id: string,
  set: Partial<WebhookEndpointDocument>,
): Promise<WebhookEndpointDocument | null> {
  return collectionOf(store.webhookEndpoints).findOneAndUpdate(
    { _id: id, team_id: teamId },
    { $set: { ...set, updated_at: new Date() } },
    { returnDocument: 'after' },
  );
}
