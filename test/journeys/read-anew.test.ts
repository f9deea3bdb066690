/** 0022: a laboratory's profile is changed while everything runs, and its messages are read anew. */
import type { LabProfile } from '../../domain/catalogue/lab-profile.ts';
import type { Order } from '../../domain/orders/order.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { setProfile } from '../../store/connections/lab-profiles.ts';
import { deliverAgain, listRefusedMessages } from '../../store/inbox/inbox-review.ts';
import { moveAllOutgoing } from '../../store/outbox/outgoing.ts';
import { textOf } from '../documents/pdf-reader.ts';
import { type LabMessageChanges, labMessage } from '../support/partners/lab-message.ts';
import { applied, previewed } from '../support/reading-anew.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { stateOf } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';

const lab = 'labcorp';
const CBC = '005009';
const CMP = '322000';
/** A result of the CMP, as a laboratory writes it that has decimal commas. */
const GLUCOSE = '2345-7';
const WITH_COMMA = { [GLUCOSE]: '90,5' };
const COMMA: LabProfile = { comma: 'decimal' };
/** Of a thyroid panel: */
const TSH = '3016-3';
const FREE_T4 = '3024-7';
const FREE_T3 = '3051-0';

let venule: InProcessVenule;
/** When the test began: messages of others are not read anew. */
let began: Date;
beforeAll(async () => {
  venule = await startVenule();
});
beforeEach(() => {
  began = new Date();
});
afterAll(() => venule.close());

const apply = (profile: LabProfile, slug = lab) => applied(venule.store, slug, profile, began);
const preview = (profile: LabProfile, slug = lab) => previewed(venule.store, slug, profile, began);
const message = (order: Order, changes: LabMessageChanges = {}) => labMessage(venule.catalogue, order, changes);

async function deliver(text: string): Promise<void> {
  const answer = await venule.deliver(lab, text);
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('MSA|AA|')]);
}

async function placed(labTest = 'labcorp-cbc-and-cmp'): Promise<Order> {
  const order = await venule.place({ labTest });
  await venule.reaches(order.id, 'requisition_created');
  return order;
}

const documentOf = (order: Order) => venule.store.orders.findById(order.id).orFail().lean();
const statuses = async (order: Order) => (await documentOf(order)).events.map(({ status }) => status);
const has = (order: Order, count: number) => until(async () => (await statuses(order)).length === count);
const reportsOn = (order: Order) =>
  collectionOf(venule.store.labMessages)
    .find({ order_id: order.id })
    .sort({ received_at: 1, report_index: 1 })
    .toArray();
const versionsOf = (order: Order) => venule.store.results.countDocuments({ order_id: order.id });
/** A result in the newest version, as its text and as a number. */
async function resultOf(order: Order, loinc: string) {
  const { result } = await venule.store.results.findOne({ order_id: order.id }).sort({ version: -1 }).orFail().lean();
  const found = result.results.find((one) => one.loinc === loinc);
  return found && [found.result, found.value];
}
/** Every new reading has been told. */
const isTold = () => until(async () => !(await venule.store.labReadings.exists({ state: 'owed' })));
/** Everything that is stored, but for what moves by itself. */
async function stored() {
  await moveAllOutgoing(venule.store, { team: venule.teamId });
  const counts = ['labMessages', 'labReadings', 'labProfiles', 'results', 'audit', 'webhookMessages'] as const;
  const reports = await collectionOf(venule.store.labMessages).find().sort({ _id: 1 }).toArray();
  return [
    ...(await Promise.all(counts.map((name) => collectionOf(venule.store[name] as never).countDocuments()))),
    reports,
  ];
}
const auditOf = async (order: Order, action: string) => {
  await moveAllOutgoing(venule.store, { orders: [order.id] });
  return collectionOf(venule.store.audit).find({ order_id: order.id, action }).toArray();
};

