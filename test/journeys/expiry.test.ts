import { DateTime } from 'luxon';
import type { Order } from '../../domain/orders/order.ts';
import type { OrderResult } from '../../domain/results/results.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { textOf } from '../documents/pdf-reader.ts';
import { atHome } from '../support/at-home.ts';
import { allLost, labMessage } from '../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { stateOf } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';

/** A deadline for results so many milliseconds after the requisition. */
const expiringIn = (deadline: number) => ({ requisition_valid: { walk_in_test: 1 }, results_awaited_longer: deadline });
const SOON = expiringIn(300);

const CBC = '005009';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const statuses = async (order: Order) => (await venule.reaches(order.id, 'ordered')).events.map(({ status }) => status);

/** An order about which the lab has sent a message before any worker could give it to the journey. */
async function placeWithStoredReport(tests?: string[], policy: Record<string, unknown> = {}): Promise<Order> {
  await venule.stopWorker();
  const order = await venule.place({ labTest: 'labcorp-cbc-and-cmp' }, { ...SOON, ...policy });
  const answer = await venule.deliver('labcorp', labMessage(venule.catalogue, order, { ...(tests && { tests }) }));
  expect(answer.text).toContain('MSA|AA');
  return order;
}

/** Makes a stored report somebody else's to deliver, until that moment. */
const lease = (order: Order, leaseUntil: Date) =>
  venule.store.labMessages.updateOne({ order_id: order.id, state: 'stored' }, { $set: { lease_until: leaseUntil } });

const untilItYields = (order: Order) =>
  until(async () => (await stateOf(venule.workflow(order))).waiting_for === 'a report, which is being delivered');

describe('F1: an order whose results do not come in time', () => {
  test('is cancelled, saying why, and the lab is told', async () => {
    const order = await venule.place({}, SOON);
    const { events } = await venule.reaches(order.id, 'cancelled');
    expect(events.at(-1)?.reason).toBe('The requisition expired: no results arrived in time.');
    await venule.ended(order);
    expect(await venule.atLab(order)).toMatchObject({ state: 'cancelled', received: { cancel: 1 } });
    const webhooks = await venule.webhooks(order.id);
    expect(webhooks.at(-1)?.body.data.events.at(-1)).toMatchObject({ status: 'cancelled.walk_in_test.cancelled' });
  });

  test('is completed when some have come, and the others are listed as missing', async () => {
    const order = await placeWithStoredReport([CBC]);
    await venule.startWorker();
    const { events } = await venule.reaches(order.id, 'completed');
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'partial_results', 'completed']);
    expect(events.at(-1)?.reason).toBe('The lab sent no further results in time.');

    const last = await venule.store.results.findOne({ order_id: order.id }).sort({ version: -1 }).orFail().lean();
    const promised = order.markers.find(({ provider_id }) => provider_id !== CBC)?.result_slugs;
    expect(last.result.missing_results.map(({ slug }) => slug)).toEqual(promised);
    expect(last.result.metadata.status).toBe('final');
    expect(await venule.atLab(order)).toMatchObject({ received: { cancel: 0 } });
  });

  test('G2: is completed naming the report that was set aside, when that holds the others', async () => {
    const order = await placeWithStoredReport([CBC], expiringIn(2_000));
    await venule.deliver(
      'labcorp',
      labMessage(venule.catalogue, { ...order, patient: { ...order.patient, dob: '1950-01-01' } }),
    );
    await venule.startWorker();
    const { events } = await venule.reaches(order.id, 'completed');
    const aside = await venule.store.labMessages.findOne({ order_id: order.id, state: 'unmatched' }).orFail().lean();
    expect(events.at(-1)?.reason).toContain(aside._id);
    await venule.ended(order);
    expect((await stateOf(venule.workflow(order))).troubles).toContainEqual(events.at(-1)?.reason);
  });

  test('does not expire while a report on it is stored and not yet delivered', async () => {
    const order = await placeWithStoredReport();
    await lease(order, new Date(Date.now() + 3_600_000));
    await venule.startWorker();
    await venule.reaches(order.id, 'requisition_created');
    await untilItYields(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created']);

    await lease(order, new Date(0));
    const { events } = await venule.reaches(order.id, 'completed');
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'completed']);
    expect(events.at(-1)?.reason).toBeNull();
  });
});

