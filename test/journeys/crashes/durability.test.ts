import { NOTHING_MORE, type Order, type ProposedEvent } from '../../../domain/orders/order.ts';
import { digestOf } from '../../../store/inbox/lab-inbox.ts';
import { recordEvent } from '../../../store/orders/record-event.ts';
import { OrderNotCancellable } from '../../../temporal/journeys.ts';
import { reportUntilContinued } from '../../support/continued-as-new.ts';
import { labMessage } from '../../support/partners/lab-message.ts';
import { anOrder, type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { pendingActivities, stateOf } from '../../support/temporal-view.ts';
import { until } from '../../support/until.ts';

const CBC = '005009';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const statuses = async (order: Order) => (await venule.reaches(order.id, 'ordered')).events.map(({ status }) => status);
const deliver = (order: Order, tests?: string[]) =>
  venule.deliver(order.lab_slug, labMessage(venule.catalogue, order, { ...(tests && { tests }) }));

/** An order that the lab has acknowledged; then no worker runs any more. */
async function placedAndLeft(labTest = 'labcorp-cbc-and-cmp'): Promise<Order> {
  const order = await venule.place({ labTest });
  await venule.reaches(order.id, 'requisition_created');
  await until(() => venule.mails.some(({ messageId }) => messageId?.includes(order.id)));
  await venule.stopWorker();
  return order;
}

describe('the database refuses orders for a while', () => {
  const refuseOrders = (validator: object) =>
    venule.store.connection.db?.command({ collMod: venule.store.orders.collection.collectionName, validator });
  const becomesVisible = (order: Order, type: string) =>
    until(async () =>
      (await pendingActivities(venule.workflow(order))).some((one) => one.type === type && one.lastFailure !== ''),
    );
  afterEach(() => refuseOrders({}));

  test('an event is written when it takes them again', async () => {
    const order = await venule.place();
    await venule.reaches(order.id, 'requisition_created');
    await refuseOrders({ _id: 'nothing' });
    await deliver(order);
    await becomesVisible(order, 'recordEvent');
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created']);
    await refuseOrders({});
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'completed']);
    expect((await venule.webhooks(order.id)).map(({ event_number }) => event_number)).toEqual([1, 2, 3]);
  });

  test('an order that its acceptance could not write is written by its journey', async () => {
    await refuseOrders({ _id: 'nothing' });
    const order = anOrder(venule.catalogue, venule.teamId);
    await venule.journeys.start(order);
    await becomesVisible(order, 'openAndCheckOrder');
    await refuseOrders({});
    await venule.reaches(order.id, 'requisition_created');
    expect((await venule.webhooks(order.id))[0]).toMatchObject({
      event_type: 'labtest.order.created',
      event_number: 1,
    });
  });
});

describe('an event that is held already, since a worker died after writing it', () => {
  const hold = (order: Order, event: Pick<ProposedEvent, 'number' | 'status'> & Partial<ProposedEvent>) =>
    recordEvent(venule.store, venule.catalogue, {
      order_id: order.id,
      ...NOTHING_MORE,
      ...event,
    });
  const storedReport = (order: Order) => venule.store.labMessages.findOne({ order_id: order.id }).orFail().lean();

  test('is adopted: a cancelled order is cancelled at the lab, whatever came since', async () => {
    const order = await placedAndLeft();
    await hold(order, { number: 3, status: 'cancelled', reason: 'Canceled on request.' });
    await deliver(order);
    await venule.startWorker();
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'cancelled']);
    expect(await venule.atLab(order)).toMatchObject({ state: 'cancelled', received: { cancel: 1 } });
    expect(venule.mails.some(({ messageId }) => messageId === `<${order.id}.order_cancelled@venule>`)).toBe(true);
    expect(await storedReport(order)).toMatchObject({ state: 'unmatched', unmatched_reason: 'match_cancelled' });
  });

  test('is adopted: a completed order is not cancelled, and the caller is told', async () => {
    const order = await placedAndLeft();
    await deliver(order);
    await hold(order, { number: 3, status: 'completed', report_id: (await storedReport(order))._id });
    const before = await venule.reaches(order.id, 'completed');
    const cancelled = venule.journeys.cancel({ ...before, last_status: 'requisition_created' });
    await Promise.all([venule.startWorker(), expect(cancelled).rejects.toThrow(OrderNotCancellable)]);
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'completed']);
    expect(await venule.atLab(order)).toMatchObject({ received: { cancel: 0 } });
  });

  test('is adopted: a cancellation that comes after partial results is refused, and the journey goes on', async () => {
    const order = await placedAndLeft();
    await deliver(order, [CBC]);
    await hold(order, { number: 3, status: 'partial_results', report_id: (await storedReport(order))._id });
    const before = await venule.reaches(order.id, 'partial_results');
    const cancelled = venule.journeys.cancel({ ...before, last_status: 'requisition_created' });
    await Promise.all([venule.startWorker(), expect(cancelled).rejects.toThrow(OrderNotCancellable)]);
    await deliver(order);
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'partial_results', 'completed']);
  });

  test('is adopted: a redraw that was born goes to the lab, and no other is born', async () => {
    const order = await placedAndLeft('labcorp-thyroid-panel');
    const lost = labMessage(venule.catalogue, order, { lost: { '3016-3': 'QS', '3024-7': 'QS' } });
    await venule.deliver('labcorp', lost);
    const report_id = (await storedReport(order))._id;
    await hold(order, { number: 3, status: 'redraw_available', report_id, redraw_results: ['tsh'] });
    await venule.startWorker();
    await deliver(order);
    const { order: redraw } = await venule.redrawOf(order);
    await venule.reaches(redraw.id, 'requisition_created');
    expect(redraw.markers.map(({ result_slugs }) => result_slugs)).toEqual([['tsh']]);
    expect(await venule.store.orders.countDocuments({ transaction_id: order.transaction_id })).toBe(2);
  });
});