describe('while the order is open', () => {
  test('its result has another version, later reports join it, and the same reading again changes nothing', async () => {
    const order = await placed();
    await deliver(message(order, { tests: [CMP], values: WITH_COMMA }));
    await has(order, 3);
    expect(await resultOf(order, GLUCOSE)).toEqual(['90,5', -1]);

    expect(await apply(COMMA)).toMatchObject({ changed: 1, newly_read: 0, left_as_they_are: 0 });
    await has(order, 4);
    expect(await resultOf(order, GLUCOSE)).toEqual(['90.5', 90.5]);
    const [entry] = (await auditOf(order, 'order.partial_results')).slice(1);
    expect(entry?.by.kind).toBe('person');

    expect(await apply(COMMA)).toMatchObject({ changed: 0 });
    await isTold();
    await deliver(message(order, { tests: [CBC] }));
    await venule.ended(order);
    expect((await statuses(order)).slice(2)).toEqual(['partial_results', 'partial_results', 'completed']);
    expect(await resultOf(order, GLUCOSE)).toEqual(['90.5', 90.5]);
    expect(await versionsOf(order)).toBe(3);
    expect((await reportsOn(order)).map(({ reading, taken_reading }) => [reading, taken_reading])).toEqual([
      [2, 2],
      [undefined, undefined],
    ]);
  });

  test('whose new reading makes every result final: the order completes', async () => {
    const order = await placed('labcorp-lipid-panel');
    const unknown = message(order, { result_code: (loinc) => `X${loinc}^Renamed^L` });
    await deliver(unknown.replace(/(\rOBR[^\r]*\|)F(?=\r)/g, '$1P'));
    await has(order, 3);
    expect((await statuses(order)).at(-1)).toBe('partial_results');
    const codes = [...unknown.matchAll(/\|X([\d-]+)\^/g)].map(([, loinc]) => [`X${loinc}`, String(loinc)]);
    await apply({ results: Object.fromEntries(codes) });
    await venule.ended(order);
    expect((await statuses(order)).slice(2)).toEqual(['partial_results', 'completed']);
    const { result } = await venule.store.results.findOne({ order_id: order.id, version: 2 }).orFail().lean();
    expect(result.missing_results).toEqual([]);
  });

  test('a report that is read anew before its journey has it is taken in once, as it is read then', async () => {
    const order = await placed();
    await venule.stopWorker();
    await deliver(message(order, { values: WITH_COMMA }));
    await apply(COMMA);
    await venule.startWorker();
    await venule.ended(order);
    expect((await statuses(order)).slice(2)).toEqual(['completed']);
    expect(await resultOf(order, GLUCOSE)).toEqual(['90.5', 90.5]);
    await isTold();
    expect(await versionsOf(order)).toBe(1);
  });

  test('a report that waits for the draw waits as it is read now', async () => {
    const order = await placed('labcorp-wellness-panel-on-site');
    await venule.stopWorker();
    await deliver(message(order, { values: WITH_COMMA }));
    await apply(COMMA);
    await venule.startWorker();
    await venule.ended(order);
    expect((await statuses(order)).slice(2)).toEqual(['draw_completed', 'completed']);
    expect(await resultOf(order, GLUCOSE)).toEqual(['90.5', 90.5]);
  });
});