test('F1: an order that has expired but for a report on its way can still be cancelled, at once', async () => {
  const order = await placeWithStoredReport(undefined, { expiry_grace: 3_600_000 });
  await lease(order, new Date(Date.now() + 3_600_000));
  await venule.startWorker();
  const document = await venule.reaches(order.id, 'requisition_created');
  await untilItYields(order);
  await venule.journeys.cancel(document);
  await venule.ended(order);
  expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'cancelled']);

  await lease(order, new Date(0));
  const inInbox = () => venule.store.labMessages.findOne({ order_id: order.id }).orFail().lean();
  await until(async () => (await inInbox()).unmatched_reason === 'match_cancelled');
});

test('F1: an order whose results come in time does not expire', async () => {
  const order = await venule.place({}, expiringIn(60_000));
  await venule.reaches(order.id, 'requisition_created');
  await venule.simulate(order, { final_status: 'completed' });
  await venule.ended(order);
  const { events } = await venule.reaches(order.id, 'completed');
  expect(events.map(({ reason }) => reason).filter(Boolean)).toEqual([]);
});

test('F1: a redraw that nobody draws in time is cancelled, and its transaction is completed', async () => {
  await venule.stopWorker();
  const order = await venule.place({ labTest: 'labcorp-thyroid-panel' }, SOON);
  const lost = labMessage(venule.catalogue, order, { lost: { '3016-3': 'QS' } });
  await venule.deliver('labcorp', lost);
  await venule.startWorker();
  await venule.reaches(order.id, 'redraw_available');
  const { order: redraw } = await venule.redrawOf(order);
  const { events } = await venule.reaches(redraw.id, 'cancelled');
  expect(events.at(-1)?.reason).toBe('The requisition expired: no results arrived in time.');
  const workflow = await venule.ended(order);
  expect(await workflow.result()).toEqual({
    status: 'completed',
    orders: [
      { id: order.id, last_status: 'redraw_available' },
      { id: redraw.id, last_status: 'cancelled' },
    ],
  });
});

test('F1: the requisition, and that of a redraw, say until when they are valid by the journey’s own policy', async () => {
  const days = 12;
  const policy = { requisition_valid: { walk_in_test: days * 24 * 3_600_000 } };
  const order = await venule.place({ labTest: 'labcorp-thyroid-panel' }, policy);
  await venule.reaches(order.id, 'requisition_created');
  await venule.deliver('labcorp', labMessage(venule.catalogue, order, { lost: { '3016-3': 'QS' } }));
  const { order: redraw } = await venule.redrawOf(order);
  for (const { id } of [order, redraw]) {
    const { events } = await venule.reaches(id, 'requisition_created');
    const issued = events.find(({ status }) => status === 'requisition_created')?.created_at ?? '';
    const lastDay = DateTime.fromISO(issued, { zone: order.options.time_zone }).plus({ hours: 24 * days });
    const printed = await textOf((await venule.documents.requisition(id)) as Buffer);
    expect(printed).toContain(`Valid until ${lastDay.toFormat('MMM d, yyyy')}`);
  }
});

const read = (path: string) =>
  fetch(`${venule.api.url}/v3/${path}`, { headers: { 'x-vital-api-key': venule.api.key } });

/** The result of an order, and the combined one of its transaction: the same, as JSON and as a PDF. */
async function resultOf({ id, transaction_id }: Order): Promise<{ result: OrderResult; paper: string[] }> {
  const places = [`order/${id}/result`, `order_transaction/${transaction_id}/result`];
  const [result, combined] = (await Promise.all(places.map(async (path) => (await read(path)).json()))) as [
    OrderResult,
    OrderResult,
  ];
  expect(combined).toEqual(result);
  const papers = await Promise.all(places.map(async (path) => Buffer.from(await (await read(`${path}/pdf`)).bytes())));
  return { result, paper: await Promise.all(papers.map((paper) => textOf(paper))) };
}

