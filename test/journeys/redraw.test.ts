import { createHash, randomUUID } from 'node:crypto';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Order } from '../../domain/orders/order.ts';
import type { OrderDocument, OrderTransactionDocument } from '../../store/collections/orders.ts';
import { combinedResult } from '../../store/results/combined-result.ts';
import { structureOf, textOf } from '../documents/pdf-reader.ts';
import { orderRequest } from '../support/api.ts';
import { labMessage } from '../support/partners/lab-message.ts';
import { pngOf } from '../support/png.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { until } from '../support/until.ts';

let venule: InProcessVenule;
beforeAll(async () => {
  venule = await startVenule();
});
afterAll(() => venule.close());

const TSH = '3016-3';
const FREE_T4 = '3024-7';
const FREE_T3 = '3051-0';
const THYROID_RESULTS = [TSH, FREE_T4, FREE_T3, '8099-4', '8098-6'];

const lost = (...loincs: string[]) => loincs.map((loinc) => ({ loinc, reason: 'QS' }));
const statuses = (document: OrderDocument) => document.events.map((event) => event.status);

async function transactionOf(order: Order): Promise<OrderTransactionDocument> {
  return venule.store.transactions.findById(order.transaction_id).orFail().lean<OrderTransactionDocument>();
}

/** The transaction status by which Temporal finds the workflow of the initial order. */
async function foundAs(order: Order): Promise<string | undefined> {
  const { typedSearchAttributes } = await venule.workflow(order).describe();
  return typedSearchAttributes.get(defineSearchAttributeKey('TransactionStatus', 'KEYWORD'));
}

/** The text of the combined result as a PDF. */
async function printed(order: Order): Promise<string> {
  const pdf = await venule.documents.combined(order.transaction_id);
  if (!pdf) throw new Error('There is no combined result yet');
  return textOf(pdf);
}

/** A thyroid panel, acknowledged by the lab. */
async function thyroidPanel(changes: Parameters<InProcessVenule['place']>[0] = {}): Promise<Order> {
  const order = await venule.place({ labTest: 'labcorp-thyroid-panel', ...changes });
  await venule.reaches(order.id, 'requisition_created');
  return order;
}

/** … of which the lab lost the sample for two results, so that a redraw awaits its draw. */
async function withRedraw(): Promise<{ order: Order; redraw: Order }> {
  const order = await thyroidPanel();
  await venule.simulate(order, { final_status: 'completed', missing: lost(TSH, FREE_T4) });
  await venule.reaches(order.id, 'redraw_available');
  const redraw = (await venule.redrawOf(order)).order;
  await venule.reaches(redraw.id, 'requisition_created');
  return { order, redraw };
}

describe('D4: a redraw is for what the lab lost', () => {
  test.each([
    ['redraws switched off', { options: { redraws_enabled: false } }, 'QS'],
    ['a reason that is not a lab error', {}, 'PC'],
  ])('no redraw: %s', async (_why, changes, reason) => {
    const order = await thyroidPanel(changes);
    await venule.simulate(order, { final_status: 'completed', missing: [{ loinc: TSH, reason }] });
    const completed = await venule.reaches(order.id, 'completed');
    expect(completed.has_missing_results).toBe(true);
    expect((await transactionOf(order)).status).toBe('completed');
    await venule.ended(order);
    expect(await venule.store.orders.countDocuments({ transaction_id: order.transaction_id })).toBe(1);
  });

  test('a report that is not final is no reason yet, whatever it misses', async () => {
    const order = await thyroidPanel();
    await venule.simulate(order, { final_status: 'partial_results', missing: lost(TSH) });
    const partial = await venule.reaches(order.id, 'partial_results');
    expect(partial.last_status).toBe('partial_results');
    await venule.simulate(order, { final_status: 'completed', missing: lost(TSH) });
    await venule.reaches(order.id, 'redraw_available');
  });
});

