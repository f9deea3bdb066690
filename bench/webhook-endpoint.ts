/** Endpoints for webhooks, and an outbox that is empty to begin with. */
import { randomUUID } from 'node:crypto';
import { collectionOf } from '../store/collections/define.ts';
import type { Store } from '../store/open.ts';
import { newSigningSecret } from '../webhooks/signature.ts';

/** Adds an endpoint that wants every event of a team. @returns its id */
export async function addEndpoint(store: Store, teamId: string, url: string): Promise<string> {
  const _id = randomUUID();
  const now = new Date();
  await collectionOf(store.webhookEndpoints).insertOne({
    _id,
    team_id: teamId,
    url,
    description: '',
    rate_limit: null,
    disabled: false,
    filter_types: null,
    secrets: [{ key: newSigningSecret(), expires_at: null }],
    headers: {},
    failing_since: null,
    created_at: now,
    updated_at: now,
  });
  return _id;
}

/** What earlier measurements left in the outbox is sent to nobody. */
export async function forgetEarlierWebhooks(store: Store): Promise<void> {
  await collectionOf(store.webhookMessages).updateMany({ fanned_out: false }, { $set: { fanned_out: true } });
}
