import type { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Order } from '../../domain/orders/order.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { OrderNotCancellable } from '../../temporal/journeys.ts';
import { labMessage } from '../support/partners/lab-message.ts';
import { ownLaboratory } from '../support/partners/own-laboratory.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { currentDetails, pendingActivities, stateOf } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';

const lab = 'labcorp';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterEach(() => venule.fault({ lab, mode: 'ok' }));
afterAll(() => venule.close());

/** Cancels as a caller does. */
async function cancel(order: Order): Promise<void> {
  await venule.journeys.cancel(await venule.reaches(order.id, 'ordered'));
}

const statuses = async (order: Order) => (await venule.reaches(order.id, 'ordered')).events.map(({ status }) => status);

/** Waits until an activity is under way, for the `attempt`th time or later. */
const underWay = (order: Order, type: string, attempt = 1) =>
  until(async () =>
    (await pendingActivities(venule.workflow(order))).find((one) => one.type === type && one.attempt >= attempt),
  );

const isOpen = async (order: Order) => (await venule.workflow(order).describe()).status.name === 'RUNNING';

describe('F4: a cancellation', () => {
  test('of an order at the lab reaches the lab once', async () => {
    const order = await venule.place();
    await venule.reaches(order.id, 'requisition_created');
    await cancel(order);
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'cancelled']);
    expect(await venule.atLab(order)).toMatchObject({ state: 'cancelled', received: { new: 1, cancel: 1 } });
  });

  test('waits for the outcome of an order message that is under way, then reaches the lab once', async () => {
    await venule.fault({ lab, mode: 'slow', times: 1, delay_ms: 1000 });
    const order = await venule.place();
    await underWay(order, 'submitOrder');
    await cancel(order);
    expect(await venule.atLab(order)).toMatchObject({ requisitions_made: 1 });
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'cancelled']);
    expect(await venule.atLab(order)).toMatchObject({ state: 'cancelled', received: { new: 1, cancel: 1 } });
  });

  test('is not sent to a lab that rejects the order message that was under way', async () => {
    const reject: (() => void)[] = [];
    const own = await ownLaboratory(venule.store, lab, (message, response) => {
      reject.push(() => response.end(message.acknowledged('AR', 'The account may not order here.')));
    });
    const order = await venule.place();
    await until(() => own.received.length === 1);
    const cancelled = cancel(order);
    await until(async () => (await stateOf(venule.workflow(order))).cancel_requested);
    for (const answer of reject) answer();
    await cancelled;
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'cancelled']);
    expect(own.received).toEqual([expect.stringContaining(`ORC|NW|${order.placer_order_number}`)]);
    await own.close();
  });

  test('while the lab is down is done at once, and sent until the lab is back', async () => {
    await venule.fault({ lab, mode: 'down' });
    const order = await venule.place();
    await underWay(order, 'submitOrder', 2);
    await cancel(order);
    expect(await statuses(order)).toEqual(['ordered', 'cancelled']);

    await underWay(order, 'cancelAtLab', 2);
    expect(await isOpen(order)).toBe(true);
    await venule.fault({ lab, mode: 'ok' });
    await venule.ended(order);
    expect(await venule.atLab(order)).toMatchObject({ requisitions_made: 0, received: { new: 0, cancel: 1 } });
  });

  test('that the lab could not be told of for long is an open, visible failure of the workflow', async () => {
    const order = await venule.place({}, { undo_tried_for: 500 });
    await venule.reaches(order.id, 'requisition_created');
    await venule.fault({ lab, mode: 'down' });
    await cancel(order);

    const failed = (await venule
      .workflow(order)
      .result()
      .catch((failure: unknown) => failure)) as WorkflowFailedError;
    expect(failed.cause).toBeInstanceOf(ApplicationFailure);
    expect(failed.cause).toMatchObject({
      type: 'CancellationNotDelivered',
      message: expect.stringContaining(
        `Requisition ${order.placer_order_number} could not be canceled at labcorp. Call the lab`,
      ),
    });
    expect(await currentDetails(venule.workflow(order))).toContain('**Action needed:** Requisition');
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'cancelled']);
  });

  test('that the lab refuses stands, and order, webhook, audit and workflow say what the lab said', async () => {
    const order = await venule.place();
    await venule.reaches(order.id, 'requisition_created');
    await venule.fault({ lab, mode: 'reject', times: 1 });
    await cancel(order);
    await expect(venule.workflow(order).result()).rejects.toThrow();
    const card = await currentDetails(venule.workflow(order));
    expect(card).toMatch(/\*\*Action needed:\*\* Requisition .* labcorp says it is too late to cancel/);

    const { events, last_status } = await venule.reaches(order.id, 'cancelled');
    expect(last_status).toBe('cancelled');
    const refusal = expect.stringContaining('labcorp rejected the cancellation');
    expect(events.at(-1)).toMatchObject({ status: 'cancelled', status_detail: 'fulfillment_error', reason: refusal });
    const [told, ...more] = (await venule.webhooks(order.id)).filter(({ _id }) => _id.includes('cancellation_refused'));
    expect(more).toEqual([]);
    expect(told?.event_type).toBe('labtest.order.updated');
    expect(told?.body.data.events.at(-1)).toMatchObject({ status_detail: 'fulfillment_error' });
    const audited = await collectionOf(venule.store.audit)
      .find({ order_id: order.id, action: 'order.cancellation_refused' })
      .toArray();
    expect(audited).toMatchObject([{ by: { kind: 'partner', id: lab } }]);

    await venule.deliver(lab, labMessage(venule.catalogue, order));
    const held = await until(() => venule.store.labMessages.findOne({ order_id: order.id, state: 'unmatched' }).lean());
    expect(held).toMatchObject({ unmatched_reason: 'match_cancelled', team_id: order.team_id });
    await until(async () =>
      (await venule.webhooks(order.id)).some(({ event_type }) => event_type === 'labtest.match_review.created'),
    );
  });

  test('asked for twice at once is one cancellation', async () => {
    const order = await venule.place();
    await venule.reaches(order.id, 'requisition_created');
    await Promise.all([cancel(order), cancel(order)]);
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'cancelled']);
    expect(await venule.atLab(order)).toMatchObject({ received: { new: 1, cancel: 1 } });
  });

  test('before any worker has seen the order ends it before the lab hears of it', async () => {
    await venule.stopWorker();
    const order = await venule.place();
    const cancelled = cancel(order);
    await venule.startWorker();
    await cancelled;
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'cancelled']);
    await expect(venule.atLab(order)).rejects.toThrow('has no order');
  });

  test('of an order with partial results is refused', async () => {
    const order = await venule.place({ labTest: 'labcorp-cbc-and-cmp' });
    await venule.reaches(order.id, 'requisition_created');
    await venule.simulate(order, { final_status: 'partial_results' });
    await venule.reaches(order.id, 'partial_results');
    await expect(cancel(order)).rejects.toThrow(OrderNotCancellable);
    await expect(cancel(order)).rejects.toThrow('Transition from partial_results to cancelled is not allowed');
    expect(await venule.atLab(order)).toMatchObject({ received: { cancel: 0 } });
  });

  test('of the workflow, by an engineer in Temporal, cancels the order', async () => {
    const order = await venule.place();
    await venule.reaches(order.id, 'requisition_created');
    await venule.workflow(order).cancel();
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'cancelled']);
    expect(await venule.atLab(order)).toMatchObject({ state: 'cancelled', received: { cancel: 1 } });
  });

  test('of the workflow, by an engineer who comes too late, stops nothing: neither the order nor its redraw', async () => {
    const order = await venule.place({ labTest: 'labcorp-thyroid-panel' });
    await venule.reaches(order.id, 'requisition_created');
    await venule.simulate(order, { final_status: 'partial_results', missing: [{ loinc: '3016-3', reason: 'QS' }] });
    await venule.reaches(order.id, 'partial_results');
    await venule.workflow(order).cancel();
    await venule.simulate(order, { final_status: 'completed', missing: [{ loinc: '3016-3', reason: 'QS' }] });
    await venule.reaches(order.id, 'redraw_available');
    const { order: redraw } = await venule.redrawOf(order);
    await venule.reaches(redraw.id, 'requisition_created');
    await venule.simulate(redraw, { final_status: 'completed' });
    await venule.ended(order);
    expect((await venule.reaches(redraw.id, 'completed')).last_status).toBe('completed');
  });
});
