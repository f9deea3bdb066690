/** The Management API over HTTP: where a team wants its events told (contract §2.10, E4). */
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { ApiDeps } from '../../api/deps.ts';
import { createGuessLimit } from '../../api/http/doors/guess-limit.ts';
import { answerErrors, correlate, noSuchRoute } from '../../api/http/mount.ts';
import { managementRouter } from '../../api/management/router.ts';
import {
  createApiKey,
  createManagementKey,
  createTeam,
  ensureManagementKey,
  revokeApiKey,
} from '../../store/access/teams.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import type { Store } from '../../store/open.ts';
import { validSecrets } from '../../store/outbox/webhook-endpoints.ts';
import { isSigningSecret, newSigningSecret } from '../../webhooks/signature.ts';
import { freshStore } from '../support/running/fresh-store.ts';
import { commit, deliveriesOf, silent } from './scene.ts';

describe('the Management API', () => {
  let store: Store;
  let discard: () => Promise<void>;
  let team: TeamDocument;
  let production: TeamDocument;
  let key: string;
  const closing: (() => void)[] = [];
  const base = { strict: '', local: '' };

  beforeAll(async () => {
    ({ store, discard } = await freshStore());
    team = await createTeam(store, { name: 'Sandbox team', environment: 'sandbox' });
    production = await createTeam(store, { name: 'Production team', environment: 'production' });
    ({ key } = await createManagementKey(store, 'test'));
    for (const [name, allowPrivate] of [
      ['strict', false],
      ['local', true],
    ] as const) {
      const deps = { store, logger: silent } as unknown as ApiDeps;
      const app = express().use(
        correlate,
        managementRouter(deps, { allowPrivate }, createGuessLimit(store)),
        noSuchRoute,
        answerErrors(deps),
      );
      const server = app.listen(0, '127.0.0.1');
      await new Promise((listening) => server.once('listening', listening));
      base[name] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      closing.push(() => server.close());
    }
  });
  afterAll(async () => {
    for (const close of closing) close();
    await discard();
  });

  interface Call {
    method?: string;
    body?: unknown;
    managementKey?: string | null;
    rules?: keyof typeof base;
    of?: Pick<TeamDocument, '_id' | 'environment'>;
  }
  async function call(
    path: string,
    { method = 'GET', body, managementKey = key, rules = 'strict', of = team }: Call = {},
  ) {
    const response = await fetch(`${base[rules]}/v1/org/default/team/${of._id}/${of.environment}/webhook${path}`, {
      method,
      headers: { ...(managementKey && { 'x-management-key': managementKey }), 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : undefined };
  }
  const create = async (settings: Record<string, unknown> = {}) =>
    (await call('', { method: 'POST', body: { url: 'https://8.8.8.8/hook', ...settings } })).body;

  test('a key is needed, and a team’s API key is none', async () => {
    const { key: apiKey } = await createApiKey(store, team, 'test');
    const { key: revoked, document } = await createManagementKey(store, 'revoked');
    await revokeApiKey(store, document._id);
    for (const managementKey of [null, 'wrong', apiKey, revoked]) {
      expect(await call('', { managementKey })).toMatchObject({ status: 401, body: { error: 'unauthorized' } });
    }
  });

  test('the key that is given at the first start opens it; one that is given later does not', async () => {
    const { store: fresh, discard: away } = await freshStore();
    await ensureManagementKey(fresh, 'first-management-key');
    await ensureManagementKey(fresh, 'later-management-key');
    expect(await fresh.apiKeys.countDocuments()).toBe(1);
    await away();
  });

  test('an unknown team, organization or environment, and an endpoint of another team, are not found', async () => {
    const { id } = await create();
    const other = await createTeam(store, { name: 'Other', environment: 'sandbox' });
    expect((await call(`/${id}`)).status).toBe(200);
    expect((await call(`/${id}`, { of: other })).status).toBe(404);
    expect((await call('', { of: { _id: randomUUID(), environment: 'sandbox' } })).status).toBe(404);
    expect((await call('', { of: { _id: team._id, environment: 'production' } })).status).toBe(404);
    for (const [method, path] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['GET', '/headers'],
      ['GET', '/secret'],
      ['POST', '/secret/rotate'],
    ] as const) {
      const body = method === 'PATCH' ? { disabled: true } : {};
      expect((await call(`/${randomUUID()}${path}`, { method, ...(method !== 'GET' && { body }) })).status).toBe(404);
    }
    const elsewhere = await fetch(`${base.strict}/v1/org/other/team/${team._id}/sandbox/webhook`, {
      headers: { 'x-management-key': key },
    });
    expect(elsewhere.status).toBe(404);
  });

  test('an endpoint is created with what was said and with defaults for the rest', async () => {
    const made = await call('', { method: 'POST', body: { url: 'https://8.8.8.8/hook' } });
    expect(made.status).toBe(200);
    expect(made.body).toEqual({
      id: expect.any(String),
      url: 'https://8.8.8.8/hook',
      description: '',
      rate_limit: null,
      disabled: false,
      filter_types: null,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    const settings = { description: 'Main', rate_limit: 10, disabled: true, filter_types: ['labtest.order.created'] };
    const full = await create({ ...settings, secret: newSigningSecret() });
    expect(full).toMatchObject(settings);
    expect((await call(`/${full.id}`)).body).toEqual(full);
  });

  test('endpoints are listed page by page, oldest first', async () => {
    const of = await createTeam(store, { name: 'Lister', environment: 'sandbox' });
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      ids.push((await call('', { method: 'POST', of, body: { url: `https://8.8.8.8/${i}` } })).body.id);
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const { body }: { body: { data: { id: string }[]; next_cursor: string | null } } = await call(
        `?limit=2${cursor ? `&next_cursor=${cursor}` : ''}`,
        { of },
      );
      seen.push(...body.data.map(({ id }) => id));
      cursor = body.next_cursor;
    } while (cursor);
    expect(seen).toEqual(ids);
  });

  test('a change leaves what it does not name; null takes a limit or a filter away', async () => {
    const { id } = await create({ rate_limit: 10, filter_types: ['labtest.order.created'], description: 'Main' });
    const changed = await call(`/${id}`, { method: 'PATCH', body: { rate_limit: null, disabled: true } });
    expect(changed.body).toMatchObject({
      rate_limit: null,
      disabled: true,
      filter_types: ['labtest.order.created'],
      description: 'Main',
    });
    expect((await call(`/${id}`, { method: 'PATCH', body: { filter_types: null } })).body.filter_types).toBeNull();
  });

  test('a deleted endpoint is gone', async () => {
    const { id } = await create();
    expect((await call(`/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await call(`/${id}`)).status).toBe(404);
    expect((await call(`/${id}`, { method: 'DELETE' })).status).toBe(404);
  });

  test('headers are set and shown; those that make a webhook what it is cannot be', async () => {
    const { id } = await create();
    const headers = { authorization: 'Bearer x', 'x-tenant': 'blue' };
    expect((await call(`/${id}/headers`, { method: 'PUT', body: { headers } })).body).toEqual({ headers });
    expect((await call(`/${id}/headers`)).body).toEqual({ headers });
    for (const name of [
      'svix-id',
      'Svix-Signature',
      'content-type',
      'Content-Length',
      'host',
      'transfer-encoding',
      'connection',
      'bad name',
      '',
    ]) {
      const refused = await call(`/${id}/headers`, { method: 'PUT', body: { headers: { [name]: 'x' } } });
      expect(refused).toMatchObject({ status: 422, body: { error: 'validation_failed' } });
    }
    const injected = await call(`/${id}/headers`, { method: 'PUT', body: { headers: { 'x-a': 'b\r\nx-c: d' } } });
    expect(injected.status).toBe(422);
    expect((await call(`/${id}/headers`)).body).toEqual({ headers });
  });

  test('a secret is made or taken, shown, and rotated: the old one is valid for 24 hours more', async () => {
    const secret = newSigningSecret();
    const { id } = await create({ secret });
    expect((await call(`/${id}/secret`)).body).toEqual({ key: secret });
    const rotated = await call(`/${id}/secret/rotate`, { method: 'POST' });
    expect(rotated.status).toBe(200);
    expect(isSigningSecret(rotated.body.key)).toBe(true);
    expect((await call(`/${id}/secret`)).body).toEqual(rotated.body);

    const endpoint = await store.webhookEndpoints.findById(id).lean();
    expect(validSecrets(endpoint as never)).toEqual([rotated.body.key, secret]);
    const nextDay = (hours: number) => new Date(Date.now() + hours * 3_600_000);
    expect(validSecrets(endpoint as never, nextDay(23.9))).toHaveLength(2);
    expect(validSecrets(endpoint as never, nextDay(24.1))).toEqual([rotated.body.key]);

    const own = newSigningSecret();
    expect((await call(`/${id}/secret/rotate`, { method: 'POST', body: { secret: own } })).body).toEqual({ key: own });
  });

  test('a secret that was rotated away twice in a day is still valid for its 24 hours', async () => {
    const secret = newSigningSecret();
    const { id } = await create({ secret });
    for (let i = 0; i < 2; i++) await call(`/${id}/secret/rotate`, { method: 'POST' });
    const endpoint = await store.webhookEndpoints.findById(id).lean();
    expect(validSecrets(endpoint as never)).toHaveLength(3);
    expect(validSecrets(endpoint as never)).toContain(secret);
  });

  test('a cursor that no answer gave is refused', async () => {
    expect((await call('?next_cursor=somewhere')).status).toBe(422);
  });

  const short = `whsec_${Buffer.alloc(23).toString('base64')}`;
  const long = `whsec_${Buffer.alloc(76).toString('base64')}`;
  test.each([
    ['no url', {}, 'url'],
    ['a url that is none', { url: 'example.com/hook' }, 'url'],
    ['another scheme', { url: 'ftp://8.8.8.8/' }, 'url'],
    ['an unknown event', { url: 'https://8.8.8.8/', filter_types: ['labtest.order.eaten'] }, 'filter_types'],
    ['no events at all', { url: 'https://8.8.8.8/', filter_types: [] }, 'filter_types'],
    ['a limit of nothing', { url: 'https://8.8.8.8/', rate_limit: 0 }, 'rate_limit'],
    ['a secret of 23 bytes', { url: 'https://8.8.8.8/', secret: short }, 'secret'],
    ['a secret of 76 bytes', { url: 'https://8.8.8.8/', secret: long }, 'secret'],
    ['a secret without its prefix', { url: 'https://8.8.8.8/', secret: newSigningSecret().slice(6) }, 'secret'],
  ])('422 names the field, and nothing is created: %s', async (_, body, field) => {
    const before = await store.webhookEndpoints.countDocuments();
    const answer = await call('', { method: 'POST', body });
    expect(answer).toMatchObject({ status: 422, body: { error: 'validation_failed' } });
    expect(answer.body.detail[0].loc.slice(0, 2)).toEqual(['body', field]);
    expect(await store.webhookEndpoints.countDocuments()).toBe(before);
  });

  test('a body that is not JSON is refused', async () => {
    const response = await fetch(`${base.strict}/v1/org/default/team/${team._id}/sandbox/webhook`, {
      method: 'POST',
      headers: { 'x-management-key': key },
      body: '{',
    });
    expect(response.status).toBe(400);
  });

  test('a private destination is refused with the reason, unless this Venule allows it', async () => {
    for (const url of [
      'http://127.0.0.1:9/',
      'http://localhost:9/',
      'https://169.254.169.254/',
      'https://[::1]/',
      'http://2130706433/',
    ]) {
      const refused = await call('', { method: 'POST', body: { url } });
      expect(refused).toMatchObject({
        status: 422,
        body: { detail: [{ loc: ['body', 'url'], msg: expect.stringMatching(/private/) }] },
      });
      expect((await call('', { method: 'POST', body: { url }, rules: 'local' })).status).toBe(200);
    }
    const { id } = await create();
    expect((await call(`/${id}`, { method: 'PATCH', body: { url: 'http://10.0.0.1/' } })).status).toBe(422);
  });

  test('a production team is told over https only', async () => {
    const refused = await call('', { method: 'POST', body: { url: 'http://8.8.8.8/' }, of: production });
    expect(refused).toMatchObject({ status: 422, body: { detail: [{ msg: expect.stringMatching(/https/) }] } });
    expect((await call('', { method: 'POST', body: { url: 'https://8.8.8.8/' }, of: production })).status).toBe(200);
  });

  test('E4: what an endpoint missed is recovered since a time, page by page', async () => {
    const { id } = await create({ disabled: true });
    const missed = await commit(store, team._id, { created_at: new Date(Date.now() - 60_000), fanned_out: true });
    const since = new Date(Date.now() - 120_000).toISOString();
    const recover = (body: object, of: Call['of'] = team) =>
      call(`/${id}/recover`, { method: 'POST', body, ...(of && { of }) });
    expect(await recover({ since })).toMatchObject({ status: 200, body: { recovered: 1, next_cursor: null } });
    expect(await recover({ since })).toMatchObject({ status: 200, body: { recovered: 0, next_cursor: null } });
    expect(await deliveriesOf(store, missed._id)).toMatchObject([{ endpoint_id: id, state: 'pending' }]);
    expect(await recover({ since }, production)).toMatchObject({ status: 404 });
    for (const [wrong, field] of [
      [{}, 'since'],
      [{ since: 'yesterday' }, 'since'],
      [{ since: new Date(Date.now() - 61 * 24 * 3_600_000).toISOString() }, 'since'],
      [{ since, until: new Date(Date.now() - 180_000).toISOString() }, 'until'],
      [{ since, next_cursor: '1' }, 'next_cursor'],
    ] as const) {
      const { status, body } = await recover(wrong);
      expect([status, body.detail[0].loc]).toEqual([422, ['body', field]]);
    }
  });
});
