/** E4: the outbox loses nothing, doubles nothing, and gives up on an endpoint only by its rules. */
import { randomUUID } from 'node:crypto';
import { collectionOf } from '../../store/collections/define.ts';
import type { WebhookDeliveryDocument, WebhookEndpointDocument } from '../../store/collections/outbox.ts';
import type { Store } from '../../store/open.ts';
import { updateEndpoint } from '../../store/outbox/webhook-endpoints.ts';
import { noteFailure, noteSuccess } from '../../store/outbox/webhook-health.ts';
import {
  RESENT_AT_MOST,
  recoverDeliveries,
  resendOrderEvents,
  TooManyOrders,
} from '../../store/outbox/webhook-resend.ts';
import { claimDue, fanOut, recordAttempt } from '../../store/outbox/webhooks.ts';
import { freshStore } from '../support/running/fresh-store.ts';
import { commit, deliveriesOf, endpointAt } from './scene.ts';

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;
const url = 'https://example.com/hook';

describe('the outbox', () => {
  let store: Store;
  let discard: () => Promise<void>;
  let team: string;

  beforeAll(async () => {
    ({ store, discard } = await freshStore());
  });
  beforeEach(() => {
    team = randomUUID();
  });
  afterAll(() => discard());

  async function order(teamId: string, updatedAt = new Date()): Promise<string> {
    const id = randomUUID();
    // Of an order, resending reads only whose it is and when it changed.
    const document = { _id: id, team_id: teamId, placer_order_number: id, updated_at: updatedAt };
    await collectionOf(store.orders).insertOne(document as never);
    return id;
  }

  test('E4: a message is fanned out once, however many do it and however often', async () => {
    const endpoints = [await endpointAt(store, team, url), await endpointAt(store, team, url)];
    const messages = await Promise.all(Array.from({ length: 30 }, () => commit(store, team)));
    await Promise.all([fanOut(store, 100), fanOut(store, 100), fanOut(store, 100)]);
    await collectionOf(store.webhookMessages).updateMany({}, { $set: { fanned_out: false } });
    await fanOut(store, 100);
    for (const { _id } of messages) expect(await deliveriesOf(store, _id)).toHaveLength(endpoints.length);
  });

  test('E4: a delivery is claimed by one only, and an attempt of one whose lease ended is not recorded', async () => {
    const endpoint = await endpointAt(store, team, url);
    const message = await commit(store, team);
    await fanOut(store, 100);
    const claims = await Promise.all(Array.from({ length: 5 }, () => claimDue(store, endpoint, 10, 1)));
    const [early] = claims.flatMap(({ claimed }) => claimed);
    let late = await claimDue(store, endpoint, 10, 60_000);
    while (late.claimed.length === 0) late = await claimDue(store, endpoint, 10, 60_000);

    const attempt = { at: new Date(), status_code: 200, error: null, duration_ms: 1 };
    await recordAttempt(store, early as never, attempt, true, []);
    expect(await recordAttempt(store, early as never, attempt, false, [1])).toBe('taken_over');
    expect(await deliveriesOf(store, message._id)).toMatchObject([{ state: 'pending', attempts: [] }]);
    expect(await recordAttempt(store, late.claimed[0] as never, attempt, true, [])).toBe('delivered');
    expect((await deliveriesOf(store, message._id))[0]?.attempts).toHaveLength(1);
  });

  describe('disabling an endpoint', () => {
    const start = new Date('2026-03-01T00:00:00Z');
    const at = (ms: number) => new Date(start.getTime() + ms);
    let endpoint: WebhookEndpointDocument;

    async function fail(ms: number): Promise<boolean> {
      const delivery: Partial<WebhookDeliveryDocument> & { _id: string } = {
        _id: randomUUID(),
        endpoint_id: endpoint._id,
        team_id: team,
        state: 'exhausted',
        attempts: [{ at: at(ms), status_code: 500, error: null, duration_ms: 1 }],
        created_at: at(ms),
      };
      await collectionOf(store.webhookDeliveries).insertOne(delivery as WebhookDeliveryDocument);
      return noteFailure(store, endpoint._id, { at: at(ms), statusCode: 500, retryAfterMs: null });
    }
    const current = async () =>
      (await collectionOf(store.webhookEndpoints).findOne({ _id: endpoint._id })) as WebhookEndpointDocument;

    beforeEach(async () => {
      endpoint = await endpointAt(store, team, url);
    });

    test('it is disabled after five days of nothing but failures', async () => {
      for (const hours of [0, 6, 13, 30, 60, 100, 119]) expect(await fail(hours * HOUR)).toBe(false);
      expect(await fail(5 * DAY)).toBe(true);
      expect((await current()).disabled).toBe(true);
      expect(await store.audit.countDocuments({ action: 'webhook.endpoint.disabled', team_id: team })).toBe(1);
    });

    test('one success starts the count anew', async () => {
      for (const hours of [0, 13, 100]) await fail(hours * HOUR);
      await noteSuccess(store, endpoint._id);
      expect(await fail(5 * DAY)).toBe(false);
      expect((await current()).disabled).toBe(false);
    });

    test('failures that lie days apart do not start the count', async () => {
      for (const days of [0, 3, 6, 9]) expect(await fail(days * DAY)).toBe(false);
      expect((await current()).failing_since).toEqual(at(9 * DAY));
    });

    test('E4: one that says it is gone (410) is disabled at once, unless it was changed meanwhile', async () => {
      const gone = (at: Date) => noteFailure(store, endpoint._id, { at, statusCode: 410, retryAfterMs: null });
      expect(await gone(new Date(endpoint.updated_at.getTime() - 1))).toBe(false);
      expect((await current()).disabled).toBe(false);
      expect(await gone(new Date(endpoint.updated_at.getTime() + 1))).toBe(true);
      expect(await current()).toMatchObject({ disabled: true, disabled_because: 'gone' });
      await updateEndpoint(store, team, endpoint._id, { disabled: false });
      expect(await current()).toMatchObject({ disabled: false, disabled_because: null, disabled_at: null });
    });

    test.each([
      [429, 30_000, 30_000],
      [503, 30_000, 30_000],
      [503, 9_999_999_999, HOUR],
      [503, 0, null],
      [500, 30_000, null],
    ])('E4: after a %d with Retry-After %d ms it is left alone for %p ms', async (statusCode, retryAfterMs, rest) => {
      const now = new Date();
      await noteFailure(store, endpoint._id, { at: now, statusCode, retryAfterMs });
      const { rest_until } = await current();
      expect(rest_until ? rest_until.getTime() - now.getTime() : null).toBe(rest);
    });

    test('failures within a few hours of each other do not start the count', async () => {
      for (const hours of [0, 1, 2, 11]) await fail(hours * HOUR);
      expect(await fail(6 * DAY)).toBe(false);
      expect((await current()).disabled).toBe(false);
    });
  });

  describe('resending', () => {
    test('E4: resending an order tells its latest status again, under the id it had', async () => {
      await endpointAt(store, team, url);
      const id = await order(team);
      const created = await commit(store, team, { order_id: id, event_number: 1, event_type: 'labtest.order.created' });
      const latest = await commit(store, team, { order_id: id, event_number: 3 });
      const critical = await commit(store, team, {
        order_id: id,
        event_number: 4,
        event_type: 'labtest.result.critical',
      });
      await fanOut(store, 100);

      expect(await resendOrderEvents(store, team, { order_ids: [id] })).toEqual([id]);
      const [first, again] = await deliveriesOf(store, latest._id);
      expect(again).toMatchObject({ state: 'pending', message_id: latest._id, attempts: [] });
      expect(again?._id.startsWith(`${first?._id}:`)).toBe(true);
      expect(await deliveriesOf(store, created._id)).toHaveLength(1);
      expect(await deliveriesOf(store, critical._id)).toHaveLength(1);
    });

    test('orders are chosen by id, by the time they changed, or both; never those of another team', async () => {
      await endpointAt(store, team, url);
      const old = await order(team, new Date('2026-01-01T00:00:00Z'));
      const recent = await order(team, new Date('2026-02-01T00:00:00Z'));
      const foreign = await order(randomUUID(), new Date('2026-02-01T00:00:00Z'));
      const untold = await order(team, new Date('2026-02-01T00:00:00Z'));
      for (const id of [old, recent, foreign]) await commit(store, team, { order_id: id, event_number: 1 });

      const resend = (choice: Parameters<typeof resendOrderEvents>[2]) => resendOrderEvents(store, team, choice);
      expect(await resend({ order_ids: [old, recent, foreign, untold, randomUUID()] })).toEqual([old, recent]);
      expect(await resend({ start_at: new Date('2026-01-15T00:00:00Z') })).toEqual([recent]);
      expect(
        await resend({ start_at: new Date('2025-12-15T00:00:00Z'), end_at: new Date('2026-01-15T00:00:00Z') }),
      ).toEqual([old]);
      expect(await resend({ order_ids: [recent], start_at: new Date('2026-02-02T00:00:00Z') })).toEqual([]);
    });

    test('E4: asked for by time, the same again tells nothing twice; by id it does', async () => {
      await endpointAt(store, team, url);
      const ids = [await order(team), await order(team)];
      const messages = await Promise.all(ids.map((id) => commit(store, team, { order_id: id, event_number: 1 })));
      await fanOut(store, 1000);
      const deliveries = async () =>
        (await Promise.all(messages.map(({ _id }) => deliveriesOf(store, _id)))).map(({ length }) => length);
      const lately = { start_at: new Date(Date.now() - HOUR) };
      const answers = await Promise.all([1, 2, 3].map(() => resendOrderEvents(store, team, lately)));
      for (const answer of answers) expect(answer.sort()).toEqual([...ids].sort());
      // One more where the five minutes changed in between is no harm.
      expect(Math.max(...(await deliveries()))).toBeLessThanOrEqual(3);
      const before = await deliveries();
      await resendOrderEvents(store, team, lately);
      expect(await deliveries()).toEqual(before);
      await resendOrderEvents(store, team, { order_ids: ids });
      expect(await deliveries()).toEqual(before.map((count) => count + 1));
    });

    test('E4: a time in which too many orders changed is refused, and nothing is told', async () => {
      await endpointAt(store, team, url);
      const when = new Date('2026-03-03T00:00:00Z');
      const crowd = Array.from({ length: RESENT_AT_MOST + 1 }, () => {
        const id = randomUUID();
        return { _id: id, team_id: team, placer_order_number: id, updated_at: when };
      });
      await collectionOf(store.orders).insertMany(crowd as never);
      const told = await commit(store, team, { order_id: crowd[0]?._id as string, event_number: 1 });
      await expect(resendOrderEvents(store, team, { start_at: when })).rejects.toThrow(TooManyOrders);
      expect(await deliveriesOf(store, told._id)).toHaveLength(0);
    });
  });

  describe('recovering', () => {
    const since = new Date('2026-04-01T00:00:00Z');
    const until = new Date('2026-04-02T00:00:00Z');
    const at = (hour: number) => new Date(since.getTime() + hour * HOUR);

    test('E4: what was told while an endpoint was disabled, or given up, is sent, once however often it is asked for', async () => {
      const endpoint = await endpointAt(store, team, url, { filter_types: ['labtest.order.updated'] });
      const taken = await commit(store, team, { created_at: at(1) });
      const givenUp = await commit(store, team, { created_at: at(2) });
      const waiting = await commit(store, team, { created_at: at(3) });
      await fanOut(store, 1000);
      const deliveries = collectionOf(store.webhookDeliveries);
      const change = (id: string, set: object) => deliveries.updateOne({ message_id: id }, { $set: set });
      await change(taken._id, { state: 'delivered' });
      await change(givenUp._id, { state: 'exhausted', attempts: [{ at: at(2) }] });
      await change(waiting._id, { next_attempt_at: new Date(Date.now() + DAY) });
      await updateEndpoint(store, team, endpoint._id, { disabled: true });
      const missed = await commit(store, team, { created_at: at(4) });
      const unwanted = await commit(store, team, { created_at: at(4), event_type: 'labtest.order.created' });
      const tooEarly = await commit(store, team, { created_at: at(-1) });
      const tooLate = await commit(store, team, { created_at: at(25) });
      await fanOut(store, 1000);

      const recover = () => recoverDeliveries(store, endpoint, { since, until }, { limit: 1000 });
      expect(await recover()).toEqual({ recovered: 3, next: null });
      expect(await recover()).toEqual({ recovered: 0, next: null });
      const now = Date.now();
      for (const { _id } of [givenUp, waiting, missed]) {
        const [delivery, ...others] = await deliveriesOf(store, _id);
        expect(others).toEqual([]);
        expect(delivery).toMatchObject({ state: 'pending', attempts: [] });
        expect(Number(delivery?.next_attempt_at)).toBeLessThanOrEqual(now);
      }
      expect((await deliveriesOf(store, taken._id)).map(({ state }) => state)).toEqual(['delivered']);
      for (const { _id } of [unwanted, tooEarly, tooLate]) expect(await deliveriesOf(store, _id)).toEqual([]);
    });

    test('E4: page by page, messages of one moment included', async () => {
      const endpoint = await endpointAt(store, team, url);
      await collectionOf(store.webhookMessages).updateMany({ fanned_out: false }, { $set: { fanned_out: true } });
      for (let n = 0; n < 7; n += 1) await commit(store, team, { created_at: at(5), fanned_out: true });
      const pages: number[] = [];
      let after: { _id: string; created_at: Date } | undefined;
      do {
        const page = await recoverDeliveries(store, endpoint, { since, until }, { limit: 3, ...(after && { after }) });
        pages.push(page.recovered);
        after = page.next ?? undefined;
      } while (after);
      expect(pages).toEqual([3, 3, 1]);
    });
  });
});