/** That everything which was ordered is missing, without a word of the laboratory. */
async function lacksEverything(order: Order): Promise<void> {
  const { result, paper } = await resultOf(order);
  const { results, missing_results, metadata } = result;
  expect(results).toEqual([]);
  expect(missing_results.map(({ slug }) => slug)).toEqual([
    ...new Set(order.markers.flatMap((one) => one.result_slugs)),
  ]);
  expect(metadata).toMatchObject({ status: 'final', interpretation: 'unknown' });
  expect(await (await read(`order/${order.id}/result/metadata`)).json()).toEqual(metadata);
  for (const text of paper) {
    expect(text).toContain('The laboratory reported no results');
    expect(text).toContain(`0 results · none flagged · ${missing_results.length} not reported`);
  }
  const document = await venule.reaches(order.id, 'completed');
  expect(document).toMatchObject({ has_missing_results: true, interpretation: 'unknown', result_version: 1 });
}

describe('F1: an order that is drawn on site', () => {
  const expiring = (deadline: number) =>
    venule.place(
      { labTest: 'labcorp-wellness-panel-on-site', options: { sms_enabled: true, results_ready_mail: true } },
      { requisition_valid: { on_site_collection: 1 }, results_awaited_longer: deadline },
    );

  const drawnAndExpired = async () => {
    const order = await expiring(4_000);
    const document = await venule.reaches(order.id, 'requisition_created');
    await venule.journeys.drawCompleted(document, { kind: 'key', id: 'test' });
    await venule.ended(order);
    return order;
  };

  test('is cancelled when nobody has drawn', async () => {
    const order = await expiring(300);
    await venule.ended(order);
    const { events } = await venule.reaches(order.id, 'cancelled');
    expect(events.at(-1)?.reason).toBe('The requisition expired: no results arrived in time.');
  });

  test('is completed when it was drawn, with what is missing; nobody is told of results that there are not', async () => {
    const order = await drawnAndExpired();
    const drawn = ['ordered', 'requisition_created', 'draw_completed', 'completed'];
    expect(await statuses(order)).toEqual(drawn);
    await lacksEverything(order);
    const told = await collectionOf(venule.store.toldMessages).find({ order_id: order.id }).toArray();
    expect(told.map(({ way, kind }) => `${way} ${kind}`).sort()).toEqual([
      'email requisition_ready',
      'sms draw_completed',
      'sms order_received',
      'sms requisition_ready',
    ]);
  });

  test('has the results of a report that comes after all, and what that says of a missing one', async () => {
    const order = await drawnAndExpired();
    const [loinc = ''] = Object.keys(allLost(venule.catalogue, order, 'QS'));
    await venule.deliver('labcorp', labMessage(venule.catalogue, order, { lost: { [loinc]: 'QS' } }));
    await venule.reaches(order.id, 'corrected');
    const { result } = await resultOf(order);
    expect(result.results.length).toBeGreaterThan(0);
    expect(result.missing_results).toMatchObject([{ loinc, inferred_failure_type: 'quantity_not_sufficient_failure' }]);
  });

  test('learns from a report without a single value why there is none', async () => {
    const order = await drawnAndExpired();
    const lost = allLost(venule.catalogue, order, 'QS');
    await venule.deliver('labcorp', labMessage(venule.catalogue, order, { lost }));
    await venule.reaches(order.id, 'corrected');
    const { result } = await resultOf(order);
    expect(result.results).toEqual([]);
    const reasons = new Set(result.missing_results.map((missing) => missing.inferred_failure_type));
    expect(reasons).toEqual(new Set(['quantity_not_sufficient_failure']));
  });
});

test('F1: an order that was drawn at home and never reported on is completed with everything missing', async () => {
  const { order: placed, slots, book, says } = atHome(() => venule);
  const document = await placed({}, { requisition_valid: { at_home_phlebotomy: 1 }, results_awaited_longer: 6_000 });
  const [slot] = await slots();
  await says(await book(document, slot), {
    status: 'completed',
    occurred_at: new Date(Date.now() + 1_000).toISOString(),
  });
  await venule.reaches(document._id, 'draw_completed');
  await venule.ended(document.order);
  await lacksEverything(document.order);
});
