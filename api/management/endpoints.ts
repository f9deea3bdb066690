/** `/v1/org/{org}/team/{team}/{environment}/webhook`: where a team wants its events told. */
import type { z } from 'zod';
import type { TeamDocument } from '../../store/collections/access.ts';
import type { WebhookEndpointDocument } from '../../store/collections/outbox.ts';
import type { Store } from '../../store/open.ts';
import {
  createEndpoint,
  deleteEndpoint,
  findEndpoint,
  listEndpoints,
  rotateSecret,
  setEndpointHeaders,
  updateEndpoint,
  validSecrets,
} from '../../store/outbox/webhook-endpoints.ts';
import { recoverDeliveries } from '../../store/outbox/webhook-resend.ts';
import { type DestinationRules, refusalOfDestination } from '../../webhooks/destination.ts';
import { newSigningSecret, SECRET_OVERLAP_MS } from '../../webhooks/signature.ts';
import { defineEndpoint, type Endpoint, nothing, validationFailed } from '../http/endpoint.ts';
import { ApiError } from '../http/errors.ts';
import { readInstant } from '../orders/schemas.ts';
import {
  endpointChanges,
  endpointPageQuery,
  endpointPath,
  endpointsPath,
  newEndpoint,
  recovered,
  recovery,
  rotation,
  webhook,
  webhookHeaders,
  webhookPage,
  webhookSecret,
} from './schemas.ts';

const tag = 'Webhook endpoints';
const collection = '/v1/org/:org/team/:team/:environment/webhook';
const one = `${collection}/:id`;
const errors = ['not_found'] as const;

/** How many messages one request to recover looks at. */
const RECOVERED_AT_ONCE = 5_000;

function shown(endpoint: WebhookEndpointDocument): z.input<typeof webhook> {
  const { _id, url, description, rate_limit, disabled, filter_types, created_at, updated_at } = endpoint;
  return {
    id: _id,
    url,
    description,
    rate_limit,
    disabled,
    filter_types,
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString(),
  };
}

/** @throws ApiError `not_found`, for an endpoint of another team as well */
function found(endpoint: WebhookEndpointDocument | null, id: string): WebhookEndpointDocument {
  if (!endpoint) throw new ApiError('not_found', `There is no webhook endpoint ${id}.`);
  return endpoint;
}

async function endpointOf(store: Store, team: TeamDocument, id: string): Promise<WebhookEndpointDocument> {
  return found(await findEndpoint(store, team._id, id), id);
}

/**
 * The endpoints of the Management API. They are asked with `X-Management-Key`, and the team is in the path.
 * @param rules whether webhooks may go to private addresses
 */