test('D5: an eligible order becomes redraw_available instead of completed; its results are readable at once', async () => {
  const { order } = await withRedraw();
  const initial = await venule.reaches(order.id, 'redraw_available');
  expect(statuses(initial)).not.toContain('completed');
  const result = await venule.store.results.findOne({ order_id: order.id }).sort({ version: -1 }).orFail().lean();
  expect(result.result.results).toHaveLength(THYROID_RESULTS.length - 2);
  expect(result.result.missing_results.map((missing) => missing.loinc)).toEqual([TSH, FREE_T4]);
  expect(result.result.missing_results[0]?.inferred_failure_type).toBe('quantity_not_sufficient_failure');
  await expect(venule.journeys.cancel(initial)).rejects.toThrow(
    'Transition from redraw_available to cancelled is not allowed',
  );
});

test('D5: nothing reported at all through the lab’s fault is redrawn whole', async () => {
  const order = await thyroidPanel();
  await venule.simulate(order, { final_status: 'completed', missing: lost(...THYROID_RESULTS) });
  await venule.reaches(order.id, 'redraw_available');
  const redraw = await venule.redrawOf(order);
  expect(redraw.order.markers).toHaveLength(order.markers.length);
});

test('D5: nothing reported at all and not eligible is a sample error that says why', async () => {
  const order = await thyroidPanel({ options: { redraws_enabled: false } });
  await venule.simulate(order, { final_status: 'completed', missing: lost(...THYROID_RESULTS) });
  const failed = await venule.reaches(order.id, 'sample_error');
  expect(failed.events.at(-1)?.status_detail).toBe('sample_quantity_not_sufficient');
  expect((await transactionOf(order)).status).toBe('completed');
});

test('D6: the redraw is a child workflow with a requisition of its own that lists only what must be tested again', async () => {
  const { order, redraw } = await withRedraw();
  expect(redraw.origin).toBe('redraw');
  expect(redraw.parent_id).toBe(order.id);
  expect(redraw.transaction_id).toBe(order.transaction_id);
  expect(redraw.placer_order_number).not.toBe(order.placer_order_number);
  expect(redraw.markers.map((marker) => marker.provider_id)).toEqual(['004259', '001974']);
  const atLab = await venule.atLab(redraw);
  expect((atLab.tests as { code: string }[]).map((ordered) => ordered.code).sort()).toEqual(['001974', '004259']);
  const { parentExecution } = (await venule.workflow(redraw).describe()).raw.workflowExecutionInfo ?? {};
  expect(parentExecution?.workflowId).toBe(venule.workflow(order).workflowId);
  const pdf = await venule.documents.requisition(redraw.id);
  expect(pdf?.subarray(0, 5).toString()).toBe('%PDF-');
});

test('D7: a redraw completes even if markers are still missing, and with it the transaction', async () => {
  const { order, redraw } = await withRedraw();
  expect((await transactionOf(order)).status).toBe('active');
  await venule.simulate(redraw, { final_status: 'completed', missing: lost(FREE_T4) });
  const completed = await venule.reaches(redraw.id, 'completed');
  expect(statuses(completed)).not.toContain('redraw_available');
  expect(completed.has_missing_results).toBe(true);
  expect((await transactionOf(order)).status).toBe('completed');
  await until(async () => (await foundAs(order)) === 'completed');
  expect(await (await venule.ended(order)).result()).toEqual({
    status: 'completed',
    orders: [
      { id: order.id, last_status: 'redraw_available' },
      { id: redraw.id, last_status: 'completed' },
    ],
  });
  expect(await venule.store.orders.countDocuments({ transaction_id: order.transaction_id })).toBe(2);
});

test('D7: a redraw for which the lab reports nothing completes, too', async () => {
  const { order, redraw } = await withRedraw();
  await venule.simulate(redraw, { final_status: 'completed', missing: lost(TSH, FREE_T4) });
  await venule.reaches(redraw.id, 'completed');
  expect((await transactionOf(order)).status).toBe('completed');
});

