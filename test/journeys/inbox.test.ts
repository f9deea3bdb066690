import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { resultId } from '../../domain/ids.ts';
import type { Order } from '../../domain/orders/order.ts';
import { collectionOf } from '../../store/collections/define.ts';
import { findLabConnection, hashOfPassword, setLabConnection } from '../../store/connections/lab-connections.ts';
import {
  closeReport,
  deliverAgain,
  listRefusedMessages,
  listReports,
  messageTextOf,
  refusedMessageText,
} from '../../store/inbox/inbox-review.ts';
import { moveAllOutgoing } from '../../store/outbox/outgoing.ts';
import { textOf } from '../documents/pdf-reader.ts';
import { type LabMessageChanges, labMessage } from '../support/partners/lab-message.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { pendingActivities, stateOf } from '../support/temporal-view.ts';
import { until } from '../support/until.ts';

const A_PERSON = { kind: 'person', id: 'operator' } as const;

const lab = 'labcorp';
const CBC = '005009';
const CMP = '322000';
/** A result of the CMP. */
const GLUCOSE = '2345-7';
/** A result of the CBC. */
const LEUKOCYTES = '6690-2';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterEach(() => venule.fault({ lab, mode: 'ok' }));
afterAll(() => venule.close());

const message = (order: Order, changes: LabMessageChanges = {}) => labMessage(venule.catalogue, order, changes);

/** Delivers and insists on the acknowledgment AA. */
async function deliver(text: string | Uint8Array<ArrayBuffer>, to = lab): Promise<void> {
  const answer = await venule.deliver(to, text);
  expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('MSA|AA|')]);
}

/** A CBC and a CMP, acknowledged by the lab. */
async function placed(): Promise<Order> {
  const order = await venule.place({ labTest: 'labcorp-cbc-and-cmp' });
  await venule.reaches(order.id, 'requisition_created');
  return order;
}

async function completed(): Promise<Order> {
  const order = await placed();
  await deliver(message(order));
  await venule.reaches(order.id, 'completed');
  await venule.ended(order);
  return order;
}

const statuses = async (order: Order) => (await venule.reaches(order.id, 'ordered')).events.map(({ status }) => status);
const inInbox = (order: Order) =>
  venule.store.labMessages
    .find({ 'report.placer_order_number': order.placer_order_number })
    .sort({ received_at: 1 })
    .lean();

/** Waits until the inbox holds the order's newest report in that state, and answers with it. */
const keptAs = (order: Order, state: string) =>
  until(async () => (await inInbox(order)).find((one, index, all) => index === all.length - 1 && one.state === state));

const resultOf = async (order: Order, loinc: string, version: number) => {
  const { result } = await venule.store.results.findOne({ order_id: order.id, version }).orFail().lean();
  return result.results.find((one) => one.loinc === loinc)?.result;
};
const versionsOf = (order: Order) => venule.store.results.countDocuments({ order_id: order.id });

describe('F5: reports that come again, or in the wrong order', () => {
  test('the same message twice has one effect, and is acknowledged both times', async () => {
    const order = await placed();
    const report = message(order, { tests: [CBC] });
    await deliver(report);
    await deliver(report);
    await venule.reaches(order.id, 'partial_results');
    await deliver(report);
    await deliver(message(order, { tests: [CMP] }));
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'partial_results', 'completed']);
    expect(await inInbox(order)).toHaveLength(2);
  });

  test('the same control id with other content is another message', async () => {
    const order = await placed();
    const control_id = `again-${order.id}`;
    await deliver(message(order, { control_id, tests: [CBC] }));
    await deliver(message(order, { control_id, tests: [CMP] }));
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'partial_results', 'completed']);
  });

  test('a preliminary report that comes after the final one takes nothing back', async () => {
    const order = await placed();
    const earlier = new Date(Date.now() - 60_000);
    await deliver(message(order, { tests: [CMP], values: { [GLUCOSE]: '90' } }));
    await venule.reaches(order.id, 'partial_results');
    await deliver(message(order, { tests: [CMP], status: 'P', values: { [GLUCOSE]: '70' }, reported_at: earlier }));
    await keptAs(order, 'applied');
    await deliver(message(order, { tests: [CBC] }));
    await venule.ended(order);
    expect(await statuses(order)).toEqual([
      'ordered',
      'requisition_created',
      'partial_results',
      'partial_results',
      'completed',
    ]);
    expect(await resultOf(order, GLUCOSE, await versionsOf(order))).toBe('90');
  });

  test('a report that overtakes the record of its requisition waits for it', async () => {
    await venule.fault({ lab, mode: 'slow', times: 1, delay_ms: 1000, after_accept: true });
    const order = await venule.place();
    await until(async () =>
      (await pendingActivities(venule.workflow(order))).some(({ type }) => type === 'submitOrder'),
    );
    await deliver(message(order));
    await until(async () => (await stateOf(venule.workflow(order))).reports_waiting.length === 1);
    expect(await statuses(order)).toEqual(['ordered']);
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'completed']);
  });
});

