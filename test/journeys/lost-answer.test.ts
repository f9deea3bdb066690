/** A worker dies between two tasks of a journey, and Temporal's SDK loses the answer to a command (temporal/lost-answer.ts). */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { RecordedEvent } from '../../domain/orders/order.ts';
import { temporalJourneys } from '../../temporal/journeys.ts';
import { journeyState } from '../../workflows/messages.ts';
import { type InProcessVenule, startVenule } from '../support/in-process-venule.ts';
import { stateOf } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';

let venule: InProcessVenule;
/** A worker that is to be killed. */
let doomed: ChildProcess | undefined;

beforeAll(async () => {
  // A caller has an answer within the patience of one command.
  venule = await startVenule({ policy: { journey_checked_after: 300, command_tried_for: 60_000 } });
}, 120_000);

afterAll(async () => {
  doomed?.kill('SIGKILL');
  await venule?.close();
});

test('1.1, 1.9: a cancellation whose answer was lost is carried out, once, and its caller has an answer', async () => {
  const order = await venule.place();
  const document = await venule.reaches(order.id, 'requisition_created');
  const workflow = venule.workflow(order);
  await until(async () => (await stateOf(workflow)).under_way.length === 0);
  const { runId } = await workflow.describe();
  await venule.stopWorker();

  // Command and question wait for a worker, and come to it with one task.
  const canceled = venule.journeys.cancel(document);
  canceled.catch(() => {});
  await until(async () => (await workflow.describe()).raw.pendingWorkflowTask);
  workflow.query(journeyState).catch(() => {});
  doomed = spawn(process.execPath, ['--import', './test/support/slow-answer.ts', 'worker.ts'], {
    env: { ...process.env, ...venule.environment },
    stdio: 'ignore',
  });
  await until(async () => (await sinceTheUpdate()).includes('marker'), 60_000);
  doomed.kill('SIGKILL');
  await once(doomed, 'exit');
  expect(await sinceTheUpdate()).toEqual(['accepted', 'marker']);

  await venule.startWorker();
  // The fault is there: without it, this test would show nothing.
  await until(async () => (await sinceTheUpdate(runId)).includes('failed'));
  await canceled;
  const outcome = await (await venule.ended(order)).result();
  expect(outcome).toMatchObject({ status: 'cancelled', orders: [{ id: order.id, last_status: 'cancelled' }] });
  expect((await workflow.describe()).runId).not.toBe(runId);

  const { events } = await stateOf(workflow);
  expect(events.map(({ status }: RecordedEvent) => status)).toEqual(['ordered', 'requisition_created', 'cancelled']);
  const stored = await venule.reaches(order.id, 'cancelled');
  expect(stored.events.map(({ status }) => status)).toEqual(['ordered', 'requisition_created', 'cancelled']);
  expect(await venule.atLab(order)).toMatchObject({ state: 'cancelled', received: { new: 1, cancel: 1 } });
  const mails = venule.mails.filter(({ subject }) => /cancel/i.test(subject ?? ''));
  expect(mails).toHaveLength(1);
  expect((await venule.webhooks(order.id)).map(({ event_number }) => event_number)).toEqual([1, 2, 3]);

  /** What the history says since a command was accepted, in order. */
  async function sinceTheUpdate(run?: string): Promise<string[]> {
    const { events: all } = await venule.client.workflow.getHandle(workflow.workflowId, run).fetchHistory();
    const accepted = (all ?? []).findIndex((event) => event.workflowExecutionUpdateAcceptedEventAttributes);
    return (all ?? []).slice(accepted < 0 ? all?.length : accepted).flatMap((event) => {
      if (event.workflowExecutionUpdateAcceptedEventAttributes) return ['accepted'];
      if (event.workflowExecutionUpdateCompletedEventAttributes) return ['completed'];
      if (event.markerRecordedEventAttributes) return ['marker'];
      return event.workflowTaskFailedEventAttributes ? ['failed'] : [];
    });
  }
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