describe('when the order has ended', () => {
  test('its result is corrected, with everything that a correction brings; again, and nothing is', async () => {
    const order = await placed();
    await deliver(message(order, { values: WITH_COMMA }));
    await venule.ended(order);

    await apply(COMMA);
    await has(order, 4);
    await isTold();
    expect((await statuses(order)).slice(2)).toEqual(['completed', 'corrected']);
    expect(await resultOf(order, GLUCOSE)).toEqual(['90.5', 90.5]);
    const told = (await venule.webhooks(order.id)).map(({ event_type, body }) => [event_type, body.data.status]);
    expect(told.at(-1)).toEqual(['labtest.order.updated', 'completed']);
    expect(told).toHaveLength(4);
    const [report] = await reportsOn(order);
    expect((await documentOf(order)).events.at(-1)?.report_id).toBe(report?._id);
    expect((await auditOf(order, 'order.corrected'))[0]?.by.kind).toBe('person');
    expect(await auditOf(order, 'report.read_anew')).toMatchObject([{ detail: { reading: 2, was: 'applied' } }]);
    expect(await textOf((await venule.documents.result(order.id)) ?? Buffer.of())).toContain('CORRECTED');
    const earlier = await collectionOf(venule.store.labReadings).findOne({ report_id: report?._id as string });
    expect(JSON.stringify(earlier?.report)).toContain('90,5');

    await apply(COMMA);
    // Told once more, as after a crash between the word and the note of it.
    await collectionOf(venule.store.labReadings).updateMany({}, { $set: { state: 'owed', lease_until: new Date(0) } });
    await isTold();
    expect(await statuses(order)).toHaveLength(4);
    expect(await versionsOf(order)).toBe(2);
    expect(await venule.webhooks(order.id)).toHaveLength(4);
  });

  test('a reading that says nothing new of the results brings no event, version or webhook', async () => {
    const order = await placed();
    await deliver(message(order));
    await venule.ended(order);
    const zone: LabProfile = { reasons: { XX: 'non_failure' }, words: { '-': 'text' } };
    await apply(zone);
    const remark = { 'report.remarks': ['OBX^1^1: of an earlier version'] };
    await collectionOf(venule.store.labMessages).updateOne({ order_id: order.id }, { $set: remark });
    expect(await apply(zone)).toMatchObject({ changed: 1 });
    await isTold();
    expect(await statuses(order)).toHaveLength(3);
    expect(await versionsOf(order)).toBe(1);
    expect((await reportsOn(order))[0]).toMatchObject({ reading: 2, taken_reading: 2 });
  });

  test('a redraw that was decided stays; the combined result holds the new reading', async () => {
    const order = await placed('labcorp-thyroid-panel');
    await deliver(message(order, { lost: { [TSH]: 'QS', [FREE_T4]: 'QS' }, values: { [FREE_T3]: '3,1' } }));
    await venule.reaches(order.id, 'redraw_available');
    const { order: redraw } = await venule.redrawOf(order);
    await venule.reaches(redraw.id, 'requisition_created');

    await apply({ ...COMMA, reasons: { QS: 'non_failure' } });
    await isTold();
    const combined = async () => {
      const url = `${venule.api.url}/v3/order_transaction/${order.transaction_id}/result`;
      const answer = await fetch(url, { headers: { 'x-vital-api-key': venule.api.key } });
      return (await answer.json()) as { results: { loinc: string; result: string }[] };
    };
    await until(async () => (await combined()).results.some((one) => one.loinc === FREE_T3 && one.result === '3.1'));
    expect(await until(async () => (await reportsOn(order))[0]?.taken_reading === 2)).toBe(true);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'redraw_available']);
    expect(await versionsOf(order)).toBe(1);
    await deliver(message(redraw));
    await venule.ended(order);
    expect((await statuses(redraw)).at(-1)).toBe('completed');
    expect((await reportsOn(order))[0]?.corrects).toBe(true);
  });
});

