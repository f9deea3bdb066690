/**
 * 0005: a journey that began on older code goes on on today's. What an open one must do differently is behind `patched`:
 * under the first rules, whoever asked for something after an engineer had canceled the workflow was told of a failure.
 */
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { journeyWorkflowId, transactionWorkflowId } from '../../domain/ids.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { openOrder } from '../../store/orders/open-order.ts';
import { parseCodecKeys } from '../../temporal/codec.ts';
import { encryptingConverter } from '../../temporal/connection.ts';
import { searchAttributesOf } from '../../workflows/search-attributes.ts';
import { anOrder, type InProcessVenule, startVenule, TEST_CODEC_KEYS } from '../support/in-process-venule.ts';
import { HISTORIES, readHistory, recordedHistories } from '../support/recorded-history.ts';
import { changedWorkflowBundle, workflowBundle } from '../support/workflow-bundle.ts';

const RECORDED = 'rules-1/walk-in-answered-after-an-engineer';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
  const loader = join(HISTORIES, 'changed/without-patch.cjs');
  const before = await changedWorkflowBundle('workflows/shielded.ts', loader);
  await venule.stopWorker();
  await venule.startWorker(before);
}, 120_000);
afterAll(() => venule?.close());

/** An order under the first rules with an appointment at a service center, which outlives its order. */
async function booked(): Promise<OrderDocument> {
  const { store, catalogue, client, taskQueue, teamId, policy } = venule;
  const order = anOrder(catalogue, teamId, { labTest: 'quest-lipid-panel' }, policy);
  await client.workflow.start('orderTransaction', {
    taskQueue,
    workflowId: transactionWorkflowId(order.transaction_id),
    args: [{ order, policy }],
    typedSearchAttributes: searchAttributesOf(order),
  });
  await openOrder(store, catalogue, order);
  const document = await venule.reaches(order.id, 'requisition_created');
  const times = await ask('/v3/order/psc/appointment/availability?lab=quest', { zip_code: '85004', radius: 25 });
  const { booking_key } = times.slots.at(-1).slots.at(-1);
  await ask(`/v3/order/${order.id}/psc/appointment/book`, { booking_key });
  return document;
}

// biome-ignore lint/suspicious/noExplicitAny: an answer is read field by field.
async function ask(path: string, body: object): Promise<any> {
  const headers = { 'x-vital-api-key': venule.api.key, 'content-type': 'application/json' };
  const response = await fetch(`${venule.api.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(response.status).toBe(200);
  return response.json();
}

/** Asks for something once an engineer has canceled the workflow. */
async function askedAfterAnEngineer(document: OrderDocument) {
  await venule.workflow(document.order).cancel();
  await venule.reaches(document._id, 'cancelled');
  return venule.journeys.appointment(document, { kind: 'cancel', reason: 'Other', notes: null });
}

test('1.6: an open journey of before answers whoever asks after an engineer has canceled its workflow', async () => {
  const [one, other] = [await booked(), await booked()];
  // On the code of before: it is done, and the caller is told that it failed.
  await expect(askedAfterAnEngineer(one)).rejects.toThrow();

  await venule.stopWorker();
  await venule.startWorker();
  expect(await askedAfterAnEngineer(other)).toMatchObject({ status: 'cancelled' });
  const workflow = await venule.ended(other.order);

  const history = await workflow.fetchHistory();
  const patches = history.events?.filter(
    ({ markerRecordedEventAttributes: marker }) => marker?.markerName === 'core_patch',
  );
  expect(patches).toHaveLength(1);
  const code = {
    workflowBundle: await workflowBundle(),
    dataConverter: encryptingConverter(parseCodecKeys(TEST_CODEC_KEYS)),
  };
  await Worker.runReplayHistory(code, history, journeyWorkflowId(other.order));
}, 120_000);

test('its history, recorded when the code changed, is among those that are replayed', () => {
  expect(recordedHistories()).toContain(RECORDED);
  const names = readHistory(RECORDED).events?.map(({ markerRecordedEventAttributes: marker }) => marker?.markerName);
  expect(names).toContain('core_patch');
});
