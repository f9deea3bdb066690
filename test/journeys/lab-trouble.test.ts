import { randomUUID } from 'node:crypto';
import type { LabAccountDocument } from '../../store/collections/catalogue.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { labMessage } from '../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { currentDetails, pendingActivities, stateOf } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';

const lab = 'labcorp';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule({ policy: { partner_call: 1000 } });
});
afterEach(() => venule.fault({ lab, mode: 'ok' }));
afterAll(() => venule.close());

describe('F4: an order whose lab is in trouble', () => {
  test.each([
    { trouble: 'is down', fault: { mode: 'down' }, words: "can't be reached" },
    { trouble: 'answers AE', fault: { mode: 'error' }, words: 'The order system is not available.' },
    { trouble: 'answers too late', fault: { mode: 'slow', delay_ms: 60_000 }, words: 'did not respond within 1000 ms' },
  ])('waits in ordered, visibly, while the lab $trouble', async ({ fault, words }) => {
    await venule.fault({ lab, ...fault });
    const order = await venule.place();

    const [waiting] = await until(async () => {
      const pending = await pendingActivities(venule.workflow(order));
      return pending[0] && pending[0].lastFailure !== '' ? pending : null;
    });
    expect(waiting).toMatchObject({ type: 'submitOrder', lastFailure: expect.stringContaining(words) });
    expect(await venule.reaches(order.id, 'ordered')).toMatchObject({ last_status: 'ordered' });
    expect((await stateOf(venule.workflow(order))).waiting_for).toBe('labcorp to acknowledge the order');

    await venule.fault({ lab, mode: 'ok' });
    await venule.reaches(order.id, 'requisition_created');
    expect(await venule.atLab(order)).toMatchObject({ requisitions_made: 1 });
  });

  test.each([
    { trouble: 'dropped the connection twice', fault: { mode: 'down', times: 2 }, received: 1 },
    {
      trouble: 'dropped the connection twice after it took the order',
      fault: { mode: 'down', times: 2, after_accept: true },
      received: 3,
    },
    { trouble: 'answered AE twice', fault: { mode: 'error', times: 2 }, received: 3 },
    {
      trouble: 'answered AE twice after it took the order',
      fault: { mode: 'error', times: 2, after_accept: true },
      received: 3,
    },
    {
      trouble: 'took the order and answered too late',
      fault: { mode: 'slow', times: 1, delay_ms: 5000, after_accept: true },
      received: 2,
    },
    { trouble: 'answered late, but in time', fault: { mode: 'slow', times: 1, delay_ms: 300 }, received: 1 },
  ])('makes one requisition when the lab $trouble', async ({ fault, received }) => {
    await venule.fault({ lab, ...fault });
    const order = await venule.place();
    const held = await venule.reaches(order.id, 'requisition_created');
    expect(held.events.map(({ status }) => status)).toEqual(['ordered', 'requisition_created']);
    expect(await venule.atLab(order)).toMatchObject({
      state: 'open',
      requisitions_made: 1,
      received: { new: received, cancel: 0 },
    });
  });

  test('waits for a lab account that the catalogue lost meanwhile, and names it', async () => {
    const { _id: known, ...account } = (await collectionOf(venule.store.labAccounts).findOne({ lab })) ?? { _id: '' };
    const lab_account_id = randomUUID();
    await collectionOf(venule.store.labAccounts).insertOne({ ...account, _id: lab_account_id } as LabAccountDocument);
    await venule.stopWorker();
    await venule.startWorker();
    await venule.fault({ lab, mode: 'down' });
    const order = await venule.place({ lab_account_id });
    const lastWords = async () => (await pendingActivities(venule.workflow(order)))[0]?.lastFailure ?? '';
    await until(async () => (await lastWords()).includes("can't be reached"));
    await collectionOf(venule.store.labAccounts).deleteOne({ _id: lab_account_id });
    await venule.stopWorker();
    await venule.startWorker();
    await until(async () => (await lastWords()).includes(`no longer has the lab account ${lab_account_id}`));
    expect(known).not.toBe(lab_account_id);
  }, 120_000);

  test('is cancelled with the words of a lab that rejects it (AR), and the lab is sent no cancellation', async () => {
    await venule.fault({ lab, mode: 'reject', times: 1 });
    const order = await venule.place();
    const { events } = await venule.reaches(order.id, 'cancelled');
    const workflow = await venule.ended(order);
    expect(events.at(-1)).toMatchObject({
      status_detail: 'fulfillment_error',
      reason: expect.stringContaining('The account may not order here.'),
    });
    expect(await currentDetails(workflow)).toContain('The account may not order here.');
    expect(await venule.atLab(order)).toMatchObject({ requisitions_made: 0, received: { new: 1, cancel: 0 } });
  });

  test('is cancelled as a redraw too, and its transaction is completed', async () => {
    const order = await venule.place({ labTest: 'labcorp-thyroid-panel' });
    await venule.reaches(order.id, 'requisition_created');
    await venule.fault({ lab, mode: 'reject', times: 1 });
    await venule.deliver(lab, labMessage(venule.catalogue, order, { lost: { '3016-3': 'QS' } }));
    const { order: redraw } = await venule.redrawOf(order);
    const { events } = await venule.reaches(redraw.id, 'cancelled');
    expect(events.at(-1)).toMatchObject({ status_detail: 'fulfillment_error' });
    expect(await (await venule.ended(order)).result()).toMatchObject({
      status: 'completed',
      orders: [{ last_status: 'redraw_available' }, { last_status: 'cancelled' }],
    });
  });

  test('is cancelled with the words of a lab that answers AE for as long as the policy allows', async () => {
    await venule.fault({ lab, mode: 'error' });
    const order = await venule.place({}, { lab_tried_for: 600 });
    const { events } = await venule.reaches(order.id, 'cancelled');
    expect(events.at(-1)).toMatchObject({
      status_detail: 'fulfillment_error',
      reason: expect.stringContaining('The order system is not available.'),
    });

    await venule.fault({ lab, mode: 'ok' });
    await venule.ended(order);
    expect(await venule.atLab(order)).toMatchObject({ requisitions_made: 0 });
  });

  test('is cancelled at a lab that took it without ever saying so', async () => {
    await venule.fault({ lab, mode: 'down', after_accept: true });
    const order = await venule.place({}, { lab_tried_for: 600 });
    const { events } = await venule.reaches(order.id, 'cancelled');
    expect(events.at(-1)).toMatchObject({ status_detail: 'fulfillment_error' });

    await venule.fault({ lab, mode: 'ok' });
    await venule.ended(order);
    expect(await venule.atLab(order)).toMatchObject({ state: 'cancelled', requisitions_made: 1 });
  });
});
