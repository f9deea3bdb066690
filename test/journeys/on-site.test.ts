/** On-site collection, through the SDK and a laboratory: whoever draws says so, and the journey goes on from there. */

import { type Junction, JunctionClient } from '@junction-api/sdk';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';
import { createApiKey, createTeam } from '../../store/access/teams.ts';
import { collectionOf } from '../../store/collections/define.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { digestOf } from '../../store/inbox/lab-inbox.ts';
import { moveAllOutgoing } from '../../store/outbox/outgoing.ts';
import { createEndpoint } from '../../store/outbox/webhook-endpoints.ts';
import { newSigningSecret } from '../../webhooks/signature.ts';
import { checkedFetch, type OpenApi } from '../support/openapi-check.ts';
import { allLost, labMessage } from '../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { orderBySdk } from '../support/sdk-order.ts';
import { currentDetails } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';
import { type Receiver, startReceiver } from '../webhooks/scene.ts';

const ON_SITE = 'labcorp-wellness-panel-on-site';

let venule: InProcessVenule;
let receiver: Receiver;
let openApi: OpenApi;
/** Of a team that is told of everything by webhook, and its patients by mail and SMS. */
let sdk: JunctionClient;

beforeAll(async () => {
  venule = await startVenule();
  receiver = await startReceiver();
  openApi = (await (await fetch(`${venule.api.url}/openapi.json`)).json()) as OpenApi;
  sdk = await newTeam();
});
afterAll(async () => {
  await venule?.close();
  await receiver?.close();
});

async function newTeam(): Promise<JunctionClient> {
  const options = { email_enabled: true, sms_enabled: true, reminders_enabled: true, results_ready_mail: true };
  const team = await createTeam(venule.store, { name: 'Northwind Health', environment: 'sandbox', options });
  const endpoint = { url: receiver.url, description: '', rate_limit: null, disabled: false, filter_types: null };
  await createEndpoint(venule.store, team._id, endpoint, newSigningSecret());
  const { key: apiKey } = await createApiKey(venule.store, team, 'tests');
  return new JunctionClient({ apiKey, baseUrl: venule.api.url, maxRetries: 0, fetch: checkedFetch(openApi) });
}

/** Orders as a backend does, and waits for the requisition. */
async function ordered(slug = ON_SITE): Promise<OrderDocument> {
  const [labTest] = [...venule.catalogue.labTests.values()].filter((test) => test.slug === slug);
  const order = await orderBySdk(sdk, String(labTest?.id));
  return venule.reaches(order.id, 'requisition_created');
}

const drawn = ({ _id: orderId }: OrderDocument, by = sdk) =>
  by.labTests.updateOnSiteCollectionOrderDrawCompleted({ orderId });
const cancel = ({ _id: orderId }: OrderDocument) => sdk.labTests.cancelOrder({ orderId });
const read = ({ _id: orderId }: OrderDocument) => sdk.labTests.getOrder({ orderId });
const report = ({ order }: OrderDocument, ...changes: Parameters<typeof labMessage>[2][]) =>
  venule.deliver(order.lab_slug, labMessage(venule.catalogue, order, ...changes));

const statusesOf = ({ events }: Pick<Junction.ClientFacingOrder, 'events'>) => events.map(({ status }) => status);
const full = (...low: string[]) => low.map((each) => expect.stringMatching(`\\.on_site_collection\\.${each}$`));

const auditOf = (order: OrderDocument, status: OrderLowLevelStatus) =>
  moveAllOutgoing(venule.store, { orders: [order._id] }).then(() =>
    collectionOf(venule.store.audit).findOne({ order_id: order._id, action: `order.${status}` }),
  );