test('D8: the redraw is cancelled by its own id, at the lab too; the transaction is then completed (D3)', async () => {
  const { order, redraw } = await withRedraw();
  await venule.journeys.cancel(await venule.reaches(redraw.id, 'requisition_created'));
  const cancelled = await venule.reaches(redraw.id, 'cancelled');
  expect(statuses(cancelled)).toEqual(['ordered', 'requisition_created', 'cancelled']);
  expect((await transactionOf(order)).status).toBe('completed');
  await venule.ended(order);
  expect((await venule.atLab(redraw)).received.cancel).toBe(1);
  expect((await venule.atLab(order)).received.cancel).toBe(0);
});

describe('D10: the combined result', () => {
  test('is the union of both orders’ markers; what the redraw brought is no longer missing; both samples are kept', async () => {
    const { order, redraw } = await withRedraw();
    const before = await combinedResult(venule.store, venule.catalogue, order.transaction_id);
    expect(before?.result.metadata.status).toBe('partial');
    expect(before?.result.missing_results.map((missing) => missing.loinc)).toEqual([TSH, FREE_T4]);

    await venule.simulate(redraw, { final_status: 'completed' });
    await venule.reaches(redraw.id, 'completed');
    const combined = await combinedResult(venule.store, venule.catalogue, order.transaction_id);
    expect(combined?.result.results.map((result) => result.loinc).sort()).toEqual([...THYROID_RESULTS].sort());
    expect(combined?.result.missing_results).toEqual([]);
    expect(Object.keys(combined?.result.sample_information ?? {})).toHaveLength(2);
    expect(combined?.result.metadata.status).toBe('final');
  });

  test('lists what is missing after both', async () => {
    const { order, redraw } = await withRedraw();
    await venule.simulate(redraw, { final_status: 'completed', missing: lost(FREE_T4) });
    await venule.reaches(redraw.id, 'completed');
    const combined = await combinedResult(venule.store, venule.catalogue, order.transaction_id);
    expect(combined?.result.missing_results.map((missing) => missing.loinc)).toEqual([FREE_T4]);
  });

  test('is of one moment: a correction that comes while it is read is in it as a whole or not at all', async () => {
    const { order, redraw } = await withRedraw();
    await venule.simulate(redraw, { final_status: 'completed' });
    await venule.reaches(redraw.id, 'completed');
    // Not its `orders`: these tell of webhooks on their way, too, which go out when they will.
    const read = async () => {
      const combined = await combinedResult(venule.store, venule.catalogue, order.transaction_id);
      return combined && { result: combined.result, corrected: combined.corrected, revision: combined.revision };
    };
    const before = await read();
    const find = venule.store.orders.find.bind(venule.store.orders);
    jest.spyOn(venule.store.orders, 'find').mockImplementationOnce(((choice: object) => {
      const query = find(choice);
      const exec = query.exec.bind(query);
      query.exec = async () => {
        const found = await exec();
        const correction = labMessage(venule.catalogue, redraw, { status: 'C', values: { [TSH]: '9.87' } });
        await venule.deliver('labcorp', correction);
        await venule.reaches(redraw.id, 'corrected');
        return found;
      };
      return query;
    }) as never);
    expect(await read()).toEqual(before);
    const after = await read();
    expect(after?.corrected).toBe(true);
    expect(after?.result.results.find((result) => result.loinc === TSH)?.result).toBe('9.87');
  });

  test('shows while the redraw is open what the lab left out, too', async () => {
    const order = await thyroidPanel();
    const leavingOut = { lost: { [TSH]: 'QS' }, omitted: [FREE_T3] };
    await venule.deliver('labcorp', labMessage(venule.catalogue, order, leavingOut));
    await venule.reaches(order.id, 'redraw_available');
    const combined = await combinedResult(venule.store, venule.catalogue, order.transaction_id);
    expect(combined?.result.metadata.status).toBe('partial');
    expect(
      combined?.result.missing_results.map(({ loinc, inferred_failure_type }) => [loinc, inferred_failure_type]),
    ).toEqual(
      expect.arrayContaining([
        [TSH, 'quantity_not_sufficient_failure'],
        [FREE_T3, 'unknown_failure'],
      ]),
    );
  });

  test('takes a missing result in that arrives while the redraw is open, is marked as corrected, and the redraw goes on (D5)', async () => {
    const { order, redraw } = await withRedraw();
    expect(await printed(order)).not.toContain('CORRECTED');
    const foundAfterAll = labMessage(venule.catalogue, order, {
      tests: ['004259'],
      status: 'C',
      values: { [TSH]: '2.17' },
    });
    expect((await venule.deliver('labcorp', foundAfterAll)).text).toContain('MSA|AA');
    await until(() => venule.store.labMessages.exists({ order_id: order.id, state: 'late' }));
    const combined = await combinedResult(venule.store, venule.catalogue, order.transaction_id);
    expect(combined?.result.results.find((result) => result.loinc === TSH)?.result).toBe('2.17');
    expect(combined?.result.missing_results.map((missing) => missing.loinc)).toEqual([FREE_T4]);
    expect(await printed(order)).toContain('CORRECTED');
    const initial = await venule.reaches(order.id, 'redraw_available');
    expect(initial.last_status).toBe('redraw_available');
    expect((await venule.store.orders.findById(redraw.id).lean())?.last_status).toBe('requisition_created');
  });
});

