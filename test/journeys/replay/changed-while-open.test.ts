/**
 * 0005: a journey that began on older code goes on on today's. What an open one must do differently is behind `patched`:
 * under the first rules, whoever asked for something after an engineer had canceled the workflow was told of a failure;
 * a report on an on-site order that came before its draw was set aside; and nobody heard that a report was read anew.
 */
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { journeyWorkflowId, transactionWorkflowId } from '../../../domain/ids.ts';
import type { Order } from '../../../domain/orders/order.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import { openOrder } from '../../../store/orders/open-order.ts';
import { parseCodecKeys } from '../../../temporal/codec.ts';
import { encryptingConverter } from '../../../temporal/connection.ts';
import { searchAttributesOf } from '../../../workflows/search-attributes.ts';
import { labMessage } from '../../support/partners/lab-message.ts';
import { applied } from '../../support/reading-anew.ts';
import { HISTORIES, readHistory, recordedHistories } from '../../support/recorded-history.ts';
import {
  anOrder,
  type InProcessVenule,
  startVenule,
  TEST_CODEC_KEYS,
} from '../../support/running/in-process-venule.ts';
import { changedWorkflowBundle, workflowBundle } from '../../support/running/workflow-bundle.ts';
import { until } from '../../support/until.ts';

const RECORDED = [
  'rules-1/walk-in-answered-after-an-engineer',
  'rules-2/on-site-reported-on-before-a-change',
  'rules-2/read-anew-and-completed',
];

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
}, 120_000);
afterAll(() => venule?.close());

/** From now on the worker runs older code: today's with one module changed back. */
async function runBefore(module: string, loader: string): Promise<void> {
  const before = await changedWorkflowBundle(module, join(HISTORIES, 'changed', loader));
  await venule.stopWorker();
  await venule.startWorker(before);
}

async function runToday(): Promise<void> {
  await venule.stopWorker();
  await venule.startWorker();
}

/** The journey has ended with one patch in its history, which today's code follows. */
async function endedPatched(order: Order): Promise<void> {
  const workflow = await venule.ended(order);
  const history = await workflow.fetchHistory();
  const patches = history.events?.filter(
    ({ markerRecordedEventAttributes: marker }) => marker?.markerName === 'core_patch',
  );
  expect(patches).toHaveLength(1);
  const code = {
    workflowBundle: await workflowBundle(),
    dataConverter: encryptingConverter(parseCodecKeys(TEST_CODEC_KEYS)),
  };
  await Worker.runReplayHistory(code, history, journeyWorkflowId(order));
}

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
  await runBefore('workflows/shielded.ts', 'without-patch.cjs');
  const [one, other] = [await booked(), await booked()];
  // On the code of before: it is done, and the caller is told that it failed.
  await expect(askedAfterAnEngineer(one)).rejects.toThrow();

  await runToday();
  expect(await askedAfterAnEngineer(other)).toMatchObject({ status: 'cancelled' });
  await endedPatched(other.order);
}, 120_000);

test('G2: an open on-site order of before that set a report aside takes the next one for the draw, and then both', async () => {
  await runBefore('workflows/journey/journey.ts', 'without-early-draws.cjs');
  const order = await venule.place({ labTest: 'labcorp-wellness-panel-on-site' });
  await venule.reaches(order.id, 'requisition_created');
  const [first, ...others] = order.markers.map(({ provider_id }) => provider_id);
  await venule.deliver(order.lab_slug, labMessage(venule.catalogue, order, { tests: [String(first)] }));
  const aside = { order_id: order.id, state: 'unmatched', unmatched_reason: 'wrong_collection' } as const;
  await until(() => venule.store.labMessages.exists(aside));

  await runToday();
  await venule.deliver(order.lab_slug, labMessage(venule.catalogue, order, { tests: others }));
  const { events } = await venule.reaches(order.id, 'completed');
  expect(events[2]).toMatchObject({ status: 'draw_completed', reason: expect.stringContaining('was drawn') });
  await endedPatched(order);
}, 120_000);

test('0022: an open journey of before that passed by a new reading, and took a report after it, takes that in, too', async () => {
  await runBefore('workflows/journey/laboratory/lab-reports.ts', 'without-new-readings.cjs');
  const [cbc, cmp] = ['005009', '322000'];
  const glucose = '2345-7';
  const order = await venule.place({ labTest: 'labcorp-cbc-and-cmp' });
  await venule.reaches(order.id, 'requisition_created');
  const report = (tests: string[]) => labMessage(venule.catalogue, order, { tests, values: { [glucose]: '90,5' } });
  const has = (count: number) =>
    until(async () => (await venule.store.orders.findById(order.id).lean())?.events.length === count);
  await venule.deliver(order.lab_slug, report([cmp]));
  await has(3);
  await applied(venule.store, order.lab_slug, { comma: 'decimal' }, new Date(order.created_at));
  await until(() => venule.store.labReadings.exists({ state: 'told' }));
  const preliminary = labMessage(venule.catalogue, order, { tests: [cbc], status: 'P' });
  await venule.deliver(order.lab_slug, preliminary);
  await has(4);

  await runToday();
  await venule.deliver(order.lab_slug, report([cbc]));
  await endedPatched(order);
  const statuses = (await venule.store.orders.findById(order.id).orFail().lean()).events.map(({ status }) => status);
  expect(statuses.slice(2)).toEqual(['partial_results', 'partial_results', 'completed']);
  const { result } = await venule.store.results.findOne({ order_id: order.id }).sort({ version: -1 }).orFail().lean();
  expect(result.results.find(({ loinc }) => loinc === glucose)?.result).toBe('90.5');
}, 120_000);

test.each(RECORDED)('%s, recorded when the code changed, is among those that are replayed', (name) => {
  expect(recordedHistories()).toContain(name);
  const names = readHistory(name).events?.map(({ markerRecordedEventAttributes: marker }) => marker?.markerName);
  expect(names).toContain('core_patch');
});