test('A1–A7: an order is drawn on site, reported in part and then whole, and told of at every step', async () => {
  const order = await ordered();
  expect(order.order.options).toMatchObject({ sms_enabled: true, reminders_enabled: false });
  expect(await currentDetails(venule.workflow(order.order))).toContain('the caller to report the draw');
  const answer = await drawn(order);
  expect(answer).toMatchObject({
    status: 'success',
    message: 'order updated',
    order: { status: 'sample_with_lab', lastEvent: { status: 'sample_with_lab.on_site_collection.draw_completed' } },
  });
  const [first, ...others] = order.order.markers.map(({ provider_id }) => provider_id);
  await report(order, { tests: [String(first)] });
  await venule.reaches(order._id, 'partial_results');
  expect(await sdk.labTests.getResultRaw({ orderId: order._id })).toMatchObject({ metadata: { status: 'partial' } });
  await report(order, { tests: others });
  await venule.ended(order.order);

  const ended = await read(order);
  const STATUSES = ['ordered', 'requisition_created', 'draw_completed', 'partial_results', 'completed'];
  expect(statusesOf(ended)).toEqual(full(...STATUSES));
  expect(ended).toMatchObject({ orderTransaction: { status: 'completed' }, details: { type: 'on_site_collection' } });
  expect(await sdk.labTests.getResultRaw({ orderId: order._id })).toMatchObject({
    metadata: { status: 'final' },
    missingResults: [],
  });
  const pdf = await sdk.labTests.getResultPdf({ orderId: order._id });
  expect(Buffer.from(await pdf.arrayBuffer()).toString('latin1', 0, 5)).toBe('%PDF-');

  const webhooks = await until(() => {
    const bodies = receiver.received.map(({ body }) => JSON.parse(body.toString()));
    const ours = bodies.filter(({ data }) => data.id === order._id);
    return ours.length >= 4 && ours;
  });
  expect(webhooks.map(({ event_type, data }) => [event_type, data.events.at(-1).status])).toEqual([
    ['labtest.order.created', 'received.on_site_collection.ordered'],
    ['labtest.order.updated', 'received.on_site_collection.requisition_created'],
    ['labtest.order.updated', 'sample_with_lab.on_site_collection.draw_completed'],
    ['labtest.order.updated', 'completed.on_site_collection.completed'],
  ]);

  const mails = venule.mails.filter(({ to }) => to?.[0]?.address === order.order.patient.email);
  const ids = [`<${order._id}.requisition_ready@venule>`, `<${order._id}.results_ready@venule>`];
  expect(mails.map(({ messageId }) => messageId)).toEqual(ids);
  const [ready] = mails;
  expect(ready?.attachments.map(({ mimeType }) => mimeType)).toEqual(['application/pdf']);
  expect(ready?.text).toContain('collected on site');
  expect(ready?.text).not.toContain('/book/');
  const texted = await collectionOf(venule.store.toldMessages).find({ order_id: order._id, way: 'sms' }).toArray();
  const kinds = ['draw_completed', 'order_received', 'requisition_ready', 'results_ready'];
  expect(texted.map(({ kind }) => kind).sort()).toEqual(kinds);
  expect((await auditOf(order, 'draw_completed'))?.by).toMatchObject({ kind: 'key' });
});

test('the draw is reported once, however often it is said, and only where there can be one', async () => {
  const order = await ordered();
  await Promise.all([drawn(order), drawn(order), drawn(order)]);
  await drawn(order);
  expect(statusesOf(await read(order))).toEqual(full('ordered', 'requisition_created', 'draw_completed'));

  const refused = (message: string) => ({ statusCode: 400, body: { message } });
  await report(order);
  await venule.reaches(order._id, 'completed');
  await expect(drawn(order)).rejects.toMatchObject(
    refused('Transition from completed to draw_completed is not allowed'),
  );
  const walkIn = await ordered('labcorp-wellness-panel');
  await expect(drawn(walkIn)).rejects.toMatchObject(
    refused('The draw can be reported for on_site_collection orders, and this order is walk_in_test'),
  );
  await expect(drawn(order, await newTeam())).rejects.toMatchObject({ statusCode: 404 });
});