describe('a journey with a long history', () => {
  /** Reports an order's tests one by one, each taken in before the next comes. */
  async function reportOneByOne(order: Order, tests: Order['markers']): Promise<void> {
    for (const [index, { provider_id }] of tests.entries()) {
      await deliver(order, [provider_id]);
      await until(async () => (await statuses(order)).length === index + 3);
    }
  }

  test('continues as new, ends as it would have, and drops what it has heard before', async () => {
    const order = await venule.place({ labTest: 'labcorp-wellness-panel' }, { longest_history: 30 });
    await venule.reaches(order.id, 'requisition_created');
    const tests = order.markers.slice(0, -1);
    await reportOneByOne(order, tests);
    await reportUntilContinued(venule, order, { status: 'C', tests: [order.markers[0]?.provider_id ?? ''] });

    const heard = await venule.store.labMessages.findOne({ order_id: order.id }).orFail().lean();
    const document = await venule.reaches(order.id, 'partial_results');
    await venule.journeys.report(document, await digestOf(venule.store, venule.catalogue, heard));
    expect(await stateOf(venule.workflow(order))).toMatchObject({ reports_waiting: [] });

    await deliver(
      order,
      order.markers.slice(-1).map(({ provider_id }) => provider_id),
    );
    await venule.ended(order);
    const [ordered, requisition_created, ...reported] = await statuses(order);
    expect([ordered, requisition_created, ...new Set(reported)]).toEqual([
      'ordered',
      'requisition_created',
      'partial_results',
      'completed',
    ]);
    const result = await venule.store.results.findOne({ order_id: order.id }).sort({ version: -1 }).orFail().lean();
    expect(result.result.missing_results).toEqual([]);
  });

  test('continues as new as a redraw too, and its transaction waits for its end', async () => {
    const order = await venule.place({ labTest: 'labcorp-thyroid-panel' }, { longest_history: 25 });
    await venule.reaches(order.id, 'requisition_created');
    const lost = { '3016-3': 'QS', '3024-7': 'QS', '3051-0': 'QS' };
    await venule.deliver('labcorp', labMessage(venule.catalogue, order, { lost }));
    await venule.reaches(order.id, 'redraw_available');
    const { order: redraw } = await venule.redrawOf(order);
    await venule.reaches(redraw.id, 'requisition_created');
    await reportOneByOne(redraw, redraw.markers.slice(0, -1));
    await reportUntilContinued(venule, redraw, { status: 'C', tests: [redraw.markers[0]?.provider_id ?? ''] });
    await deliver(
      redraw,
      redraw.markers.slice(-1).map(({ provider_id }) => provider_id),
    );
    const transaction = await venule.ended(order);
    expect(await transaction.result()).toMatchObject({
      status: 'completed',
      orders: [{ last_status: 'redraw_available' }, { last_status: 'completed' }],
    });
  });
});