describe('G1: messages are kept once, as they came', () => {
  test('one about many orders is kept once, and shown with each of its reports', async () => {
    const [one, two] = [await placed(), await placed()];
    const sent = [message(one), ...message(two).split('\r').slice(1)].join('\r');
    await deliver(sent);
    await deliver(sent);
    for (const order of [one, two]) {
      const [report, ...more] = await inInbox(order);
      expect(more).toEqual([]);
      expect(report && (await messageTextOf(venule.store, report))).toBe(sent);
      expect(report?.raw).toBeUndefined();
    }
    expect(await venule.store.labMessageTexts.countDocuments({ raw: sent })).toBe(1);
  });

  test('one in Latin-1 that says so is read as it was meant; the bytes are kept as they came', async () => {
    const order = await placed();
    const labelled = message(order).replace(/^(MSH[^\r]*)/, '$1||||||8859/1');
    const sent = Uint8Array.from(Buffer.from(`${labelled}\rNTE|1|L|Señora Muñoz: 5 µL`, 'latin1'));
    await deliver(sent);
    await venule.reaches(order.id, 'completed');
    const [report] = await inInbox(order);
    expect(JSON.stringify(report?.report)).toContain('Señora Muñoz: 5 µL');
    expect(report && (await messageTextOf(venule.store, report))).toEqual(Buffer.from(sent));
  });

  test('a report that has the message with it, as those of before have, shows that', async () => {
    const old = { raw: 'MSH|^~\\&|OLD', content_hash: 'nothing' };
    expect(await messageTextOf(venule.store, old)).toBe(old.raw);
  });

  test('ten thousand results and a hundred thousand notes: the order completes', async () => {
    const order = await placed();
    const notes = Array.from({ length: 10 }, (_, n) => `NTE|${n}|L|Comment ${n}`).join('\r');
    const known = message(order).match(/\rOBX/g)?.length ?? 0;
    const extra = Array.from({ length: 10_000 - known }, (_, n) => `OBX|${n}|NM|X${n}^Extra^LN||1||||||F\r${notes}`);
    await deliver(`${message(order)}\r${extra.join('\r')}`);
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'completed']);
    const { result } = await venule.store.results.findOne({ order_id: order.id }).orFail().lean();
    expect(result.results.length).toBe(10_000);
  });
});

describe('F5: reports that no journey takes in are kept and shown', () => {
  test('a report on a cancelled order', async () => {
    const order = await placed();
    await venule.journeys.cancel(await venule.reaches(order.id, 'ordered'));
    await venule.ended(order);
    await deliver(message(order));
    expect(await keptAs(order, 'unmatched')).toMatchObject({ unmatched_reason: 'match_cancelled', order_id: order.id });
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'cancelled']);
    expect(await versionsOf(order)).toBe(0);
  });

  test('a report on a cancelled order whose lab has not heard of the cancellation yet', async () => {
    const order = await placed();
    await venule.fault({ lab, mode: 'down' });
    await venule.journeys.cancel(await venule.reaches(order.id, 'ordered'));
    await deliver(message(order));
    expect(await keptAs(order, 'unmatched')).toMatchObject({ unmatched_reason: 'match_cancelled' });
    await venule.fault({ lab, mode: 'ok' });
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'cancelled']);
  });

  test.each([
    { about: 'a placer order number that nobody gave', changes: { placer_order_number: 'V000' }, reason: 'no_match' },
    { about: 'another patient', changes: { family_name: 'Clark' }, reason: 'match_sample_id_mismatch_demo' },
  ])('a report about $about', async ({ changes, reason }) => {
    const order = await placed();
    const control_id = `stray-${order.id}`;
    await deliver(message(order, { ...changes, control_id }));
    const kept = await venule.store.labMessages.findOne({ control_id }).orFail().lean();
    expect(kept).toMatchObject({ state: 'unmatched', unmatched_reason: reason });
    await deliver(message(order));
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'completed']);
  });

  test('a report from a lab that does not have the order', async () => {
    const order = await placed();
    await deliver(message(order), 'quest');
    expect(await keptAs(order, 'unmatched')).toMatchObject({ lab_slug: 'quest', unmatched_reason: 'wrong_lab' });
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created']);
  });

  test('a report with a sandbox lab’s credentials about an order that is not of the sandbox', async () => {
    const order = await venule.place({ options: { sandbox: false } });
    await deliver(message(order));
    expect(await keptAs(order, 'unmatched')).toMatchObject({ unmatched_reason: 'no_match', order_id: null });
  });
});

