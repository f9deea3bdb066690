/** What need not be kept for ever: only what is settled goes, and only when somebody said how long it is kept. */
import { randomUUID } from 'node:crypto';
import { startRetention } from '../../dispatch/retention.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { LabMessageDocument } from '../../store/collections/inbox.ts';
import type { Store } from '../../store/open.ts';
import { latestOrderMessages } from '../../store/outbox/webhook-resend.ts';
import { claimDue, fanOut, recordAttempt } from '../../store/outbox/webhooks.ts';
import { forget, wouldForget } from '../../store/retention.ts';
import { freshStore } from '../support/running/fresh-store.ts';
import { until } from '../support/until.ts';
import { commit, deliveriesOf, endpointAt, silent } from '../webhooks/scene.ts';

const DAY = 24 * 3_600_000;
const ago = (days: number) => new Date(Date.now() - days * DAY);
const FOR_EVER = { webhooks: null, lab_texts: null, sms: null };

let store: Store;
let discard: () => Promise<void>;
beforeAll(async () => {
  ({ store, discard } = await freshStore());
});
afterEach(async () => {
  for (const collection of Object.values((await store.connection.db?.collections()) ?? []))
    await collection.deleteMany({});
});
afterAll(() => discard());

describe('webhooks', () => {
  const team = randomUUID();
  const retention = { ...FOR_EVER, webhooks: 90 };

  async function deliver(outcome: boolean): Promise<void> {
    const endpoints = await collectionOf(store.webhookEndpoints).find().toArray();
    for (const endpoint of endpoints) {
      const { claimed } = await claimDue(store, endpoint, 100, 60_000);
      const attempt = { at: new Date(), status_code: outcome ? 200 : 500, error: null, duration_ms: 1 };
      for (const delivery of claimed) await recordAttempt(store, delivery, attempt, outcome, []);
    }
  }
  const kept = async () =>
    (await collectionOf(store.webhookMessages).find().sort({ _id: 1 }).toArray()).map(({ _id }) => _id);

  test('E4: of several that were told of one event, the last stays, and is what is sent again', async () => {
    await endpointAt(store, team, 'https://example.com/a');
    const order_id = randomUUID();
    const at = (days: number) => ({ created_at: ago(days), order_id, event_number: 2 });
    const last = await commit(store, team, at(100));
    await commit(store, team, at(101));
    await fanOut(store, 100);
    await deliver(true);
    expect((await latestOrderMessages(store, [order_id])).map(({ _id }) => _id)).toEqual([last._id]);
    await forget(store, retention);
    expect(await kept()).toEqual([last._id]);
  });

  test('go when every endpoint took them, but never the latest of an order, nor what was not taken', async () => {
    await endpointAt(store, team, 'https://example.com/a');
    await endpointAt(store, team, 'https://example.com/b');
    const order_id = randomUUID();
    const at = (days: number, number: number) => ({ created_at: ago(days), order_id, event_number: number });
    const first = await commit(store, team, at(200, 1));
    const latest = await commit(store, team, at(199, 2));
    const critical = await commit(store, team, { ...at(198, 2), event_type: 'labtest.result.critical' });
    const young = await commit(store, team, { created_at: ago(89) });
    await fanOut(store, 100);
    await deliver(true);
    const refused = await commit(store, team, { created_at: ago(200) });
    await fanOut(store, 100);
    await deliver(false);
    const waiting = await commit(store, team, { created_at: ago(200) });
    await fanOut(store, 100);
    const nobodys = await commit(store, randomUUID(), { created_at: ago(200), fanned_out: true });

    expect(await wouldForget(store, retention)).toEqual({ webhooks: 2, lab_texts: 0, sms: 0 });
    expect(await kept()).toHaveLength(7);
    expect(await forget(store, FOR_EVER)).toEqual({ webhooks: 0, lab_texts: 0, sms: 0 });
    expect(await kept()).toHaveLength(7);

    expect(await forget(store, retention)).toEqual({ webhooks: 2, lab_texts: 0, sms: 0 });
    expect(await kept()).toEqual([latest, young, refused, waiting, nobodys].map(({ _id }) => _id).sort());
    for (const { _id } of [first, critical]) expect(await deliveriesOf(store, _id)).toEqual([]);
    expect(await deliveriesOf(store, latest._id)).toHaveLength(2);
    expect(await forget(store, retention)).toEqual({ webhooks: 0, lab_texts: 0, sms: 0 });
    expect(await store.audit.find({ action: 'retention.forgotten' }).lean()).toMatchObject([
      { by: { kind: 'system', id: 'retention' }, detail: { forgotten: { webhooks: 2 } } },
    ]);
  });

  test('go page by page, however many there are', async () => {
    await endpointAt(store, team, 'https://example.com/a');
    for (let n = 0; n < 450; n += 1) await commit(store, team, { created_at: ago(100) });
    while ((await fanOut(store, 200)) > 0);
    await collectionOf(store.webhookDeliveries).updateMany({}, { $set: { state: 'delivered' } });
    expect(await wouldForget(store, retention)).toMatchObject({ webhooks: 450 });
    expect(await forget(store, retention)).toMatchObject({ webhooks: 450 });
    expect(await store.webhookDeliveries.countDocuments()).toBe(0);
  });
});