describe('when the order has ended, in other ways', () => {
  test('a late report that said nothing new corrects it when it does as it is read now', async () => {
    const order = await placed();
    const text = message(order, { values: WITH_COMMA });
    await deliver(text);
    await venule.ended(order);
    began = new Date();
    await deliver(text.replace(/^((?:[^|]*\|){9})[^|]*/, '$1again'));
    await until(async () => (await reportsOn(order))[1]?.state === 'late');
    expect(await apply(COMMA)).toMatchObject({ changed: 1 });
    await until(async () => (await statuses(order)).at(-1) === 'corrected');
    expect(await resultOf(order, GLUCOSE)).toEqual(['90.5', 90.5]);
    expect((await reportsOn(order)).map(({ state }) => state)).toEqual(['applied', 'applied']);
  });

  test('a canceled one keeps its status; the result that a person added has another version', async () => {
    const order = await placed();
    await venule.journeys.cancel(await venule.reaches(order.id, 'ordered'));
    await venule.ended(order);
    await deliver(message(order, { values: WITH_COMMA }));
    const held = await until(async () => (await reportsOn(order)).find(({ state }) => state === 'unmatched'));
    await deliverAgain(venule.store, venule.catalogue, { kind: 'person', id: 'operator' }, held._id);
    expect(await resultOf(order, GLUCOSE)).toEqual(['90,5', -1]);
    const told = (await venule.webhooks(order.id)).length;

    await apply(COMMA);
    await until(async () => (await versionsOf(order)) === 2);
    await isTold();
    expect(await resultOf(order, GLUCOSE)).toEqual(['90.5', 90.5]);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'cancelled']);
    expect(await venule.webhooks(order.id)).toHaveLength(told + 1);
    expect(await auditOf(order, 'order.result_added')).toHaveLength(2);
  });

  test('two readings at once are one, and one after the other each have a version', async () => {
    const order = await placed();
    await deliver(message(order, { values: { [GLUCOSE]: '1,234' } }));
    await venule.ended(order);
    const both = await Promise.all([apply(COMMA), apply(COMMA)]);
    expect(both.map(({ messages }) => messages)).toEqual([1, 1]);
    await until(async () => (await versionsOf(order)) === 2);
    expect(await resultOf(order, GLUCOSE)).toEqual(['1.234', 1.234]);
    await apply({ comma: 'thousands' });
    await until(async () => (await versionsOf(order)) === 3);
    expect(await resultOf(order, GLUCOSE)).toEqual(['1234', 1234]);
    await isTold();
    expect(await statuses(order)).toHaveLength(5);
    expect((await reportsOn(order))[0]).toMatchObject({ reading: 3, taken_reading: 3 });
    expect(await venule.store.labReadings.countDocuments({ report_id: (await reportsOn(order))[0]?._id })).toBe(2);
  });

  test('a message that is kept with its report, as those of before are, is read anew', async () => {
    const order = await placed();
    await deliver(message(order, { values: WITH_COMMA }));
    await venule.ended(order);
    const [report] = await reportsOn(order);
    const texts = collectionOf(venule.store.labMessageTexts);
    const text = await texts.findOneAndDelete({ _id: report?.content_hash as string });
    const raw = text?.raw as string;
    await collectionOf(venule.store.labMessages).updateOne({ _id: report?._id as string }, { $set: { raw } });
    expect(await apply(COMMA)).toMatchObject({ changed: 1 });
    await until(async () => (await statuses(order)).at(-1) === 'corrected');
  });
});

test('a message whose sender was not known was not read, and is not read anew', async () => {
  const order = await placed();
  await venule.deliver(lab, message(order), { 'content-type': 'text/plain' });
  const refused = await listRefusedMessages(venule.store, { lab_slug: lab }, 1);
  expect(refused).toMatchObject([{ not_read: true }]);
  expect(await apply({})).toMatchObject({ messages: 0 });
  expect(await reportsOn(order)).toEqual([]);
});

test('a preview stores nothing, and names what would change', async () => {
  const order = await placed();
  await deliver(message(order, { values: WITH_COMMA }));
  await venule.ended(order);
  const before = await stored();
  const { summary, rows } = await preview(COMMA);
  expect(summary.changed).toBe(1);
  const row = rows.find((each) => each.order === order.placer_order_number && each.result);
  expect(row).toMatchObject({
    what: 'read otherwise',
    was: expect.stringMatching(/^90,5/),
    becomes: expect.stringMatching(/^90\.5/),
  });
  expect(await stored()).toEqual(before);
});

describe('a message that could not be read, or matched', () => {
  test('yields its reports as if they had just come, once its characters are known', async () => {
    const quest = 'quest';
    const headers = { 'content-type': 'application/hl7-v2' };
    const order = await placed('quest-lipid-panel');
    const sent = Uint8Array.from(Buffer.from(`${message(order)}\rNTE|1|L|Señora Muñoz: 5 µL`, 'latin1'));
    expect((await venule.deliver(quest, sent, headers)).text).toContain('MSA|AR|');
    expect(await listRefusedMessages(venule.store, { lab_slug: quest }, 10)).toHaveLength(1);

    const profile: LabProfile = { character_set: '8859/1' };
    expect((await preview(profile, quest)).rows.map(({ what }) => what)).toContain('read for the first time');
    expect(await apply(profile, quest)).toMatchObject({ newly_read: 1 });
    await venule.ended(order);
    expect((await statuses(order)).at(-1)).toBe('completed');
    expect(JSON.stringify((await reportsOn(order))[0]?.report)).toContain('Señora Muñoz: 5 µL');
    expect(await listRefusedMessages(venule.store, { lab_slug: quest }, 10)).toEqual([]);

    // Set while the API runs, the profile counts there, too; and the same message again is the same message.
    const connection = { slug: quest, environment: 'sandbox', after: 0 } as const;
    await setProfile(venule.store, connection, profile, { kind: 'person', id: 'operator' });
    await until(async () => (await venule.deliver(quest, sent, headers)).text.includes('MSA|AA|'));
    expect(await reportsOn(order)).toHaveLength(1);
  });

  test('matches its order once it is known where the number stands', async () => {
    const order = await placed();
    const number = order.placer_order_number;
    const elsewhere = message(order)
      .replaceAll(`ORC|RE|${number}|`, 'ORC|RE||')
      .replace(/(\rOBR\|\d+\|)V[^|]+((?:\|[^|\r]*){17}\|)/g, `$1$2${number}`);
    await deliver(elsewhere);
    const held = await until(() =>
      collectionOf(venule.store.labMessages).findOne({ state: 'unmatched', order_id: null }),
    );
    expect(held.unmatched_reason).toBe('no_match');
    const { rows } = await preview({ placer_order_number: 'OBR-20' });
    expect(rows[0]).toMatchObject({ what: 'now matches its order', order: number });
    await apply({ placer_order_number: 'OBR-20' });
    await venule.ended(order);
    expect(await reportsOn(order)).toMatchObject([{ _id: held._id, state: 'applied' }]);
  });
});