describe('F5: a report that a person has to look at first', () => {
  test.each([
    { about: 'a man where a woman was drawn', changes: { sex: 'M' }, doubt: 'another_sex' },
    { about: 'somebody without a birth date', changes: { dob: '' }, doubt: 'no_birth_date' },
  ])('one about $about is held; once approved, later ones are not', async ({ changes, doubt }) => {
    const order = await placed();
    await deliver(message(order, { ...changes, tests: [CBC] }));
    const held = await keptAs(order, 'unmatched');
    expect(held).toMatchObject({ unmatched_reason: 'match_sample_id_mismatch_demo', doubts: [doubt] });
    const told = await venule.store.webhookMessages.findOne({
      event_type: 'labtest.match_review.created',
      order_id: order.id,
    });
    expect(JSON.parse(told?.payload ?? '{}').data).toMatchObject({ id: held._id });

    await deliverAgain(venule.store, venule.catalogue, A_PERSON, held._id);
    await venule.reaches(order.id, 'partial_results');
    await deliver(message(order, { ...changes, tests: [CMP] }));
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'partial_results', 'completed']);
    const entry = await venule.store.audit.findOne({ order_id: order.id, action: 'report.delivered_again' }).lean();
    expect(entry).toMatchObject({ by: A_PERSON, detail: { approved_despite: [doubt] } });

    const another = await placed();
    await deliver(message(another, changes));
    await keptAs(another, 'unmatched');
  });

  test('one that says it was reported days after it came counts, once approved, as of its receipt', async () => {
    const order = await placed();
    const tomorrow = new Date(Date.now() + 3 * 24 * 3_600_000);
    await deliver(message(order, { tests: [CMP], values: { [GLUCOSE]: '90' }, reported_at: tomorrow }));
    const held = await keptAs(order, 'unmatched');
    expect(held).toMatchObject({ unmatched_reason: 'match_sample_id', doubts: ['reported_in_the_future'] });
    await deliverAgain(venule.store, venule.catalogue, A_PERSON, held._id);
    await venule.reaches(order.id, 'partial_results');
    await deliver(message(order, { values: { [GLUCOSE]: '95' } }));
    await venule.ended(order);
    expect(await resultOf(order, GLUCOSE, await versionsOf(order))).toBe('95');
  });
});

test('F5: reports that together are more than a result can hold: the one too many is held, never tried for ever, and the order goes on', async () => {
  const order = await placed();
  const long = (code: string) =>
    `${message(order, { tests: [CBC] })}\rOBX|99|TX|${code}^Picture^L||Text||||||F\rNTE|1|L|${'x'.repeat(7_000_000)}`;
  await deliver(long('X1'));
  await deliver(long('X2'));
  await until(async () => (await statuses(order)).length === 4);
  await deliver(long('X3'));
  const held = await keptAs(order, 'unmatched');
  expect(held).toMatchObject({ unmatched_reason: 'match_sample_id', doubts: ['too_long_for_its_result'] });
  await expect(deliverAgain(venule.store, venule.catalogue, A_PERSON, held._id)).rejects.toThrow('shorter one');
  await deliver(message(order, { tests: [CMP] }));
  await venule.ended(order);
  expect((await statuses(order)).slice(2)).toEqual(['partial_results', 'partial_results', 'completed']);
  expect(await keptAs(order, 'applied')).toBeTruthy();
});