test('E1: a late result that makes the combined result critical is told, once', async () => {
  const { order } = await withRedraw();
  const late = (value: string) =>
    labMessage(venule.catalogue, order, {
      tests: ['004259'],
      status: 'C',
      values: { [TSH]: value },
      flags: { [TSH]: 'HH' },
    });
  await venule.deliver('labcorp', late('98'));
  await venule.deliver('labcorp', late('99'));
  await until(async () => (await venule.store.labMessages.countDocuments({ order_id: order.id, state: 'late' })) === 2);
  const told = await venule.webhooks(order.id);
  const critical = told.filter(({ event_type }) => event_type === 'labtest.result.critical');
  expect(critical).toHaveLength(1);
  expect(critical[0]?.body).toMatchObject({
    team_id: venule.teamId,
    user_id: order.user_id,
    data: { order_id: order.id, interpretation: 'critical', status: 'final' },
  });
});

test('A3, D6: the signature that an order came with is printed on its requisition and on the redraw’s, and no picture is in the order', async () => {
  const signature = pngOf(37, 11);
  // biome-ignore lint/suspicious/noExplicitAny: answers are read field by field.
  const ask = async (path: string, body: object): Promise<any> => {
    const response = await fetch(`${venule.api.url}${path}`, {
      method: 'POST',
      headers: { 'x-vital-api-key': venule.api.key, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    return response.json();
  };
  const { user_id } = await ask('/v2/user', { client_user_id: randomUUID() });
  const labTest = await venule.store.labTests.findOne({ slug: 'labcorp-thyroid-panel' }).orFail();
  const signature_image = { content: signature.toString('base64'), content_type: 'image/png' };
  const { order: told } = await ask('/v3/order', {
    ...orderRequest(user_id, { order_set: { lab_test_ids: [labTest._id] } }),
    physician: { first_name: 'Jane', last_name: 'Doe', npi: '1234567893', signature_image },
  });
  const { order } = await venule.reaches(told.id, 'requisition_created');
  expect(order.physician?.signature_hash).toBe(createHash('sha256').update(signature).digest('hex'));
  expect(JSON.stringify(order)).not.toContain(signature_image.content);

  await venule.simulate(order, { final_status: 'completed', missing: lost(TSH) });
  const { order: redraw } = await venule.redrawOf(order);
  await venule.reaches(redraw.id, 'requisition_created');
  const isSigned = async (pdf: Buffer) => {
    const figures = (await structureOf(pdf)).filter(({ role, alt }) => role === 'Figure' && alt?.includes('Signature'));
    return figures.length === 1 && /\/Width 37\b/.test(pdf.toString('latin1'));
  };
  for (const { id } of [order, redraw]) {
    expect(await isSigned((await venule.documents.requisition(id)) as Buffer)).toBe(true);
  }
  const unsigned = await thyroidPanel();
  expect(await isSigned((await venule.documents.requisition(unsigned.id)) as Buffer)).toBe(false);
});