describe('a message that yields more or fewer reports', () => {
  /** The first order's number stands where it should, the second's in OBR-20 alone. */
  const aboutBoth = (one: Order, other: Order) => {
    const [, , , ...second] = message(other).replaceAll(`|${other.placer_order_number}|`, '||').split('\r');
    const numbered = second.map((line) =>
      line.startsWith('OBR') ? line.replace(/^((?:[^|]*\|){20})/, `$1${other.placer_order_number}`) : line,
    );
    return [message(one), ...numbered.filter((line) => !line.startsWith('ORC'))].join('\r');
  };

  test('each order has its own, and those that are there no more say nothing', async () => {
    const [one, other] = [await placed('labcorp-lipid-panel'), await placed('labcorp-thyroid-panel')];
    const text = aboutBoth(one, other);
    await deliver(text);
    await venule.ended(one);
    expect(await reportsOn(other)).toEqual([]);

    expect(await apply({ placer_order_number: 'OBR-20' })).toMatchObject({ changed: 1, newly_read: 1 });
    await venule.ended(other);
    expect((await statuses(other)).at(-1)).toBe('completed');
    await until(async () => (await statuses(one)).at(-1) === 'corrected');
    // The same body again is what is there already.
    await deliver(text);
    expect(await reportsOn(one)).toHaveLength(1);
    expect(await reportsOn(other)).toHaveLength(1);

    expect(await apply({})).toMatchObject({ changed: 1, no_longer_there: 1 });
    await until(async () => (await statuses(other)).at(-1) === 'corrected');
    expect((await reportsOn(other))[0]?.report.tests).toEqual([]);
    expect(await apply({})).toMatchObject({ changed: 0, no_longer_there: 0 });
  });
});

test('a reading that names another order than the one that has the report is left for a person', async () => {
  const [one, other] = [await placed('labcorp-lipid-panel'), await placed('labcorp-lipid-panel')];
  const both = message(one).replace(/(\rOBR(?:\|[^|\r]*){19}\|)/g, `$1${other.placer_order_number}`);
  await deliver(both);
  await venule.ended(one);
  const profile: LabProfile = { placer_order_number: 'OBR-20' };
  expect(await apply(profile)).toMatchObject({ changed: 0, left_as_they_are: 1 });
  expect(await reportsOn(one)).toMatchObject([{ state: 'applied' }]);
  expect(await statuses(other)).toEqual(['ordered', 'requisition_created']);
});

test('killed between the write and the word of it: the order goes on when a worker runs again', async () => {
  const order = await placed();
  await deliver(message(order, { tests: [CMP], values: WITH_COMMA }));
  await has(order, 3);
  await venule.stopWorker();
  await apply(COMMA);
  expect(await statuses(order)).toHaveLength(3);
  await venule.startWorker();
  await has(order, 4);
  await isTold();
  expect(await resultOf(order, GLUCOSE)).toEqual(['90.5', 90.5]);
  const { reports_taken, reports_waiting } = await stateOf(venule.workflow(order));
  expect([reports_taken.length, reports_waiting.length]).toEqual([1, 0]);
});
