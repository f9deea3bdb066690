/** F5: the same again under another control id or time comes to nothing; and a control id that identifies nothing does no harm. */
import type { Order } from '../../../domain/orders/order.ts';
import { CannotDeliver, deliverAgain } from '../../../store/inbox/inbox-review.ts';
import { type LabMessageChanges, labMessage } from '../../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { until } from '../../support/until.ts';

const A_PERSON = { kind: 'person', id: 'operator' } as const;
const CBC = '005009';
const CMP = '322000';
/** A result of the CMP. */
const GLUCOSE = '2345-7';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const message = (order: Order, changes: LabMessageChanges = {}) => labMessage(venule.catalogue, order, changes);
async function deliver(text: string): Promise<void> {
  const answer = await venule.deliver('labcorp', text);
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('MSA|AA')]);
}
async function placed(): Promise<Order> {
  const order = await venule.place({
    labTest: 'labcorp-cbc-and-cmp',
    options: { partial_webhooks_enabled: true },
  });
  await venule.reaches(order.id, 'requisition_created');
  return order;
}
const reportsOn = (order: Order) =>
  venule.store.labMessages
    .find({ 'report.placer_order_number': order.placer_order_number })
    .sort({ received_at: 1 })
    .lean();
/** Waits until this many reports on the order have come and none waits. */
const settled = (order: Order, count: number) =>
  until(async () => {
    const reports = await reportsOn(order);
    return (
      reports.length === count && reports.every(({ state }) => state !== 'stored' && state !== 'delivered') && reports
    );
  });
/** What came of an order so far: events, versions of its result, webhooks. */
async function consequences(order: Order) {
  const { events } = await venule.reaches(order.id, 'ordered');
  return {
    events: events.map(({ status }) => status),
    versions: await venule.store.results.countDocuments({ order_id: order.id }),
    webhooks: (await venule.webhooks(order.id)).map(({ _id }) => _id),
  };
}
/** The same message, with another MSH-7 and MSH-10. */
const sentAgain = (text: string, minutes: number) =>
  text.replace(/^(MSH(?:\|[^|]*){5}\|)[^|]*((?:\|[^|]*){2}\|)[^|]*/, (_, before, between) => {
    const at = new Date(Date.now() + minutes * 60_000).toISOString().replace(/[-:TZ]/g, '');
    return `${before}${at}+0000${between}again-${minutes}`;
  });
/** The same message, with the time of the report only in MSH-7. */
const withoutReportTimes = (text: string) => text.replace(/(\rOBR(?:\|[^|\r]*){21}\|)[^|\r]*/g, '$1');

test.each([
  ['with the time of the report', (text: string) => text],
  ['without the time of the report, which then is that of the message', withoutReportTimes],
])('the same under a new MSH-7 and MSH-10, %s: no event, version, or webhook', async (_what, change) => {
  const order = await placed();
  const partial = change(message(order, { tests: [CMP] }));
  await deliver(partial);
  await settled(order, 1);
  const before = await consequences(order);
  expect(before.events.at(-1)).toBe('partial_results');
  await deliver(sentAgain(partial, 1));
  await deliver(sentAgain(partial, 2));
  const [first, ...again] = await settled(order, 3);
  expect(again).toMatchObject([
    { state: 'repeated', repeats: first?._id },
    { state: 'repeated', repeats: first?._id },
  ]);
  expect(await consequences(order)).toEqual(before);

  const final = change(message(order, { tests: [CBC] }));
  await deliver(final);
  await venule.ended(order);
  const after = await consequences(order);
  await deliver(sentAgain(final, 3));
  await deliver(sentAgain(partial, 4));
  await settled(order, 6);
  expect(await consequences(order)).toEqual(after);
});

test('the same again after something else came between is said anew', async () => {
  const order = await placed();
  const says = (value: string, minutes: number) =>
    sentAgain(withoutReportTimes(message(order, { tests: [CMP], values: { [GLUCOSE]: value } })), minutes);
  const [first, second] = [says('90', 1), says('95', 2)];
  await deliver(first);
  await deliver(second);
  await settled(order, 2);
  await deliver(sentAgain(first, 3));
  const reports = await settled(order, 3);
  expect(reports.map(({ state }) => state)).toEqual(['applied', 'applied', 'applied']);
  const newest = await venule.store.results.findOne({ order_id: order.id }).sort({ version: -1 }).lean();
  expect(newest?.result.results.find(({ loinc }) => loinc === GLUCOSE)?.result).toBe('90');
});

test('a report that is held is shown to a person once, however often it is sent', async () => {
  const order = await placed();
  const doubtful = message(order, { family_name: 'Clark' });
  await deliver(doubtful);
  await deliver(sentAgain(doubtful, 1));
  const [held, again] = await settled(order, 2);
  expect([held?.state, again?.state, again?.repeats]).toEqual(['unmatched', 'repeated', held?._id]);
  const told = (await venule.webhooks(order.id)).filter(({ event_type }) =>
    event_type.startsWith('labtest.match_review'),
  );
  expect(told).toHaveLength(1);
  await expect(deliverAgain(venule.store, venule.catalogue, A_PERSON, again?._id ?? '')).rejects.toThrow(CannotDeliver);
  await deliverAgain(venule.store, venule.catalogue, A_PERSON, held?._id ?? '');
  await venule.ended(order);
});

test('two patients under one control id, and under none, are two', async () => {
  for (const control_id of ['ONE-FOR-ALL', '']) {
    const [one, two] = [await placed(), await placed()];
    await deliver(message(one, { control_id }));
    await deliver(message(two, { control_id, values: { [GLUCOSE]: '77' } }));
    for (const order of [one, two]) await venule.ended(order);
    expect([(await reportsOn(one)).length, (await reportsOn(two)).length]).toEqual([1, 1]);
  }
});

test('two orders of the same patient with the same values are two', async () => {
  const [one, two] = [await placed(), await placed()];
  await deliver(message(one));
  await deliver(message(two));
  for (const order of [one, two]) await venule.ended(order);
});

describe('a placer order number with a suffix', () => {
  test('finds its order at a separator, if the patient agrees', async () => {
    const order = await placed();
    await deliver(message(order, { placer_order_number: `${order.placer_order_number}-01` }));
    await venule.ended(order);
  });

  test.each([
    ['another patient', '-02', { family_name: 'Clark' }],
    ['no separator', '02', {}],
  ])('with %s, it matches none', async (_what, suffix, changes) => {
    const order = await placed();
    const control_id = `suffix-${order.id}`;
    const placer_order_number = `${order.placer_order_number}${suffix}`;
    await deliver(message(order, { ...changes, placer_order_number, control_id }));
    const kept = await venule.store.labMessages.findOne({ control_id }).orFail().lean();
    expect(kept).toMatchObject({ state: 'unmatched', unmatched_reason: 'no_match', order_id: null });
  });
});