test('1.7, F5: an order has at most 500 reports: the next is held and readable, and there is room again when one is not its own', async () => {
  const order = await placed();
  await deliver(message(order, { tests: [CBC] }));
  await until(async () => (await statuses(order)).length === 3);
  const first = await keptAs(order, 'applied');
  const messages = collectionOf(venule.store.labMessages);
  const others = Array.from({ length: 499 }, (_, n) => ({ ...first, _id: `${first._id}-${n}`, control_id: `N${n}` }));
  await messages.insertMany(others);
  await deliver(message(order, { tests: [CMP] }));
  const held = await keptAs(order, 'unmatched');
  expect(held).toMatchObject({ unmatched_reason: 'match_sample_id', doubts: ['too_many_for_its_order'] });
  await expect(deliverAgain(venule.store, venule.catalogue, A_PERSON, held._id)).rejects.toThrow('as many reports');
  expect((await messageTextOf(venule.store, held))?.toString()).toContain(CMP);

  await messages.deleteMany({ _id: { $in: others.map(({ _id }) => _id) } });
  await messages.insertMany(others.slice(1));
  await deliverAgain(venule.store, venule.catalogue, A_PERSON, held._id);
  await venule.ended(order);
  expect((await statuses(order)).slice(2)).toEqual(['partial_results', 'completed']);
});

describe('D4, D5: results that stand where they were not expected', () => {
  test('values under codes that nobody knows are shown, are no sample error, and ask for a person', async () => {
    const order = await placed();
    await deliver(message(order, { result_code: (loinc) => `X${loinc}^Renamed^L` }));
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'completed']);
    const { result } = await venule.store.results.findOne({ order_id: order.id }).orFail().lean();
    expect(result.results.length).toBeGreaterThan(10);
    expect(result.missing_results.length).toBeGreaterThan(10);
    expect((await keptAs(order, 'applied')).unknown_codes).toContain(`X${LEUKOCYTES}`);
    const { troubles } = await stateOf(venule.workflow(order));
    expect(troubles).toEqual([expect.stringContaining(`X${LEUKOCYTES}`)]);
    const chosen = await listReports(venule.store, { order_id: order.id, unknown_codes: { $exists: true } }, 10);
    expect(chosen).toHaveLength(1);
  });

  test('every result final, under another test’s code: the order completes', async () => {
    const order = await placed();
    await deliver(message(order, { test_code: 'PANEL' }));
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'completed']);
    const { result } = await venule.store.results.findOne({ order_id: order.id }).orFail().lean();
    expect(result.missing_results).toEqual([]);
  });
});

