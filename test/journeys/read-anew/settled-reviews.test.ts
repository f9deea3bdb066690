/** 0022: what a person has settled about a report stays settled when its message is read anew, unless it says something else. */
import type { Order } from '../../../domain/orders/order.ts';
import { collectionOf } from '../../../store/collections/define.ts';
import { settleHeldTests } from '../../../store/inbox/held-tests.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { until } from '../../support/until.ts';
import { CBC, CMP, COMMA, GLUCOSE, readings, WITH_COMMA } from './scene.ts';

const A_PERSON = { kind: 'person', id: 'operator' } as const;
/** A result of the CBC. */
const HEMOGLOBIN = '718-7';
const OF_CBC = { [HEMOGLOBIN]: '13,5' };

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const { apply, becomes, begin, deliver, isTold, message, placed, reportsOn, resultOf } = readings(() => venule);
beforeEach(begin);

/** The message with its CMP canceled (OBR-25 X), although it has values. */
const canceling = (text: string) => text.replace(new RegExp(`(\\rOBR\\|[^\\r]*\\|${CMP}\\^[^\\r]*\\|)F`), '$1X');
/** The message with a glucose that says that there is none. */
const withoutGlucose = (text: string) =>
  text.replace(new RegExp(`(\\rOBX\\|\\d+\\|)NM(\\|${GLUCOSE}\\^[^|]*\\|[^|]*\\|)[^|]*`), '$1ST$2TNP');

const reportOf = async (order: Order) => (await reportsOn(order))[0];
const asked = async (order: Order) => (await reportOf(order))?.to_review;
const settlementsOf = async (order: Order) => (await reportsOn(order)).filter(({ settles }) => settles !== undefined);
/** Settles what is held, once its order has the report. */
async function settle(order: Order, settlement: Parameters<typeof settleHeldTests>[3]): Promise<void> {
  const id = await until(async () => {
    const report = await reportOf(order);
    return report?.to_review && report.state === 'applied' ? report._id : null;
  });
  const before = (await settlementsOf(order)).length;
  await settleHeldTests(venule.store, A_PERSON, id, settlement);
  await until(async () => {
    const made = await settlementsOf(order);
    return made.length === before + 1 && made.every(({ state }) => state === 'applied');
  });
}
async function settled(text: (order: Order) => string, settlement: Parameters<typeof settleHeldTests>[3]) {
  const order = await placed();
  await deliver(text(order));
  await becomes(order, 'partial_results');
  await settle(order, settlement);
  await becomes(order, 'completed');
  return order;
}

const inCbc = (order: Order) => canceling(message(order, { values: { ...OF_CBC, [GLUCOSE]: '91' } }));
const inCmp = (order: Order) => canceling(message(order, { values: WITH_COMMA }));

test.each([
  ['as it is noted now', false],
  ['as an earlier version has left it', true],
])('nobody is asked again when something else in the message reads otherwise (%s)', async (_when, isOlder) => {
  const order = await settled(inCbc, 'values_stand');
  if (isOlder) await collectionOf(venule.store.labMessages).updateMany({}, { $unset: { settled: '' } });
  expect(await apply(COMMA)).toMatchObject({ changed: 1 });
  await becomes(order, 'corrected');
  await isTold();
  expect(await resultOf(order, HEMOGLOBIN)).toEqual(['13.5', 13.5]);
  expect(await resultOf(order, GLUCOSE)).toEqual(['91', 91]);
  expect(await asked(order)).toBeUndefined();
  expect((await settlementsOf(order)).map(({ report, reading }) => [report.tests.length, reading])).toEqual([
    [1, undefined],
  ]);
});

test.each([
  ['as it is noted now', false],
  ['as an earlier version has left it', true],
])(
  'a person is asked again when what was settled reads otherwise, and settles it again (%s)',
  async (_when, isOlder) => {
    const order = await settled(inCmp, 'values_stand');
    expect(await resultOf(order, GLUCOSE)).toEqual(['90,5', -1]);
    if (isOlder) await collectionOf(venule.store.labMessages).updateMany({}, { $unset: { settled: '' } });
    expect(await apply(COMMA)).toMatchObject({ changed: 1 });
    await until(() => asked(order));
    expect(await asked(order)).toEqual([{ test: CMP, because: 'canceled_with_values', was_settled: 'values_stand' }]);
    // What the person had found does not hide what the message says now.
    await until(async () => (await resultOf(order, GLUCOSE))?.[1] === 90.5);
    await isTold();
    expect((await settlementsOf(order)).map(({ report }) => report.tests)).toEqual([[]]);

    await settle(order, 'values_stand');
    expect(await asked(order)).toBeUndefined();
    expect(await apply(COMMA)).toMatchObject({ changed: 0 });
    expect(await resultOf(order, GLUCOSE)).toEqual(['90.5', 90.5]);
    expect(await settlementsOf(order)).toHaveLength(2);
  },
);

test('an order that is open waits again for what a person had settled', async () => {
  const order = await placed();
  await deliver(canceling(message(order, { tests: [CMP], values: WITH_COMMA })));
  await becomes(order, 'partial_results');
  await settle(order, 'values_stand');
  await apply(COMMA);
  await until(() => asked(order));
  await isTold();
  await deliver(message(order, { tests: [CBC] }));
  await until(async () => (await reportsOn(order)).every(({ state }) => state === 'applied'));
  expect((await reportsOn(order)).length).toBe(3);
  await becomes(order, 'partial_results');
  await settle(order, 'values_stand');
  await venule.ended(order);
  await becomes(order, 'completed');
  expect(await resultOf(order, GLUCOSE)).toEqual(['90.5', 90.5]);
});

test('a reason that a person gave hides nothing once the message says something else, and the person is told', async () => {
  const order = await settled((each) => withoutGlucose(message(each)), 'non_failure');
  expect(await resultOf(order, GLUCOSE)).toBeUndefined();
  await apply({ words: { TNP: 'text' } });
  await until(() => asked(order));
  expect(await asked(order)).toEqual([{ test: CMP, because: 'read_otherwise', was_settled: 'non_failure' }]);
  await until(async () => (await resultOf(order, GLUCOSE))?.[0] === 'TNP');
  await isTold();
  const id = (await reportOf(order))?._id ?? '';
  await settleHeldTests(venule.store, A_PERSON, id, 'values_stand');
  expect(await asked(order)).toBeUndefined();
});
