/** E4: the outbox loses nothing, doubles nothing, and gives up on an endpoint only by its rules. */
import { randomUUID } from 'node:crypto';
import type { WebhookDeliveryDocument, WebhookEndpointDocument } from '../../store/documents.ts';
import { rows, type Store } from '../../store/store.ts';
import { claimDue, fanOut, noteFailure, noteSuccess, recordAttempt, resendOrderEvents } from '../../store/webhooks.ts';
import { commit, deliveriesOf, endpointAt, freshStore } from './scene.ts';

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
    await rows(store.orders).insertOne(document as never);
    return id;
  }

  test('E4: a message is fanned out once, however many do it and however often', async () => {
    const endpoints = [await endpointAt(store, team, url), await endpointAt(store, team, url)];
    const messages = await Promise.all(Array.from({ length: 30 }, () => commit(store, team)));
    await Promise.all([fanOut(store, 100), fanOut(store, 100), fanOut(store, 100)]);
    await rows(store.webhookMessages).updateMany({}, { $set: { fanned_out: false } });
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
    expect(await recordAttempt(store, early as never, attempt, true, [])).toBe('taken_over');
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
      await rows(store.webhookDeliveries).insertOne(delivery as WebhookDeliveryDocument);
      return noteFailure(store, endpoint._id, at(ms));
    }
    const current = async () =>
      (await rows(store.webhookEndpoints).findOne({ _id: endpoint._id })) as WebhookEndpointDocument;

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
  });
});
