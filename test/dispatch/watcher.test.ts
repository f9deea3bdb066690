/** G9: what is silent or waits is told once, in the log and by mail, and once more when it is over; what is as it should be is not. */
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type Logger, pino } from 'pino';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { startWatcher } from '../../dispatch/watcher.ts';
import { type AlertLimits, DEFAULT_ALERT_LIMITS } from '../../domain/alerts.ts';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';
import { createMailer, type Mailer } from '../../notifications/mailer.ts';
import { operatorMail } from '../../notifications/operator-mail.ts';
import { survey } from '../../store/alerts/survey.ts';
import type { Catalogue } from '../../store/catalogue/catalogue.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { LabMessageDocument, PhlebotomyEventDocument } from '../../store/collections/inbox.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import type { Store } from '../../store/open.ts';
import { orderDocument } from '../../store/orders/order-document.ts';
import { reportOf, testOf } from '../support/partners/lab-report.ts';
import { freshCatalogue } from '../support/running/fresh-store.ts';
import { anOrder } from '../support/running/in-process-venule.ts';
import { until } from '../support/until.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ago = (ms: number) => new Date(Date.now() - ms);
const OPERATOR = 'operations@example.com';

let store: Store;
let catalogue: Catalogue;
let discard: () => Promise<void>;
const mails: Email[] = [];
let smtp: SMTPServer;
let mailer: Mailer;
beforeAll(async () => {
  ({ store, catalogue, discard } = await freshCatalogue());
  smtp = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onData(stream, _session, callback) {
      buffer(stream)
        .then((raw) => PostalMime.parse(raw))
        .then((mail) => {
          mails.push(mail);
          callback();
        }, callback);
    },
  });
  await new Promise<void>((resolve) => void smtp.listen(0, '127.0.0.1', resolve));
  const { port } = smtp.server.address() as AddressInfo;
  mailer = createMailer({ smtpUrl: `smtp://127.0.0.1:${port}`, from: 'Venule <no-reply@venule.example>' });
  await collectionOf(store.labConnections).insertMany(
    ['quest', 'labcorp'].map(
      (lab_slug) => ({ _id: `${lab_slug}:production`, lab_slug, environment: 'production' }) as never,
    ),
  );
});
beforeEach(async () => {
  mails.length = 0;
  for (const model of [
    store.orders,
    store.labMessages,
    store.labMessageTexts,
    store.labReadings,
    store.phlebotomyEvents,
    store.unreadableEvents,
    store.webhookMessages,
    store.matters,
    store.leases,
  ])
    await model.collection.deleteMany({});
});
afterAll(async () => {
  mailer.close();
  await new Promise<void>((resolve) => smtp.close(() => resolve()));
  await discard();
});

/** An order of production that has been in a status for so long. */
async function orderThatIs(
  last_status: OrderLowLevelStatus,
  since: Date,
  changes: { activate_at?: string; sandbox?: boolean; labTest?: string; created_at?: Date } = {},
): Promise<string> {
  const order = anOrder(catalogue, randomUUID(), {
    labTest: changes.labTest ?? 'labcorp-lipid-panel',
    activate_at: changes.activate_at ?? null,
    options: { sandbox: changes.sandbox ?? false },
  });
  const { created_at = since } = changes;
  const document: OrderDocument = { ...orderDocument(order), last_status, created_at, updated_at: since };
  await collectionOf(store.orders).insertOne(document);
  return order.id;
}
async function messageFrom(lab_slug: string, received_at: Date, refused: string | null = null): Promise<void> {
  await collectionOf(store.labMessageTexts).insertOne({
    _id: randomUUID(),
    lab_slug,
    environment: 'production',
    raw: 'MSH',
    refused,
    received_at,
  });
}
async function report(changes: Partial<LabMessageDocument>): Promise<string> {
  const _id = randomUUID();
  await collectionOf(store.labMessages).insertOne({
    _id,
    lab_slug: 'labcorp',
    control_id: _id,
    content_hash: _id,
    report_index: 0,
    report: reportOf([]),
    state: 'stored',
    order_id: null,
    team_id: null,
    event_number: null,
    unmatched_reason: null,
    lease_until: new Date(0),
    attempts: 0,
    last_error: null,
    received_at: new Date(),
    ...changes,
  });
  return _id;
}
const found = async (limits: Partial<AlertLimits> = {}) =>
  (await survey(store, { ...DEFAULT_ALERT_LIMITS, ...limits })).map(({ kind, lab_slug, count, ids }) => ({
    kind,
    lab_slug,
    count,
    ids,
  }));