test('nothing is booked for it, and the reason is said', async () => {
  const { _id: orderId } = await ordered();
  const refused = (message: string) => ({ statusCode: 400, body: { message } });
  await expect(sdk.labTests.bookPhlebotomyAppointment({ orderId, body: { bookingKey: 'any' } })).rejects.toMatchObject(
    refused('Phlebotomy appointments are for at_home_phlebotomy orders, and this order is on_site_collection'),
  );
  await expect(sdk.labTests.bookPscAppointment({ orderId, body: { bookingKey: 'any' } })).rejects.toMatchObject(
    refused('Service center appointments are for walk_in_test orders, and this order is on_site_collection'),
  );
});

test('the draw of an order that the laboratory has yet to accept cannot be reported', async () => {
  const { lab_slug } = (await ordered()).order;
  await venule.fault({ lab: lab_slug, mode: 'down' });
  const order = await venule.place({ labTest: ON_SITE });
  const document = await venule.reaches(order.id, 'ordered');
  await expect(venule.journeys.drawCompleted(document, { kind: 'key', id: 'test' })).rejects.toThrow(
    'Transition from ordered to draw_completed is not allowed',
  );
  await venule.fault({ lab: lab_slug, mode: 'ok' });
});

describe('cancellation', () => {
  test.each([
    ['before the draw', async () => {}, 'No sample will be collected'],
    ['after the draw', drawn, 'Labcorp has been asked not to test the sample'],
  ])('%s reaches the laboratory and the patient', async (_, before, words) => {
    const order = await ordered();
    await before(order);
    await cancel(order);
    await venule.ended(order.order);
    expect(await read(order)).toMatchObject({ status: 'cancelled', orderTransaction: { status: 'cancelled' } });
    expect((await venule.atLab(order.order)).received).toEqual({ new: 1, cancel: 1 });
    const mail = venule.mails.find(({ messageId }) => messageId === `<${order._id}.order_cancelled@venule>`);
    expect(mail?.text).toContain(words);
    await expect(drawn(order)).rejects.toMatchObject({ statusCode: 400 });
  });

  test('comes too late when there are results', async () => {
    const order = await ordered();
    await drawn(order);
    const [first] = order.order.markers;
    await report(order, { tests: [String(first?.provider_id)] });
    await venule.reaches(order._id, 'partial_results');
    await expect(cancel(order)).rejects.toMatchObject({
      body: { message: 'Transition from partial_results to cancelled is not allowed' },
    });
  });
});

describe('G2: a report that comes before anybody has reported the draw', () => {
  test('shows the draw when it has a result, and is taken in at once', async () => {
    const order = await ordered();
    const [first, ...others] = order.order.markers.map(({ provider_id }) => provider_id);
    await report(order, { tests: [String(first)] });
    await venule.reaches(order._id, 'partial_results');
    await report(order, { tests: others });
    await venule.ended(order.order);
    const { events } = await venule.reaches(order._id, 'completed');
    expect(events.map(({ status, reason }) => [status, reason])).toEqual([
      ['ordered', null],
      ['requisition_created', null],
      ['draw_completed', 'The laboratory has reported: the specimen was drawn.'],
      ['partial_results', null],
      ['completed', null],
    ]);
    expect((await auditOf(order, 'draw_completed'))?.by).toEqual({ kind: 'partner', id: 'labcorp' });
  });

  test('shows it, too, when it waits behind one that has none', async () => {
    const order = await ordered();
    const [first, ...others] = order.order.markers.map(({ provider_id }) => provider_id);
    await venule.stopWorker();
    await report(order, { tests: [String(first)], lost: allLost(venule.catalogue, order.order, 'RI') });
    await report(order, { tests: others });
    const messages = await venule.store.labMessages.find({ order_id: order._id }).sort({ received_at: 1 }).lean();
    expect(messages).toHaveLength(2);
    for (const message of messages) {
      await venule.journeys.report(order, await digestOf(venule.store, venule.catalogue, message));
    }
    await venule.startWorker();
    await venule.ended(order.order);
    const { events } = await venule.reaches(order._id, 'completed');
    expect(events.map(({ status }) => status)).toEqual([
      'ordered',
      'requisition_created',
      'draw_completed',
      'partial_results',
      'completed',
    ]);
  });

  test('is set aside when its specimen is older than the order, and taken in when the draw is reported', async () => {
    const order = await ordered();
    await report(order, { collected_at: new Date(Date.now() - 3 * 24 * 60 * 60 * 1000) });
    const aside = await until(() =>
      collectionOf(venule.store.labMessages).findOne({ order_id: order._id, state: { $in: ['unmatched', 'applied'] } }),
    );
    expect(aside).toMatchObject({ state: 'unmatched', unmatched_reason: 'wrong_collection' });
    await drawn(order);
    await venule.ended(order.order);
    await venule.reaches(order._id, 'completed');
    expect((await auditOf(order, 'draw_completed'))?.by).toMatchObject({ kind: 'key' });
  });

  test('is set aside when it has none, and taken in when the draw is reported', async () => {
    const order = await ordered();
    await report(order, { lost: allLost(venule.catalogue, order.order, 'RI') });
    const aside = await until(() =>
      collectionOf(venule.store.labMessages).findOne({ order_id: order._id, state: 'unmatched' }),
    );
    expect(aside.unmatched_reason).toBe('wrong_collection');
    await drawn(order);
    await venule.ended(order.order);
    const { events } = await venule.reaches(order._id, 'sample_error');
    expect(events.map(({ status }) => status)).toEqual([
      'ordered',
      'requisition_created',
      'draw_completed',
      'sample_error',
    ]);
  });
});