describe('F5: a report that an operator delivers again', () => {
  const audited = async (order: Order, action: string) => {
    await moveAllOutgoing(venule.store, { orders: [order.id] });
    return collectionOf(venule.store.audit).find({ order_id: order.id, action }).toArray();
  };
  const readResult = async (order: Order) => {
    const url = `${venule.api.url}/v3/order/${order.id}/result`;
    const answer = await fetch(url, { headers: { 'x-vital-api-key': venule.api.key } });
    // biome-ignore lint/suspicious/noExplicitAny: a body is read field by field.
    return { status: answer.status, body: (await answer.json()) as any };
  };
  /** An order that is canceled while the lab cannot be told, and goes on. */
  async function canceledTooLate(): Promise<Order> {
    const order = await placed();
    await venule.fault({ lab, mode: 'down' });
    await venule.journeys.cancel(await venule.reaches(order.id, 'ordered'));
    return order;
  }

  test('F4, F5: on a canceled order becomes its result, which is told and read; the order stays canceled', async () => {
    const order = await canceledTooLate();
    await deliver(message(order, { flags: { [GLUCOSE]: 'HH' } }));
    const { _id } = await keptAs(order, 'unmatched');
    expect((await readResult(order)).status).toBe(404);

    expect(await deliverAgain(venule.store, venule.catalogue, A_PERSON, _id)).toBe('added_to_ended_order');
    await venule.fault({ lab, mode: 'ok' });
    await venule.ended(order);
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'cancelled']);
    expect(await keptAs(order, 'applied')).toMatchObject({ unmatched_reason: null });
    const { status, body } = await readResult(order);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      metadata: { status: 'final', interpretation: 'critical' },
      missing_results: [],
      order_transaction: { status: 'cancelled' },
    });
    expect(body.results).toContainEqual(expect.objectContaining({ loinc: GLUCOSE, result: '50' }));
    const printed = async () => textOf((await venule.documents.result(order.id)) ?? Buffer.of());
    expect(await printed()).toContain('FINAL The order was canceled; the laboratory reported results anyway');
    const together = await venule.documents.combined(order.transaction_id);
    expect(await textOf(together ?? Buffer.of())).toContain('The order was canceled; the laboratory reported results');

    const told = await venule.webhooks(order.id);
    const [added, ...more] = told.filter(({ _id: id }) => id.includes('result_added'));
    expect(more).toEqual([]);
    expect(added?.event_type).toBe('labtest.order.updated');
    expect(added?.body.data).toMatchObject({ status: 'cancelled', interpretation: 'critical' });
    expect(told.map(({ event_type }) => event_type)).toContain('labtest.result.critical');
    expect(await audited(order, 'order.result_added')).toMatchObject([
      { by: A_PERSON, detail: { report_id: _id, result_version: 1, status: 'cancelled' } },
    ]);
    await expect(deliverAgain(venule.store, venule.catalogue, A_PERSON, _id)).rejects.toThrow('was applied');

    await deliver(message(order, { status: 'C', values: { [GLUCOSE]: '95' } }));
    const correction = await keptAs(order, 'unmatched');
    await deliverAgain(venule.store, venule.catalogue, A_PERSON, correction._id);
    expect(await resultOf(order, GLUCOSE, 2)).toBe('95');
    expect(await resultOf(order, GLUCOSE, 1)).toBe('50');
    const corrected = await printed();
    expect(corrected).toContain('CORRECTED Replaces what was reported before');
    expect(corrected).toContain('CANCELED · The order was canceled');
  });

  test('F5: on a canceled order by two persons at once is added once; one that fails halfway changes nothing', async () => {
    const order = await canceledTooLate();
    await deliver(message(order));
    const { _id } = await keptAs(order, 'unmatched');
    const accept = () => deliverAgain(venule.store, venule.catalogue, A_PERSON, _id);
    // The result's place is taken, after the report has been given to the order.
    const inTheWay = { _id: resultId(order.id, 1), order_id: 'another' };
    await collectionOf(venule.store.results).insertOne(inTheWay as never);
    await expect(accept()).rejects.toThrow('duplicate key');
    expect(await versionsOf(order)).toBe(0);
    expect(await audited(order, 'order.result_added')).toEqual([]);
    expect(await keptAs(order, 'unmatched')).toMatchObject({ unmatched_reason: 'match_cancelled', _id });
    await collectionOf(venule.store.results).deleteOne({ _id: inTheWay._id });

    const outcomes = await Promise.allSettled([accept(), accept()]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await versionsOf(order)).toBe(1);
    expect(await audited(order, 'order.result_added')).toHaveLength(1);
    await venule.fault({ lab, mode: 'ok' });
    await venule.ended(order);
  });

  test('F5: on an order that failed becomes its result', async () => {
    const order = await venule.place();
    await venule.reaches(order.id, 'requisition_created');
    await venule.simulate(order, { final_status: 'sample_error' });
    await venule.reaches(order.id, 'sample_error');
    await venule.ended(order);
    await deliver(message(order));
    const { _id } = await keptAs(order, 'unmatched');
    await deliverAgain(venule.store, venule.catalogue, A_PERSON, _id);
    expect((await venule.reaches(order.id, 'ordered')).last_status).toBe('sample_error');
    expect((await readResult(order)).body).toMatchObject({ missing_results: [], metadata: { status: 'final' } });
    const printed = await textOf((await venule.documents.result(order.id)) ?? Buffer.of());
    expect(printed).toContain('FINAL The order failed; no more results are expected');
  });

  test('E1: each turn of a review is told: held, accepted, set aside again, rejected, accepted after all', async () => {
    const order = await placed();
    const changes = { sex: 'M', tests: [CBC] };
    await deliver(message(order, changes));
    const { _id } = await keptAs(order, 'unmatched');
    const turns = async () =>
      (
        await venule.store.webhookMessages
          .find({ _id: { $regex: `^msg_review_${_id}` } })
          .sort({ created_at: 1 })
          .lean()
      )
        .map(({ event_type, payload }) => ({ event_type, ...JSON.parse(payload) }))
        .map(
          ({ event_type, user_id, data }) => [event_type.replace('labtest.match_review.', ''), user_id, data] as const,
        );

    // Accepted, and set aside all the same, as the order was canceled before it was delivered.
    await venule.stopWorker();
    await deliverAgain(venule.store, venule.catalogue, A_PERSON, _id);
    const leasedUntil = (lease_until: Date) =>
      collectionOf(venule.store.labMessages).updateOne({ _id }, { $set: { lease_until } });
    await leasedUntil(new Date(Date.now() + 3_600_000));
    await venule.startWorker();
    await venule.journeys.cancel(await venule.reaches(order.id, 'ordered'));
    await leasedUntil(new Date(0));
    await keptAs(order, 'unmatched');
    await closeReport(venule.store, A_PERSON, _id, 'not ours');
    await deliverAgain(venule.store, venule.catalogue, A_PERSON, _id);
    await venule.ended(order);

    const id = { id: _id, decision_code: 'match_cancelled' };
    const ours = { resolved_order_id: order.id, resolved_user_id: order.user_id };
    expect(await turns()).toMatchObject([
      ['created', order.user_id, { id: _id, status: 'pending_ops_review', resolution_action: null }],
      ['updated', order.user_id, { id: _id, status: 'resolved', resolution_action: 'accept', ...ours }],
      ['updated', order.user_id, { ...id, status: 'pending_ops_review', resolution_action: null }],
      ['updated', order.user_id, { ...id, status: 'resolved', resolution_action: 'reject', resolved_order_id: null }],
      ['updated', order.user_id, { ...id, status: 'resolved', resolution_action: 'accept', ...ours }],
    ]);
  });

  test('is refused when it is late: it stays where it is', async () => {
    const order = await completed();
    await deliver(message(order, { tests: [CMP], status: 'P', reported_at: new Date(Date.now() - 60_000) }));
    const { _id } = await keptAs(order, 'late');
    await expect(deliverAgain(venule.store, venule.catalogue, A_PERSON, _id)).rejects.toThrow(
      `Report ${_id} is kept as late`,
    );
    expect(await keptAs(order, 'late')).toMatchObject({ _id });
  });
});