describe('a laboratory without results', () => {
  test('is silent while orders wait for it that long', async () => {
    const id = await orderThatIs('requisition_created', ago(80 * HOUR));
    expect(await found()).toEqual([{ kind: 'lab_silent', lab_slug: 'labcorp', count: 1, ids: [id] }]);
    await messageFrom('labcorp', ago(90 * HOUR));
    expect(await found()).toHaveLength(1);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['nothing waits for it', async () => orderThatIs('completed', ago(80 * HOUR))],
    ['what waits is younger', async () => orderThatIs('requisition_created', ago(70 * HOUR))],
    [
      'nothing was drawn yet',
      async () => orderThatIs('appointment_scheduled', ago(80 * HOUR), { labTest: 'labcorp-lipid-panel-at-home' }),
    ],
    ['only the sandbox waits', async () => orderThatIs('requisition_created', ago(80 * HOUR), { sandbox: true })],
    [
      'it has sent something meanwhile',
      async () => {
        await orderThatIs('requisition_created', ago(80 * HOUR));
        await messageFrom('labcorp', ago(2 * HOUR));
      },
    ],
  ])('is not while %s', async (_what, scene) => {
    await scene();
    expect(await found()).toEqual([]);
  });

  test('is by its own measure where it has one, and never where that is said; what was refused is no result', async () => {
    await orderThatIs('requisition_created', ago(80 * HOUR));
    await messageFrom('labcorp', ago(30 * HOUR), 'not HL7');
    const hours = (labcorp: number | null) => ({ lab_silent_hours: { default: 1, labs: { labcorp } } });
    expect(await found(hours(100))).toEqual([]);
    expect(await found(hours(null))).toEqual([]);
    expect(await found(hours(48))).toHaveLength(1);
  });
});

describe('an order without an acknowledgment', () => {
  test('is a matter after half an hour, or half an hour after its day began', async () => {
    const at_once = await orderThatIs('ordered', ago(31 * MINUTE));
    const scheduled = await orderThatIs('ordered', ago(9 * DAY), { activate_at: ago(31 * MINUTE).toISOString() });
    expect(await found()).toEqual([
      { kind: 'unacknowledged', lab_slug: 'labcorp', count: 2, ids: [at_once, scheduled] },
    ]);
  });

  test('is none before, nor while its day is to come', async () => {
    await orderThatIs('ordered', ago(29 * MINUTE));
    await orderThatIs('ordered', ago(9 * DAY), { activate_at: ago(-DAY).toISOString() });
    await orderThatIs('ordered', ago(9 * DAY), { activate_at: ago(29 * MINUTE).toISOString() });
    expect(await found()).toEqual([]);
  });
});

test('reports that wait for their journey, and for a person, by their age', async () => {
  await report({ received_at: ago(14 * MINUTE) });
  await report({ state: 'unmatched', received_at: ago(23 * HOUR) });
  await report({ state: 'applied', received_at: ago(DAY) });
  expect(await found()).toEqual([]);
  const waits = await report({ received_at: ago(16 * MINUTE) });
  const unmatched = await report({ state: 'unmatched', received_at: ago(25 * HOUR) });
  const held = await report({
    state: 'applied',
    received_at: ago(25 * HOUR),
    to_review: [{ test: 'A', because: 'not_performed' }],
  });
  expect(await found()).toEqual([
    { kind: 'inbox', lab_slug: null, count: 1, ids: [waits] },
    { kind: 'review', lab_slug: null, count: 2, ids: [unmatched, held] },
  ]);
});

test('a webhook that nobody has taken up, by its age', async () => {
  const message = (created_at: Date) => ({
    _id: randomUUID(),
    team_id: randomUUID(),
    event_type: 'labtest.order.created' as const,
    payload: '{}',
    order_id: null,
    event_number: null,
    fanned_out: false,
    created_at,
  });
  await collectionOf(store.webhookMessages).insertOne(message(ago(59 * MINUTE)));
  expect(await found()).toEqual([]);
  const old = message(ago(61 * MINUTE));
  await collectionOf(store.webhookMessages).insertOne(old);
  expect(await found()).toEqual([{ kind: 'outbox', lab_slug: null, count: 1, ids: [old._id] }]);
});

test('a test that is preliminary because the laboratory said nothing, after days; not one that it calls preliminary', async () => {
  const unclear = reportOf([testOf('A', [], { status: 'preliminary', is_status_unclear: true })]);
  const said = reportOf([testOf('A', [], { status: 'preliminary' })]);
  const about = async (since: Date, what: typeof said) => {
    const order_id = await orderThatIs('partial_results', since);
    await report({ state: 'applied', order_id, report: what, received_at: since });
    return order_id;
  };
  await messageFrom('labcorp', new Date());
  await about(ago(6 * DAY), unclear);
  await about(ago(8 * DAY), said);
  expect(await found()).toEqual([]);
  const id = await about(ago(8 * DAY), unclear);
  expect(await found()).toEqual([{ kind: 'preliminary', lab_slug: 'labcorp', count: 1, ids: [id] }]);
});

