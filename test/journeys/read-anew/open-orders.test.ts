/** 0022: a laboratory's messages are read anew while their orders are open. */
import { atHome } from '../../support/at-home.ts';
import { applied } from '../../support/reading-anew.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { stateOf } from '../../support/temporal-view.ts';
import { until } from '../../support/until.ts';
import { CBC, CMP, COMMA, GLUCOSE, lab, readings, WITH_COMMA } from './scene.ts';

/** Another result of the CMP. */
const SODIUM = '2951-2';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const {
  apply,
  auditOf,
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
  unknown,
  versionsOf,
} = readings(() => venule);
beforeEach(begin);

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

  test('a report that is read anew keeps its place: what another said after it still counts', async () => {
    const order = await placed();
    const since = new Date();
    const reported_at = new Date();
    await deliver(message(order, { tests: [CMP], values: { ...WITH_COMMA, [SODIUM]: '140,5' }, reported_at }));
    await has(order, 3);
    await deliver(message(order, { tests: [CMP], values: { [GLUCOSE]: '95' }, omitted: [SODIUM], reported_at }));
    await has(order, 4);
    expect(await applied(venule.store, lab, COMMA, since, 1)).toMatchObject({ changed: 1 });
    await has(order, 5);
    expect(await resultOf(order, SODIUM)).toEqual(['140.5', 140.5]);
    expect(await resultOf(order, GLUCOSE)).toEqual(['95', 95]);
  });

  test('whose new reading makes every result final: the order completes', async () => {
    const order = await placed('labcorp-lipid-panel');
    const { text, profile } = unknown(order);
    await deliver(text);
    await has(order, 3);
    expect((await statuses(order)).at(-1)).toBe('partial_results');
    await apply(profile);
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

  test('a report that shows the draw does so as it is read when its journey has it', async () => {
    const order = await placed('labcorp-wellness-panel-on-site');
    await venule.stopWorker();
    await deliver(message(order, { values: WITH_COMMA }));
    await apply(COMMA);
    await venule.startWorker();
    await venule.ended(order);
    expect((await statuses(order)).slice(2)).toEqual(['draw_completed', 'completed']);
    expect(await resultOf(order, GLUCOSE)).toEqual(['90.5', 90.5]);
  });

  test('a report that its journey holds for the draw waits as it is read now', async () => {
    const { order: document, slots, book, says } = atHome(() => venule);
    const { order } = await document();
    const visit = await book(await documentOf(order), (await slots())[0]);
    const { text, profile } = unknown(order);
    await deliver(text);
    await until(async () => (await stateOf(venule.workflow(order))).reports_waiting.length === 1);
    expect(await apply(profile)).toMatchObject({ changed: 1 });
    await isTold();
    await says(visit, { status: 'completed' });
    await venule.ended(order);
    // As it was read before, its tests were not final.
    expect((await statuses(order)).slice(-2)).toEqual(['draw_completed', 'completed']);
  });

  test('a report that was set aside before the draw is taken in after it as it is read now', async () => {
    const { order: document, slots, book, says } = atHome(() => venule);
    const { order } = await document();
    const { text, profile } = unknown(order);
    await deliver(text);
    await until(async () => (await reportsOn(order))[0]?.unmatched_reason === 'wrong_collection');
    await apply(profile);
    expect((await reportsOn(order))[0]).toMatchObject({ state: 'unmatched', reading: 2 });
    const visit = await book(await documentOf(order), (await slots())[0]);
    await says(visit, { status: 'completed' });
    await venule.ended(order);
    expect((await statuses(order)).slice(-2)).toEqual(['draw_completed', 'completed']);
    await isTold();
    expect(await versionsOf(order)).toBe(1);
  });
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