describe('F5: reports after the end', () => {
  test('one that changes a value corrects the result, and the first version stays readable', async () => {
    const order = await completed();
    await deliver(message(order, { tests: [CMP], status: 'C', values: { [GLUCOSE]: '180' } }));
    const { events } = await venule.reaches(order.id, 'corrected');
    expect(events.map(({ status }) => status)).toEqual(['ordered', 'requisition_created', 'completed', 'corrected']);
    expect(await resultOf(order, GLUCOSE, 1)).toBe('50');
    expect(await resultOf(order, GLUCOSE, 2)).toBe('180');
    expect(await versionsOf(order)).toBe(2);
    expect(await keptAs(order, 'applied')).toMatchObject({ event_number: 4 });
    expect((await venule.webhooks(order.id)).at(-1)).toMatchObject({
      event_type: 'labtest.order.updated',
      body: { data: { status: 'completed' } },
    });
  });

  test('two corrections make two versions', async () => {
    const order = await completed();
    await deliver(message(order, { tests: [CMP], status: 'C', values: { [GLUCOSE]: '180' } }));
    await venule.reaches(order.id, 'corrected');
    await deliver(message(order, { tests: [CMP], status: 'C', values: { [GLUCOSE]: '190' } }));
    await until(async () => (await versionsOf(order)) === 3);
    expect((await statuses(order)).slice(-2)).toEqual(['corrected', 'corrected']);
  });

  test('one that says nothing new is kept as late', async () => {
    const order = await completed();
    await deliver(message(order, { tests: [CMP], status: 'P', reported_at: new Date(Date.now() - 60_000) }));
    await keptAs(order, 'late');
    expect(await statuses(order)).toEqual(['ordered', 'requisition_created', 'completed']);
    expect(await versionsOf(order)).toBe(1);
  });
});

/** Makes the sandbox laboratory the one of production orders, too. */
async function connectForProduction(slug: string, user: string, password: string): Promise<void> {
  const known = await findLabConnection(venule.store, slug, 'sandbox');
  if (!known) throw new Error(`${slug} has no sandbox connection`);
  const http = { user, password_hash: hashOfPassword(password) };
  await setLabConnection(venule.store, { ...known, environment: 'production', http });
}

test('F4: an order for a lab that nobody has connected waits, saying what to do, and goes out once it is', async () => {
  const order = await venule.place({ options: { sandbox: false } });
  const said = await until(async () =>
    (await pendingActivities(venule.workflow(order))).find(({ lastFailure }) => lastFailure !== ''),
  );
  expect(said.lastFailure).toBe(
    'There is no production connection to labcorp. Add one with "npm run admin -- connection set labcorp --environment production"; the order is then sent automatically.',
  );
  await connectForProduction(lab, 'real', 'real-password');
  await venule.reaches(order.id, 'requisition_created');
});