test('a new reading that waits for its journey, by when it was read', async () => {
  const owed = async (report_id: string, replaced_at: Date) =>
    collectionOf(store.labReadings).insertOne({
      _id: `${report_id}:1`,
      report_id,
      number: 1,
      report: reportOf([]),
      replaced_by: reportOf([]),
      replaced_at,
      profile_version: 1,
      state: 'owed',
      lease_until: new Date(0),
      attempts: 0,
      last_error: null,
    } as never);
  await owed('young', ago(14 * MINUTE));
  expect(await found()).toEqual([]);
  await owed('old', ago(16 * MINUTE));
  expect(await found()).toEqual([{ kind: 'inbox', lab_slug: null, count: 1, ids: ['old'] }]);
});

test('news of a visit that waits for its journey, by its age; not what was given to it', async () => {
  const event = async (state: PhlebotomyEventDocument['state'], received_at: Date) => {
    const _id = randomUUID();
    await collectionOf(store.phlebotomyEvents).insertOne({ _id, state, received_at } as never);
    return _id;
  };
  await event('stored', ago(14 * MINUTE));
  await event('delivered', ago(DAY));
  await event('kept', ago(DAY));
  expect(await found()).toEqual([]);
  const waits = await event('stored', ago(16 * MINUTE));
  expect(await found()).toEqual([{ kind: 'visits', lab_slug: null, count: 1, ids: [waits] }]);
});

test('an event of a phlebotomy provider that could not be read today', async () => {
  const unreadable = async (_id: string, received_at: Date) =>
    collectionOf(store.unreadableEvents).insertOne({ _id, received_at } as never);
  await unreadable('yesterday', ago(25 * HOUR));
  expect(await found()).toEqual([]);
  await unreadable('today', ago(HOUR));
  expect(await found()).toEqual([{ kind: 'unreadable', lab_slug: null, count: 1, ids: ['today'] }]);
});

test('a message that was refused today', async () => {
  await messageFrom('quest', ago(25 * HOUR), '200 at MSH^1^9');
  expect(await found()).toEqual([]);
  await messageFrom('quest', ago(HOUR), '200 at MSH^1^9');
  expect(await found()).toMatchObject([{ kind: 'refused', lab_slug: 'quest', count: 1 }]);
});

describe('telling', () => {
  const PACES = { everyMs: 50, overAfterMs: 100, mailEveryMs: 3_000 };

  function watching(operators: string[], lines: { msg: string; [more: string]: unknown }[] = []) {
    const logger: Logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const tell =
      operators.length > 0 ? operatorMail({ mailer, operators, publicUrl: 'https://venule.example', logger }) : null;
    return startWatcher({ store, limits: DEFAULT_ALERT_LIMITS, tell, logger, paces: PACES });
  }
  const told = (lines: { msg: string }[], msg: string) => lines.filter((line) => line.msg === msg).length;

  test('two workers tell of it once, and of its end once; the mail has ids and no patient', async () => {
    const lines: { msg: string }[] = [];
    const workers = [watching([OPERATOR], lines), watching([OPERATOR], lines)];
    const id = await orderThatIs('ordered', ago(40 * MINUTE));
    await until(() => mails.length === 1);
    const [mail] = mails;
    expect(mail?.to).toEqual([expect.objectContaining({ address: OPERATOR })]);
    expect(mail?.subject).toBe('[Venule] Orders that their laboratory has not acknowledged (labcorp)');
    expect(mail?.text).toContain(id);
    const { patient } = anOrder(catalogue, randomUUID());
    for (const secret of [patient.first_name, patient.last_name, patient.dob]) expect(mail?.text).not.toContain(secret);
    // It goes on, and so do the rounds: nothing more is said of it.
    const round = async () => (await store.leases.findById('operator-watch').lean())?.until.getTime() ?? 0;
    for (let n = 0; n < 8; n += 1) {
      const before = await round();
      await until(async () => (await round()) > before);
    }
    expect([mails.length, told(lines, 'operator.unacknowledged')]).toEqual([1, 1]);

    await collectionOf(store.orders).updateOne(
      { _id: id },
      { $set: { last_status: 'requisition_created', updated_at: new Date() } },
    );
    await until(() => mails.length === 2);
    expect(mails[1]?.subject).toBe('[Venule] Over: Orders that their laboratory has not acknowledged (labcorp)');
    await until(() => told(lines, 'operator.unacknowledged.over') === 1);
    expect(await store.matters.countDocuments()).toBe(0);
    await Promise.all(workers.map((worker) => worker.stop()));
  });

  test('several matters at once are one mail', async () => {
    await orderThatIs('ordered', ago(40 * MINUTE));
    await report({ received_at: ago(HOUR) });
    await messageFrom('quest', ago(HOUR), 'not HL7');
    const worker = watching([OPERATOR]);
    await until(() => mails.length === 1);
    expect(mails[0]?.subject).toContain('and 2 more');
    await worker.stop();
  });

  test('without an address it is in the log, and nothing is owed when one is given later', async () => {
    const lines: { msg: string }[] = [];
    await report({ received_at: ago(HOUR) });
    const worker = watching([], lines);
    await until(() => told(lines, 'operator.inbox') === 1);
    await until(async () => (await store.matters.findById('inbox').lean())?.told_at);
    await worker.stop();
    expect(mails).toEqual([]);
  });
});
