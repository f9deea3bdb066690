/** 0022: a laboratory's messages are read anew when their orders have ended. */
import type { LabProfile } from '../../../domain/catalogue/lab-profile.ts';
import type { Order } from '../../../domain/orders/order.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import { deliverAgain } from '../../../store/inbox/inbox-review.ts';
import { textOf } from '../../documents/pdf-reader.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { until } from '../../support/until.ts';
import { COMMA, GLUCOSE, readings, WITH_COMMA } from './scene.ts';

/** Of a thyroid panel: */
const TSH = '3016-3';
const FREE_T4 = '3024-7';
const FREE_T3 = '3051-0';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const {
  apply,
  auditOf,
  becomes,
  begin,
  deliver,
  documentOf,
  has,
  isTold,
  message,
  placed,
  reportsOn,
  resultOf,
  statuses,
  versionsOf,
} = readings(() => venule);
beforeEach(begin);

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
  test('a report that repeated another corrects it when it says something new as it is read now', async () => {
    const order = await placed();
    const text = message(order, { values: WITH_COMMA });
    await deliver(text);
    await venule.ended(order);
    begin();
    await deliver(text.replace(/^((?:[^|]*\|){9})[^|]*/, '$1again'));
    await until(async () => (await reportsOn(order))[1]?.state === 'repeated');
    expect(await apply(COMMA)).toMatchObject({ changed: 1 });
    await becomes(order, 'corrected');
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

  test('a result that is critical as it is read now is told of; so is a combined one', async () => {
    const flagged = { flags: { [GLUCOSE]: 'PANIC' } };
    const profile: LabProfile = { flags: { PANIC: 'critical' } };
    const order = await placed();
    await deliver(message(order, flagged));
    await venule.ended(order);
    const redrawn = await placed('labcorp-thyroid-panel');
    await deliver(message(redrawn, { lost: { [TSH]: 'QS' }, flags: { [FREE_T3]: 'PANIC' } }));
    await venule.reaches(redrawn.id, 'redraw_available');

    await apply(profile);
    await becomes(order, 'corrected');
    await isTold();
    const critical = async (whose: Order) =>
      until(async () => {
        const told = (await venule.webhooks(whose.id)).filter(
          ({ event_type }) => event_type === 'labtest.result.critical',
        );
        return told.length > 0 && told;
      });
    expect(await critical(order)).toHaveLength(1);
    expect(await critical(redrawn)).toHaveLength(1);
    expect((await documentOf(order)).interpretation).toBe('critical');
    await apply(profile);
    await isTold();
    expect(await critical(redrawn)).toHaveLength(1);
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
    await becomes(order, 'corrected');
  });
});
