/** 0022: what becomes of the reports of a message that is read anew. */
import type { LabProfile } from '../../../domain/catalogue/lab-profile.ts';
import type { Order } from '../../../domain/orders/order.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import { setProfile } from '../../../store/connections/lab-profiles.ts';
import { listRefusedMessages } from '../../../store/inbox/inbox-review.ts';
import { moveAllOutgoing } from '../../../store/outbox/outgoing.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { until } from '../../support/until.ts';
import { CBC, COMMA, lab, readings, WITH_COMMA } from './scene.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const { apply, becomes, begin, deliver, has, isTold, message, placed, preview, reportsOn, statuses } = readings(
  () => venule,
);
beforeEach(begin);

/** Everything that is stored, but for what moves by itself. */
async function stored() {
  await moveAllOutgoing(venule.store, { team: venule.teamId });
  const { labMessages, labReadings, labProfiles, results, audit, webhookMessages } = venule.store;
  const models = [labReadings, labProfiles, results, audit, webhookMessages];
  const counts = await Promise.all(models.map((model) => model.countDocuments()));
  return [...counts, await collectionOf(labMessages).find().sort({ _id: 1 }).toArray()];
}

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

test('a report that goes on between plan and write is planned again: what is counted as changed is changed', async () => {
  const order = await placed();
  await deliver(message(order, { values: WITH_COMMA }));
  await venule.ended(order);
  await isTold();
  const { connection, labMessages } = venule.store;
  const transaction = connection.transaction.bind(connection);
  const spy = jest.spyOn(connection, 'transaction').mockImplementationOnce(async (...given) => {
    await collectionOf(labMessages).updateMany({ order_id: order.id }, { $set: { state: 'late' } });
    return transaction(...given);
  });
  expect(await apply(COMMA)).toMatchObject({ changed: 1 });
  spy.mockRestore();
  const [report] = await reportsOn(order);
  expect(report?.reading).toBe(2);
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
    await becomes(one, 'corrected');
    // The same body again is what is there already.
    await deliver(text);
    expect(await reportsOn(one)).toHaveLength(1);
    expect(await reportsOn(other)).toHaveLength(1);

    expect(await apply({})).toMatchObject({ changed: 1, no_longer_there: 1 });
    await becomes(other, 'corrected');
    expect((await reportsOn(other))[0]?.report.tests).toEqual([]);
    expect(await apply({})).toMatchObject({ changed: 0, no_longer_there: 0 });
  });
});

describe('a body with several messages', () => {
  test('one of them becomes readable: the others stay what they are, also when the body comes again', async () => {
    const [one, other] = [await placed('labcorp-lipid-panel'), await placed('labcorp-lipid-panel')];
    const body = `${message(one)}\r${message(other)}`;
    await deliver(body);
    await venule.ended(one);
    await venule.ended(other);
    // As if the first could not be read when they came.
    const messages = collectionOf(venule.store.labMessages);
    await messages.deleteOne({ order_id: one.id });
    await messages.updateOne({ order_id: other.id }, { $set: { report_index: 0 } });
    const [before] = await reportsOn(other);

    expect(await apply({})).toMatchObject({ newly_read: 1, unchanged: 1, changed: 0 });
    await deliver(body);
    expect(await reportsOn(other)).toEqual([before]);
    expect(await reportsOn(one)).toHaveLength(1);
  });

  test('messages of one control id are told apart by their place', async () => {
    const [one, other] = [await placed('labcorp-lipid-panel'), await placed('labcorp-lipid-panel')];
    const control_id = `same-${one.id}`;
    await deliver(`${message(one, { control_id })}\r${message(other, { control_id })}`);
    await venule.ended(one);
    await venule.ended(other);
    expect(await apply({})).toMatchObject({ unchanged: 2, changed: 0, newly_read: 0, no_longer_there: 0 });
  });
});

test('a message without a control id, in characters that are read otherwise, is the same message', async () => {
  const order = await placed();
  const text = message(order, { control_id: '', tests: [CBC] });
  const sent = Uint8Array.from(Buffer.from(`${text}\rNTE|1|L|Price: \u00a4 5`, 'latin1'));
  const headers = { 'content-type': 'application/hl7-v2; charset=iso-8859-1' };
  expect((await venule.deliver(lab, sent, headers)).text).toContain('MSA|AA');
  await has(order, 3);
  expect(await apply({})).toMatchObject({ unchanged: 1 });
  expect(await apply({ character_set: '8859/15' })).toMatchObject({ changed: 1, newly_read: 0, left_as_they_are: 0 });
  expect(JSON.stringify(await reportsOn(order))).toContain('Price: € 5');
  // In characters that its bytes are none of, it stays as it was read.
  expect(await apply({ character_set: 'UNICODE UTF-8' })).toMatchObject({ changed: 0, left_as_they_are: 1 });
  await isTold();
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

test('a message whose sender was not known was not read, and is not read anew', async () => {
  const order = await placed();
  await venule.deliver(lab, message(order), { 'content-type': 'text/plain' });
  const refused = await listRefusedMessages(venule.store, { lab_slug: lab }, 1);
  expect(refused).toMatchObject([{ not_read: true }]);
  expect(await apply({})).toMatchObject({ messages: 0 });
  expect(await reportsOn(order)).toEqual([]);
});