export function managementEndpoints({ allowPrivate }: Pick<DestinationRules, 'allowPrivate'>): Endpoint[] {
  async function checkDestination(team: TeamDocument, url: string): Promise<void> {
    const refusal = await refusalOfDestination(url, { allowPrivate, httpsOnly: team.environment === 'production' });
    if (refusal) throw validationFailed([{ loc: ['body', 'url'], msg: refusal, type: 'destination_refused' }]);
  }

  return [
    defineEndpoint({
      method: 'get',
      path: collection,
      operationId: 'listWebhooks',
      tag,
      summary: 'List a team’s webhook endpoints, oldest first',
      request: { params: endpointsPath, query: endpointPageQuery },
      response: webhookPage,
      errors,
      async handler({ deps: { store }, team, query: { limit, next_cursor } }) {
        const page = { limit: limit + 1, ...(next_cursor !== undefined && { after: positionAt(next_cursor) }) };
        const endpoints = await listEndpoints(store, team._id, page);
        const shownOnes = endpoints.slice(0, limit);
        const last = shownOnes.at(-1);
        return { data: shownOnes.map(shown), next_cursor: endpoints.length > limit && last ? cursorAt(last) : null };
      },
    }),

    defineEndpoint({
      method: 'post',
      path: collection,
      operationId: 'createWebhook',
      tag,
      summary: 'Add a webhook endpoint',
      request: { params: endpointsPath, body: newEndpoint },
      response: webhook,
      errors,
      async handler({ deps: { store }, team, body: { secret, description, disabled, ...rest } }) {
        await checkDestination(team, rest.url);
        const settings = { ...rest, description: description ?? '', disabled: disabled ?? false };
        return shown(await createEndpoint(store, team._id, settings, secret ?? newSigningSecret()));
      },
    }),

    defineEndpoint({
      method: 'get',
      path: one,
      operationId: 'getWebhook',
      tag,
      summary: 'Get a webhook endpoint',
      request: { params: endpointPath },
      response: webhook,
      errors,
      async handler({ deps: { store }, team, params: { id } }) {
        return shown(await endpointOf(store, team, id));
      },
    }),

    defineEndpoint({
      method: 'patch',
      path: one,
      operationId: 'updateWebhook',
      tag,
      summary: 'Change a webhook endpoint; fields that are left out stay the same',
      description:
        'Enabling an endpoint that was disabled because of failures sends the webhooks that were waiting for it.',
      request: { params: endpointPath, body: endpointChanges },
      response: webhook,
      errors,
      async handler({ deps: { store }, team, params: { id }, body }) {
        await endpointOf(store, team, id);
        if (body.url !== undefined) await checkDestination(team, body.url);
        const changes = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
        return shown(found(await updateEndpoint(store, team._id, id, changes), id));
      },
    }),

    defineEndpoint({
      method: 'delete',
      path: one,
      operationId: 'deleteWebhook',
      tag,
      summary: 'Remove a webhook endpoint and drop the webhooks waiting for it',
      request: { params: endpointPath },
      response: nothing,
      errors,
      async handler({ deps: { store }, team, params: { id } }) {
        if (!(await deleteEndpoint(store, team._id, id))) found(null, id);
        return undefined;
      },
    }),

    defineEndpoint({
      method: 'post',
      path: `${one}/recover`,
      operationId: 'recoverWebhook',
      tag,
      summary: 'Send an endpoint the webhooks it missed since a given time',
      description:
        'Sends the webhooks from the time when the endpoint was disabled or did not exist yet, and those that were given up on; webhooks waiting for their next attempt are sent immediately. If the response has a `next_cursor`, there are more: call again with it. Repeating the call never sends a delivered webhook again.',
      request: { params: endpointPath, body: recovery },
      response: recovered,
      errors,
      async handler({ deps: { store }, team, params: { id }, body: { since, until, next_cursor } }) {
        const endpoint = await endpointOf(store, team, id);
        const time = { since: readInstant(since), until: until ? readInstant(until) : new Date() };
        const page = { limit: RECOVERED_AT_ONCE, ...(next_cursor && { after: positionAt(next_cursor) }) };
        const done = await recoverDeliveries(store, endpoint, time, page);
        return { recovered: done.recovered, next_cursor: done.next && cursorAt(done.next) };
      },
    }),

    defineEndpoint({
      method: 'get',
      path: `${one}/headers`,
      operationId: 'getWebhookHeaders',
      tag,
      summary: 'Get the headers sent with every webhook to this endpoint',
      request: { params: endpointPath },
      response: webhookHeaders,
      errors,
      async handler({ deps: { store }, team, params: { id } }) {
        return { headers: (await endpointOf(store, team, id)).headers };
      },
    }),

    defineEndpoint({
      method: 'put',
      path: `${one}/headers`,
      operationId: 'setWebhookHeaders',
      tag,
      summary: 'Replace all headers',
      request: { params: endpointPath, body: webhookHeaders },
      response: webhookHeaders,
      errors,
      async handler({ deps: { store }, team, params: { id }, body }) {
        return { headers: found(await setEndpointHeaders(store, team._id, id, body.headers), id).headers };
      },
    }),

    defineEndpoint({
      method: 'get',
      path: `${one}/secret`,
      operationId: 'getWebhookSecret',
      tag,
      summary: 'Get the secret that signs its webhooks',
      request: { params: endpointPath },
      response: webhookSecret,
      errors,
      async handler({ deps: { store }, team, params: { id } }) {
        return { key: currentSecret(await endpointOf(store, team, id)) };
      },
    }),

    defineEndpoint({
      method: 'post',
      path: `${one}/secret/rotate`,
      operationId: 'rotateWebhookSecret',
      tag,
      summary: 'Replace the secret; the old one also signs for another 24 hours',
      request: { params: endpointPath, body: rotation },
      response: webhookSecret,
      errors,
      async handler({ deps: { store }, team, params: { id }, body }) {
        const endpoint = await endpointOf(store, team, id);
        const secret = body?.secret ?? newSigningSecret();
        return { key: currentSecret(found(await rotateSecret(store, endpoint, secret, SECRET_OVERLAP_MS), id)) };
      },
    }),
  ];
}

/** Where a page ended: rows are in the order of their time, then of their id. */
type Position = { _id: string; created_at: Date };

const cursorAt = ({ created_at, _id }: Position) => `${created_at.getTime()}_${_id}`;

function positionAt(cursor: string): Position {
  const [time = '', id = ''] = cursor.split(/_(.*)/s);
  return { created_at: new Date(Number(time)), _id: id };
}

function currentSecret(endpoint: WebhookEndpointDocument): string {
  const [newest] = validSecrets(endpoint);
  if (newest === undefined) throw new Error(`Webhook endpoint ${endpoint._id} has no valid secret`);
  return newest;
}
