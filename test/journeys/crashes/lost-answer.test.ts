/** A worker dies between two tasks of a journey, and Temporal's SDK loses the answer to a command (temporal/lost-answer.ts). */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Order, RecordedEvent } from '../../../domain/orders/order.ts';
import { temporalJourneys } from '../../../temporal/journeys.ts';
import { journeyState } from '../../../workflows/messages.ts';
import { type InProcessVenule, startVenule } from '../../support/running/in-process-venule.ts';
import { stateOf } from '../../support/temporal-view.ts';
import { until } from '../../support/until.ts';

let venule: InProcessVenule;
/** A worker that is to be killed. */
let doomed: ChildProcess | undefined;

/** A doomed worker's own questions would take the place of the test's. */
const ASKS_NOBODY = JSON.stringify({ journey_checked_after: 3_600_000 });

beforeAll(async () => {
  // A caller has an answer within the patience of one command.
  venule = await startVenule({ policy: { journey_checked_after: 300, command_tried_for: 60_000 } });
}, 120_000);

beforeEach(() => venule.startWorker());

afterAll(async () => {
  doomed?.kill('SIGKILL');
  await venule?.close();
});

/** What a run's history says since a command was accepted, in order. */
async function sinceTheUpdate(order: Order, run?: string): Promise<string[]> {
  const { workflowId } = venule.workflow(order);
  const { events = [] } = await venule.client.workflow.getHandle(workflowId, run).fetchHistory();
  const accepted = events?.findIndex((event) => event.workflowExecutionUpdateAcceptedEventAttributes) ?? -1;
  return (accepted < 0 ? [] : (events ?? []).slice(accepted)).flatMap((event) => {
    if (event.workflowExecutionUpdateAcceptedEventAttributes) return ['accepted'];
    if (event.workflowExecutionUpdateCompletedEventAttributes) return ['completed'];
    if (event.markerRecordedEventAttributes) return ['marker'];
    return event.workflowTaskFailedEventAttributes ? ['failed'] : [];
  });
}

/** Cancels an order that has its requisition, has the answer lost, and waits until the caller has one all the same. */
async function cancelLosingTheAnswer(order: Order): Promise<void> {
  const document = await venule.reaches(order.id, 'requisition_created');
  const workflow = venule.workflow(order);
  const { runId } = await workflow.describe();
  await venule.stopWorker();

  // Command and question wait for a worker, and come to it with one task.
  const canceled = venule.journeys.cancel(document);
  canceled.catch(() => {});
  await until(async () => (await workflow.describe()).raw.pendingWorkflowTask);
  workflow.query(journeyState).catch(() => {});
  doomed = spawn(process.execPath, ['--import', './test/support/running/slow-answer.ts', 'worker.ts'], {
    env: { ...process.env, ...venule.environment, VENULE_POLICY: ASKS_NOBODY },
    stdio: 'ignore',
  });
  await until(async () => (await sinceTheUpdate(order)).includes('marker'), 60_000);
  doomed.kill('SIGKILL');
  await once(doomed, 'exit');
  expect(await sinceTheUpdate(order)).toEqual(['accepted', 'marker']);

  await venule.startWorker();
  // The fault is there: without it, this test would show nothing.
  await until(async () => (await sinceTheUpdate(order, runId)).includes('failed'));
  await canceled;
  await until(async () => (await workflow.describe()).runId !== runId);
}

/** Everything that follows from a cancellation has happened, and once. */
async function expectCanceledOnce(order: Order): Promise<void> {
  const expected = ['ordered', 'requisition_created', 'cancelled'];
  const { events } = await stateOf(venule.workflow(order));
  expect(events.map(({ status }: RecordedEvent) => status)).toEqual(expected);
  const stored = await venule.reaches(order.id, 'cancelled');
  expect(stored.events.map(({ status }) => status)).toEqual(expected);
  expect(await venule.atLab(order)).toMatchObject({ state: 'cancelled', received: { new: 1, cancel: 1 } });
  const mails = venule.mails.filter(
    ({ subject, messageId }) => messageId?.includes(order.id) && /cancel/i.test(`${subject}`),
  );
  expect(mails).toHaveLength(1);
  expect((await venule.webhooks(order.id)).map(({ event_number }) => event_number)).toEqual([1, 2, 3]);
}

test('1.1, 1.9: a cancellation whose answer was lost is carried out, once, and its caller has an answer', async () => {
  const order = await venule.place();
  await cancelLosingTheAnswer(order);
  const outcome = await (await venule.ended(order)).result();
  expect(outcome).toMatchObject({ status: 'cancelled', orders: [{ id: order.id, last_status: 'cancelled' }] });
  await expectCanceledOnce(order);
}, 200_000);

test('D3: so is that of a redraw, and its parent comes to its end', async () => {
  const order = await venule.place({ labTest: 'labcorp-thyroid-panel' });
  await venule.reaches(order.id, 'requisition_created');
  await venule.simulate(order, { final_status: 'completed', missing: [{ loinc: '3016-3', reason: 'QS' }] });
  await venule.reaches(order.id, 'redraw_available');
  const redraw = (await venule.redrawOf(order)).order;
  await cancelLosingTheAnswer(redraw);
  const outcome = await (await venule.ended(order)).result();
  expect(outcome).toMatchObject({
    orders: [
      { id: order.id, last_status: 'redraw_available' },
      { id: redraw.id, last_status: 'cancelled' },
    ],
  });
  expect((await stateOf(venule.workflow(order))).failed).toEqual([]);
  await venule.ended(redraw);
  await expectCanceledOnce(redraw);
}, 200_000);

test('1.1: a journey that is at work is not asked how far it is', async () => {
  const order = await venule.place();
  const document = await venule.reaches(order.id, 'requisition_created');
  const { position } = temporalJourneys(venule.client, venule.taskQueue, venule.policy);
  await venule.stopWorker();
  const canceled = venule.journeys.cancel(document);
  await until(async () => (await venule.workflow(order).describe()).raw.pendingWorkflowTask);
  expect(await position(document)).toBe('busy');
  await venule.startWorker();
  await canceled;
  await venule.ended(order);
  expect(await position(document)).toBe('closed');
}, 200_000);
