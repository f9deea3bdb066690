import { type Junction, JunctionClient } from '@junction-api/sdk';
import { WALK_IN_TEST } from '../support/api.ts';
import { type InProcessVenule, startVenule } from '../support/in-process-venule.ts';
import { checkedFetch, type OpenApi } from '../support/openapi-check.ts';
import { until } from '../support/until.ts';

let venule: InProcessVenule;
let sdk: JunctionClient;

beforeAll(async () => {
  venule = await startVenule();
  const { url: baseUrl, key: apiKey } = venule.api;
  const openApi = (await (await fetch(`${baseUrl}/openapi.json`)).json()) as OpenApi;
  sdk = new JunctionClient({ apiKey, baseUrl, maxRetries: 0, fetch: checkedFetch(openApi) });
});
afterAll(() => venule?.close());

async function order(): Promise<Junction.ClientFacingOrder> {
  const { userId } = await sdk.user.create({ clientUserId: `patient-${crypto.randomUUID()}` });
  const answer = await sdk.labTests.createOrder({
    userId,
    orderSet: { labTestIds: [WALK_IN_TEST] },
    patientDetails: {
      firstName: 'Ada',
      lastName: 'Lovelace',
      dob: '1985-12-10',
      gender: 'female',
      phoneNumber: '+16025550143',
      email: 'ada@patient.example',
    },
    patientAddress: {
      firstLine: '412 West Lincoln Street',
      city: 'Phoenix',
      state: 'AZ',
      zip: '85004',
      country: 'US',
    },
  });
  return answer.order;
}

const simulate = (orderId: string, low: string, body: Junction.SimulationFlags = {}) =>
  sdk.labTests.simulateOrderProcess({
    orderId,
    finalStatus: low as Junction.OrderStatus,
    body,
  });

const reaches = (orderId: string, status: string) =>
  until(async () => {
    const current = await sdk.labTests.getOrder({ orderId });
    return current.lastEvent.status === status && current;
  });

async function pdfOf(answer: Promise<{ arrayBuffer(): Promise<ArrayBuffer> }>): Promise<string> {
  return Buffer.from(await (await answer).arrayBuffer()).toString('latin1', 0, 5);
}

describe('a journey through the SDK alone, each answer read by its parser', () => {
  test('F6, D5–D10: from the order through a redraw to the combined result', async () => {
    const { id, orderTransaction } = await order();
    const transactionId = String(orderTransaction?.id);
    await simulate(id, 'completed.walk_in_test.completed', { hasMissingResults: true });
    const initial = await reaches(id, 'collecting_sample.walk_in_test.redraw_available');
    expect(initial).toMatchObject({ status: 'collecting_sample', hasMissingResults: true, origin: 'initial' });
    expect(await pdfOf(sdk.labTests.getOrderRequistionPdf({ orderId: id }))).toBe('%PDF-');

    const first = await sdk.labTests.getResultRaw({ orderId: id });
    expect(first.missingResults?.length).toBeGreaterThan(0);
    expect(first.orderTransaction).toMatchObject({ id: transactionId, status: 'active' });
    expect(await sdk.labTests.getResultMetadata({ orderId: id })).toEqual(first.metadata);
    expect(await pdfOf(sdk.labTests.getResultPdf({ orderId: id }))).toBe('%PDF-');

    const { orders } = await sdk.labTests.getOrders({ orderTransactionId: transactionId, orderDirection: 'asc' });
    expect(orders.map(({ origin }) => origin)).toEqual(['initial', 'redraw']);
    const redraw = orders[1] as Junction.ClientFacingOrder;
    expect(redraw.labTest.markers?.length).toBeLessThan(Number(initial.labTest.markers?.length));
    await expect(sdk.labTests.cancelOrder({ orderId: id })).rejects.toMatchObject({
      statusCode: 400,
      body: { message: 'Transition from redraw_available to cancelled is not allowed' },
    });

    await simulate(redraw.id, 'completed.walk_in_test.completed');
    const ended = await reaches(redraw.id, 'completed.walk_in_test.completed');
    expect(ended.orderTransaction).toMatchObject({ status: 'completed', orders: [{ id }, { parentId: id }] });
    expect(await sdk.orderTransaction.getTransaction({ transactionId })).toMatchObject({
      status: 'completed',
      orders: [
        { id, lastStatus: 'redraw_available' },
        { id: redraw.id, lastStatus: 'completed', parentId: id },
      ],
    });
    const combined = await sdk.orderTransaction.getTransactionResult({ transactionId });
    expect(combined).toMatchObject({ metadata: { status: 'final' }, missingResults: [] });
    expect(Object.keys(combined.sampleInformation ?? {})).toHaveLength(2);
    expect(await pdfOf(sdk.orderTransaction.getTransactionResultPdf({ transactionId }))).toBe('%PDF-');
  });

  test('F6: a simulation stops where it is told to, and refuses what cannot be reached', async () => {
    const { id } = await order();
    await expect(simulate(id, 'completed.testkit.completed')).rejects.toMatchObject({ statusCode: 400 });
    await expect(simulate(id, 'collecting_sample.walk_in_test.appointment_scheduled')).rejects.toMatchObject({
      statusCode: 400,
    });
    await simulate(id, 'received.walk_in_test.requisition_created');
    await simulate(id, 'sample_with_lab.walk_in_test.partial_results', { interpretation: 'critical' });
    await reaches(id, 'sample_with_lab.walk_in_test.partial_results');
    const partial = await sdk.labTests.getResultRaw({ orderId: id });
    expect(partial.metadata.status).toBe('partial');
    await simulate(id, 'completed.walk_in_test.completed', { interpretation: 'critical' });
    expect(await reaches(id, 'completed.walk_in_test.completed')).toMatchObject({ interpretation: 'critical' });
    await expect(simulate(id, 'sample_with_lab.walk_in_test.partial_results')).rejects.toMatchObject({
      statusCode: 400,
      body: { message: 'Transition from completed to partial_results is not allowed' },
    });
  });

  test('D3: a simulated cancellation cancels the order and its transaction', async () => {
    const { id } = await order();
    await simulate(id, 'cancelled.walk_in_test.cancelled');
    const cancelled = await reaches(id, 'cancelled.walk_in_test.cancelled');
    expect(cancelled.orderTransaction).toMatchObject({ status: 'cancelled' });
  });
});