describe('F6: a simulation', () => {
  const simulate = ({ _id: orderId }: OrderDocument, status: string, body: Junction.SimulationFlags = {}) =>
    sdk.labTests.simulateOrderProcess({
      orderId,
      finalStatus: `${status.replace('.', '.on_site_collection.')}` as Junction.OrderStatus,
      body,
    });
  const reaches = (order: OrderDocument, low: OrderLowLevelStatus) => venule.reaches(order._id, low);

  test('stops at each status on the way, and goes on from there', async () => {
    const order = await ordered();
    await simulate(order, 'sample_with_lab.draw_completed');
    await reaches(order, 'draw_completed');
    await simulate(order, 'sample_with_lab.partial_results');
    await reaches(order, 'partial_results');
    await expect(simulate(order, 'sample_with_lab.draw_completed')).rejects.toMatchObject({
      body: { message: 'Transition from partial_results to draw_completed is not allowed' },
    });
    await simulate(order, 'completed.completed', { interpretation: 'abnormal' });
    expect(await reaches(order, 'completed')).toMatchObject({ interpretation: 'abnormal' });
    await simulate(order, 'completed.corrected');
    await reaches(order, 'corrected');
  });

  test.each([
    ['completed.completed', 'completed'],
    ['failed.sample_error', 'sample_error'],
  ] as const)('draws on the way to %s', async (status, low) => {
    const order = await ordered();
    await simulate(order, status);
    const { events } = await reaches(order, low);
    expect(events.map((event) => event.status).slice(0, 3)).toEqual([
      'ordered',
      'requisition_created',
      'draw_completed',
    ]);
  });

  test('cancels, and refuses what there is not, naming what there is', async () => {
    const order = await ordered();
    const all = ['received.requisition_created', 'sample_with_lab.draw_completed', 'sample_with_lab.partial_results'];
    const more = ['completed.completed', 'completed.corrected', 'failed.sample_error', 'cancelled.cancelled'];
    const known = [...all, ...more].map((each) => each.replace('.', '.on_site_collection.')).join(', ');
    await expect(simulate(order, 'received.requisition_bypassed')).rejects.toMatchObject({
      body: { message: expect.stringMatching(new RegExp(`it can to ${known.replaceAll('.', '\\.')}$`)) },
    });
    await simulate(order, 'cancelled.cancelled');
    await reaches(order, 'cancelled');
  });
});