describe('the text of laboratories’ messages', () => {
  const retention = { ...FOR_EVER, lab_texts: 365 };

  async function order(status: 'active' | 'completed' | 'cancelled'): Promise<string> {
    const [_id, transaction_id] = [randomUUID(), randomUUID()];
    await collectionOf(store.orders).insertOne({ _id, transaction_id, placer_order_number: _id } as never);
    await collectionOf(store.transactions).insertOne({ _id: transaction_id, status } as never);
    return _id;
  }
  /** A message with reports; the order and the state of each. */
  async function message(
    reports: [orderId: string | null, state: LabMessageDocument['state']][],
    { days = 400, refused = null as string | null } = {},
  ): Promise<string> {
    const hash = randomUUID();
    const text = { _id: hash, raw: 'MSH|^~\\&|…', refused, received_at: ago(days) };
    await collectionOf(store.labMessageTexts).insertOne(text as never);
    for (const [report_index, [order_id, state]] of reports.entries()) {
      const row = { _id: randomUUID(), content_hash: hash, control_id: hash, report_index, order_id, state };
      await collectionOf(store.labMessages).insertOne({
        ...row,
        report: { kept: true },
        received_at: ago(days),
      } as never);
    }
    return hash;
  }
  const kept = async () => (await collectionOf(store.labMessageTexts).find().toArray()).map(({ _id }) => _id).sort();

  test('goes once every order it reported on is over, with its redraw; the reports stay', async () => {
    const [over, cancelled, open] = [await order('completed'), await order('cancelled'), await order('active')];
    const settled = await message([
      [over, 'applied'],
      [cancelled, 'late'],
    ]);
    const refused = await message([], { refused: 'too many segments' });
    const closed = await message([[null, 'closed']]);
    const stays = [
      await message([[over, 'applied']], { days: 364 }),
      await message([[open, 'applied']]),
      await message([
        [over, 'applied'],
        [open, 'late'],
      ]),
      await message([[over, 'unmatched']]),
      await message([[null, 'unmatched']]),
      await message([[over, 'stored']]),
      await message([[over, 'delivered']]),
      await message([[open, 'closed']]),
      await message([]),
    ];
    expect(await wouldForget(store, retention)).toEqual({ webhooks: 0, lab_texts: 3, sms: 0 });
    expect(await kept()).toEqual([settled, refused, closed, ...stays].sort());
    expect(await forget(store, retention)).toEqual({ webhooks: 0, lab_texts: 3, sms: 0 });
    expect(await kept()).toEqual([...stays].sort());
    expect(await store.labMessages.countDocuments({ content_hash: settled, 'report.kept': true })).toBe(2);
  });

  test('stays while it is still to be read, whatever became of what was read of it', async () => {
    const unread = [await message([[await order('completed'), 'applied']]), await message([], { refused: 'unnamed' })];
    const texts = collectionOf(store.labMessageTexts);
    const to_read = { not_before: new Date(), attempts: 9, last_error: 'Not this time' };
    await texts.updateMany({}, { $set: { to_read } });
    expect(await forget(store, retention)).toMatchObject({ lab_texts: 0 });
    expect(await kept()).toEqual(unread.sort());
    await texts.updateMany({}, { $unset: { to_read: '' } });
    expect(await forget(store, retention)).toMatchObject({ lab_texts: 2 });
  });

  test('goes from reports that kept it themselves, by the same rule', async () => {
    const [over, open] = [await order('completed'), await order('active')];
    for (const order_id of [over, open]) {
      const row = { _id: randomUUID(), content_hash: randomUUID(), order_id, state: 'applied', raw: 'MSH|…' };
      await collectionOf(store.labMessages).insertOne({ ...row, control_id: row._id, received_at: ago(400) } as never);
    }
    expect(await wouldForget(store, retention)).toMatchObject({ lab_texts: 1 });
    expect(await forget(store, retention)).toMatchObject({ lab_texts: 1 });
    expect(await forget(store, retention)).toMatchObject({ lab_texts: 0 });
    const left = await collectionOf(store.labMessages)
      .find({ raw: { $exists: true } })
      .toArray();
    expect(left.map(({ order_id }) => order_id)).toEqual([open]);
  });
});

test('the text of an SMS goes; that it was sent stays, so that it is not sent again', async () => {
  const sms = (days: number) => ({ _id: randomUUID(), to: '+16025550143', text: 'Your visit', sent_at: ago(days) });
  const [old, young] = [sms(31), sms(29)];
  await collectionOf(store.sentMessages).insertMany([old, young]);
  const retention = { ...FOR_EVER, sms: 30 };
  expect(await wouldForget(store, retention)).toMatchObject({ sms: 1 });
  expect(await forget(store, retention)).toMatchObject({ sms: 1 });
  expect(await collectionOf(store.sentMessages).findOne({ _id: old._id })).toEqual({ ...old, text: '' });
  expect(await collectionOf(store.sentMessages).findOne({ _id: young._id })).toEqual(young);
});

test('a worker makes its rounds only where something is not kept for ever', async () => {
  const old = { _id: randomUUID(), to: '+16025550143', text: 'Your visit', sent_at: ago(31) };
  await collectionOf(store.sentMessages).insertOne(old);
  const keeping = startRetention({ store, retention: FOR_EVER, logger: silent, firstAfterMs: 0 });
  await keeping.stop();
  expect((await collectionOf(store.sentMessages).findOne({ _id: old._id }))?.text).toBe('Your visit');
  const forgetting = startRetention({ store, retention: { ...FOR_EVER, sms: 30 }, logger: silent, firstAfterMs: 0 });
  await until(async () => (await collectionOf(store.sentMessages).findOne({ _id: old._id }))?.text === '' || undefined);
  await forgetting.stop();
});