describe('F12: what is not taken in', () => {
  const refusedWith = async (text: string | Uint8Array<ArrayBuffer>) => {
    const before = await venule.store.labMessages.countDocuments();
    const answer = await venule.deliver(lab, text);
    expect(await venule.store.labMessages.countDocuments()).toBe(before);
    return answer;
  };

  test.each([
    { what: 'a message without a test', change: (text: string) => text.replace(/\rOBR[^\r]*/g, '') },
    { what: 'a message of another type', change: (text: string) => text.replaceAll('ORU^R01^ORU_R01', 'ADT^A01') },
    { what: 'something that is no message', change: () => 'Good morning' },
    { what: 'nothing', change: () => '' },
  ])('$what is refused (AR) with the places that are wrong, and not stored', async ({ change }) => {
    const order = await placed();
    const answer = await refusedWith(change(message(order)));
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/\rMSA\|AR\|.*\rERR\|/s);
  });

  test('a message without a patient is taken in, and held for a person with the reason (G1)', async () => {
    const order = await placed();
    const answer = await venule.deliver(lab, message(order).replace(/\rPID[^\r]*/, ''));
    expect(answer).toMatchObject({ status: 200, text: expect.stringMatching(/\rMSA\|AA\|/) });
    expect(await inInbox(order)).toMatchObject([
      { state: 'unmatched', report: { remarks: [expect.stringMatching(/^OBR\^1: There is no PID/)] } },
    ]);
  });

  test('one result that cannot be read refuses nothing: the others complete the order (G1)', async () => {
    const order = await placed();
    const odd = 'OBX|99|NM|9999-1^Odd^LN||as if||||||F';
    const answer = await venule.deliver(lab, `${message(order).trimEnd()}\r${odd}`);
    expect(answer.text).toMatch(/\rMSA\|AA\|/);
    await venule.reaches(order.id, 'completed');
    const [kept] = await inInbox(order);
    expect(kept?.report.remarks).toEqual([expect.stringMatching(/^OBX\^\d+\^5: /)]);
    expect(kept?.report.tests.flatMap(({ observations }) => observations).at(-1)).toMatchObject({ value: 'as if' });
  });

  test('several messages in one body are each taken in or refused, and each acknowledged under its own control id', async () => {
    const [one, other] = [await placed(), await placed()];
    const named = (text: string, id: string) => text.replace(/^(MSH(?:\|[^|]*){8})\|[^|]*/, `$1|${id}`);
    const admission = named(message(one), 'ADT-1').replace('ORU^R01^ORU_R01', 'ADT^A01');
    const body = [
      'FHS|^~\\&|LABCORP',
      'BHS|^~\\&|LABCORP',
      named(message(one), 'SAME'),
      admission,
      named(message(other), 'SAME'),
      'BTS|3',
      'FTS|1',
    ];
    const acknowledged = async () => (await venule.deliver(lab, body.join('\r'))).text.match(/MSA\|[^\r]*/g);
    const each = ['MSA|AA|SAME', 'MSA|AR|ADT-1|Rejected: see ERR', 'MSA|AA|SAME'];
    expect(await acknowledged()).toEqual(each);
    await venule.reaches(one.id, 'completed');
    await venule.reaches(other.id, 'completed');
    const [refused] = await listRefusedMessages(venule.store, { lab_slug: lab }, 1);
    expect(refused?.refused).toContain('200 at MSH^1^9^1^1');
    expect(await acknowledged()).toEqual(each);
    expect(await inInbox(one)).toHaveLength(1);
    expect(await inInbox(other)).toHaveLength(1);
  });

  test('text that is not in its character set is refused (AR) in a few words, and kept as it came (G1)', async () => {
    const order = await placed();
    const sent = Uint8Array.from(Buffer.from(`${message(order)}\rNTE|1|L|Señora Muñoz`, 'latin1'));
    const answer = await refusedWith(sent);
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/\rMSA\|AR\|.*\rERR\|\|MSH\^1\^18\|102[^\r]*name the character set in MSH-18/s);
    expect(answer.text).not.toContain('\ufffd');
    const [kept] = await listRefusedMessages(venule.store, { lab_slug: lab }, 1);
    expect(kept?.refused).toContain('102 at MSH^1^18');
    expect(await refusedMessageText(venule.store, kept?._id ?? '')).toEqual(Buffer.from(sent));
  });

  test('a test message (MSH-11 T) is kept and no result, unless it comes with a sandbox lab’s credentials', async () => {
    await connectForProduction('quest', 'live', 'live-password');
    const order = await placed();
    const training = message(order).replace('|P|2.5.1', '|T|2.5.1');
    const live = { authorization: `Basic ${Buffer.from('live:live-password').toString('base64')}` };
    const taken = await venule.deliver('quest', training, live);
    expect(taken.text).toContain('MSA|AA|');
    const [kept, ...more] = await inInbox(order);
    expect([kept?.state, kept?.order_id, more.length]).toEqual(['test', null, 0]);
    expect(kept && (await messageTextOf(venule.store, kept))).toBe(training);
    await expect(deliverAgain(venule.store, venule.catalogue, A_PERSON, kept?._id ?? '', order.id)).rejects.toThrow(
      'test',
    );
    await deliver(training);
    await venule.reaches(order.id, 'completed');
  });

  test('wrong or missing credentials, and labs that do not exist: 401', async () => {
    const order = await placed();
    const wrong = { authorization: `Basic ${Buffer.from('sandbox:wrong').toString('base64')}` };
    expect(await venule.deliver(lab, message(order), wrong)).toMatchObject({ status: 401 });
    expect(await venule.deliver(lab, message(order), { authorization: '' })).toMatchObject({ status: 401 });
    expect(await venule.deliver('nowhere', message(order))).toMatchObject({ status: 401 });
    expect(await inInbox(order)).toEqual([]);
  });

  test('more than 32 megabytes: 413, and size, hash, and beginning are kept (G1)', async () => {
    const order = await placed();
    const sent = `${message(order)}\rNTE|1|L|${'x'.repeat(32 * 1024 * 1024)}`;
    const answer = await refusedWith(sent);
    expect(answer).toMatchObject({ status: 413, text: expect.stringContaining('32 MB') });
    const [kept] = await listRefusedMessages(venule.store, { lab_slug: lab }, 1);
    expect(kept).toMatchObject({
      _id: createHash('sha256').update(sent).digest('hex'),
      bytes: Buffer.byteLength(sent),
      refused: expect.stringContaining('32 MB'),
    });
    expect(await refusedMessageText(venule.store, kept?._id ?? '')).toBe(sent.slice(0, 64 * 1024));
  });

  test('more results than a message may have: AR in a few words, and the message is kept (G1)', async () => {
    const order = await placed();
    const extra = Array.from({ length: 60_000 }, (_, n) => `OBX|${n}|NM|${n}-9^Extra^LN||1||||||F`);
    const sent = `${message(order)}\r${extra.join('\r')}`;
    const answer = await refusedWith(sent);
    expect(answer).toMatchObject({ status: 200, text: expect.stringMatching(/\rMSA\|AR\|/) });
    expect(answer.text).toContain('10000 OBX segments');
    expect(answer.text.length).toBeLessThan(1_000);
    const kept = await listRefusedMessages(venule.store, { lab_slug: lab }, 1);
    expect(kept).toEqual([expect.objectContaining({ refused: expect.stringContaining('MSH^1') })]);
    expect(await refusedMessageText(venule.store, kept[0]?._id ?? '')).toBe(sent);
  });

  test('more messages than a body may have: one AR in a few words', async () => {
    const answer = await refusedWith(Array.from({ length: 1_001 }, () => 'MSH|^~\\&|').join('\r'));
    expect(answer.text.match(/MSA\|/g)).toHaveLength(1);
    expect(answer.text).toContain('1000 messages');
  });

  test.each([
    ['another content type', { 'content-type': 'text/plain' }, 'Content-Type'],
    [
      'an unknown character set',
      { 'content-type': 'application/hl7-v2; charset=klingon' },
      'charset of the Content-Type',
    ],
    ['a body that cannot be unpacked', { 'content-encoding': 'gzip' }, 'Content-Encoding'],
    ['an unknown packing', { 'content-encoding': 'constructor' }, 'Content-Encoding'],
  ])('%s: 415, and the message is kept (G1)', async (_what, headers, why) => {
    const order = await placed();
    const sent = message(order);
    expect(await venule.deliver(lab, sent, headers)).toMatchObject({ status: 415 });
    expect(await inInbox(order)).toEqual([]);
    const [kept] = await listRefusedMessages(venule.store, { lab_slug: lab }, 1);
    expect(kept?.refused).toBe(why);
    expect(await refusedMessageText(venule.store, kept?._id ?? '')).toBe(sent);
  });

  test('a packed body is unpacked', async () => {
    const order = await placed();
    const packed = Uint8Array.from(gzipSync(message(order)));
    expect((await venule.deliver(lab, packed, { 'content-encoding': 'gzip' })).text).toContain('MSA|AA|');
    await venule.reaches(order.id, 'completed');
  });
});
