/** What an engineer finds in Temporal UI: any order by what is in hand, and what it waits for. */
import { randomUUID } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { ensureSearchAttributes } from '../../temporal/register-search-attributes.ts';
import { atHome } from '../support/at-home.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { currentDetails } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';

const lab = 'labcorp';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterEach(() => venule.fault({ lab, mode: 'ok' }));
afterAll(() => venule.close());

const { slots, order: placed, book } = atHome(() => venule);

test('an order is found by its requisition number, its user and its transaction', async () => {
  const { order } = await placed();
  const { client } = venule.workflow(order);
  const found = async (identifier: string) => {
    const ids: string[] = [];
    for await (const { workflowId } of client.list({ query: `Identifiers = "${identifier}"` })) ids.push(workflowId);
    return ids;
  };
  const { placer_order_number, user_id, transaction_id } = order;
  for (const identifier of [placer_order_number, user_id, transaction_id]) {
    await until(async () => (await found(identifier)).length > 0);
    expect(await found(identifier)).toEqual([venule.workflow(order).workflowId]);
  }
});

test('a server that the version before has set up gets the search attributes that it lacks', async () => {
  const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS ?? '' });
  try {
    const namespace = `before-${randomUUID()}`;
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    const attributes = () => connection.operatorService.listSearchAttributes({ namespace });
    await until(() =>
      attributes().then(
        () => true,
        () => false,
      ),
    );
    const before = { TeamId: 2, OrderId: 2, OrderStatus: 2, TransactionStatus: 2, Lab: 2, CollectionMethod: 2 };
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: before });
    await until(async () => 'CollectionMethod' in ((await attributes()).customAttributes ?? {}));
    await ensureSearchAttributes(connection, namespace);
    await until(async () => 'Identifiers' in ((await attributes()).customAttributes ?? {}));
    expect((await attributes()).customAttributes).toMatchObject({ ...before, Identifiers: 7 });
  } finally {
    await connection.close();
  }
});

test('the card says what is waited for, until when, and what to do: a lab that is away', async () => {
  await venule.fault({ lab, mode: 'down' });
  const order = await venule.place();
  const card = await until(async () => {
    const details = await currentDetails(venule.workflow(order));
    return details.includes('to acknowledge') && details;
  });
  expect(card).toMatch(
    /\*\*Waiting for:\*\* labcorp to acknowledge the order, until \w{3} \d+(, \d{4})?, \d\d:\d\d E[SD]T at the latest/,
  );
  expect(card).toMatch(/\*\*What to do:\*\* .*If it does not, the pending activity submitOrder shows its last error/);
});

test('the card names the visit in the time of its place, has the newest event first, and survives the end', async () => {
  const document = await placed();
  const [slot] = await slots();
  const booked = await book(document, slot);
  const workflow = venule.workflow(document.order);
  const card = await until(async () => {
    const details = await currentDetails(workflow);
    return details.includes('the visit on') && details;
  });
  const day = new Date(booked.start_at ?? '').toLocaleString('en-US', {
    timeZone: 'America/Phoenix',
    month: 'short',
    day: 'numeric',
  });
  expect(card).toMatch(new RegExp(`\\*\\*Waiting for:\\*\\* the visit on ${day}, \\d\\d:\\d\\d MST, until `));
  expect(card).toContain('ask the provider what happened');

  await venule.journeys.cancel(document);
  await venule.ended(document.order);
  await venule.stopWorker();
  await venule.startWorker();
  const last = await currentDetails(workflow);
  const rows = last.split('\n').flatMap((line) => /^\| (\d+) \| (\w+) /.exec(line)?.slice(1, 3) ?? []);
  expect(rows.slice(0, 4)).toEqual(['5', 'cancelled', '4', 'appointment_scheduled']);
  expect(last).toContain('nothing, the journey has ended');
});

test('every step in a history says in words what it is', async () => {
  const { order } = await placed();
  const { events } = await venule.workflow(order).fetchHistory();
  const steps = (events ?? []).filter(
    (event) => event.markerRecordedEventAttributes || event.activityTaskScheduledEventAttributes,
  );
  expect(steps.length).toBeGreaterThan(2);
  expect(steps.filter(({ userMetadata }) => !userMetadata?.summary).map(({ eventId }) => String(eventId))).toEqual([]);
});
