import { type Junction, JunctionClient } from '@junction-api/sdk';
import type { WorkflowFailedError } from '@temporalio/client';
import { temporalSandboxSimulations } from '../../api/orders/sandbox-walks.ts';
import { WALK_IN_TEST } from '../support/api.ts';
import { checkedFetch, type OpenApi } from '../support/openapi-check.ts';
import { type InProcessVenule, startVenule } from '../support/running/in-process-venule.ts';
import { AT_HOME_TEST, orderBySdk, PHOENIX } from '../support/sdk-order.ts';
import { currentDetails, pendingActivities } from '../support/temporal-view.ts';
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

const ONALASKA = { firstLine: '9 Oak Avenue', city: 'Onalaska', state: 'WI', zip: '54650', country: 'US' };

const order = (labTestId = WALK_IN_TEST, patientAddress = PHOENIX) => orderBySdk(sdk, labTestId, patientAddress);

const simulate = (orderId: string, low: string, body: Junction.SimulationFlags = {}, delay = 0) =>
  sdk.labTests.simulateOrderProcess({
    orderId,
    finalStatus: low as Junction.OrderStatus,
    delay,
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

  const atHome = (address?: typeof PHOENIX) => order(AT_HOME_TEST, address);
  const statusesOf = ({ events }: Junction.ClientFacingOrder) => events.map(({ status }) => status.split('.').at(-1));
  const theAppointment = (orderId: string) => sdk.labTests.getPhlebotomyAppointment({ orderId });
  const VISITED = ['ordered', 'requisition_created', 'appointment_pending', 'appointment_scheduled', 'draw_completed'];

  test('F6: a simulation books an at-home visit, has it made, and has the laboratory report', async () => {
    const { id } = await atHome();
    await simulate(id, 'completed.at_home_phlebotomy.completed', { interpretation: 'abnormal' });
    const ended = await reaches(id, 'completed.at_home_phlebotomy.completed');
    expect(statusesOf(ended)).toEqual([...VISITED, 'partial_results', 'completed']);
    expect(ended).toMatchObject({ interpretation: 'abnormal', orderTransaction: { status: 'completed' } });
  });

  test('F6: where providers find the time, a simulation requests it and has it found', async () => {
    const { id } = await atHome(ONALASKA);
    await simulate(id, 'collecting_sample.at_home_phlebotomy.appointment_pending');
    expect(await theAppointment(id)).toMatchObject({ provider: 'phlebfinders', status: 'pending', startAt: null });
    await simulate(id, 'collecting_sample.at_home_phlebotomy.draw_completed');
    await reaches(id, 'collecting_sample.at_home_phlebotomy.draw_completed');
    await simulate(id, 'completed.at_home_phlebotomy.completed');
    const ended = await reaches(id, 'completed.at_home_phlebotomy.completed');
    expect(statusesOf(ended)).toEqual([...VISITED, 'partial_results', 'completed']);
  });

  test('F6: an at-home simulation stops at each status of the visit, and goes on from there', async () => {
    const { id } = await atHome();
    await simulate(id, 'collecting_sample.at_home_phlebotomy.appointment_pending');
    await reaches(id, 'collecting_sample.at_home_phlebotomy.appointment_pending');
    await simulate(id, 'collecting_sample.at_home_phlebotomy.appointment_scheduled');
    await reaches(id, 'collecting_sample.at_home_phlebotomy.appointment_scheduled');
    expect(await theAppointment(id)).toMatchObject({ provider: 'getlabs', status: 'confirmed' });
    await simulate(id, 'collecting_sample.at_home_phlebotomy.appointment_cancelled');
    await reaches(id, 'collecting_sample.at_home_phlebotomy.appointment_cancelled');
    await simulate(id, 'sample_with_lab.at_home_phlebotomy.partial_results');
    await reaches(id, 'sample_with_lab.at_home_phlebotomy.partial_results');
    await expect(simulate(id, 'collecting_sample.at_home_phlebotomy.appointment_scheduled')).rejects.toMatchObject({
      statusCode: 400,
      body: { message: 'Transition from partial_results to appointment_scheduled is not allowed' },
    });
  });

  describe('F6: a visit whose steps take their time', () => {
    const COMPLETED = 'completed.at_home_phlebotomy.completed';
    const MINUTES = 600;
    const reports = async (orderId: string) => {
      const { order } = await venule.reaches(orderId, 'requisition_created');
      return (await venule.atLab(order)).messages;
    };

    test('is answered at once; the walk can be seen, and ends quietly when the order is cancelled', async () => {
      const { id } = await atHome();
      await simulate(id, COMPLETED, {}, MINUTES);
      const walk = venule.walkOf({ id });
      const [waiting] = await until(async () => {
        const pending = await pendingActivities(walk);
        return pending.every(({ lastFailure }) => lastFailure.includes('scheduled')) && pending.length > 0 && pending;
      });
      expect(waiting?.lastFailure).toBe('The specimen has not been drawn: the order is appointment_scheduled.');
      expect(await currentDetails(walk)).toContain(`the draw of order \`${id}\``);
      const found = venule.walkOf({ id }).client.list({ query: `OrderId = "${id}"` });
      await until(async () => {
        const types = [];
        for await (const { type } of found) types.push(type);
        return types.sort().join() === 'orderTransaction,sandboxWalk';
      });
      await sdk.labTests.cancelOrder({ orderId: id });
      expect(await walk.result()).toBe('order over');
      expect(await reports(id)).toEqual([]);
    });

    test('can be hurried: what was asked for last counts', async () => {
      const { id } = await atHome();
      await simulate(id, 'sample_with_lab.at_home_phlebotomy.partial_results', {}, MINUTES);
      await simulate(id, COMPLETED);
      await reaches(id, COMPLETED);
      expect(await venule.walkOf({ id }).result()).toBe('reported');
    });

    test('goes on while no worker runs', async () => {
      const { id } = await atHome();
      await simulate(id, 'collecting_sample.at_home_phlebotomy.appointment_scheduled');
      await venule.stopWorker();
      await simulate(id, COMPLETED);
      await venule.startWorker();
      await reaches(id, COMPLETED);
    });

    test('that brings no draw in time ends the walk, which says what to do', async () => {
      const { id } = await atHome();
      const { order } = await venule.reaches(id, 'requisition_created');
      const { client } = venule.walkOf({ id });
      const { taskQueue } = await venule.workflow(order).describe();
      const simulations = temporalSandboxSimulations(client, taskQueue, {
        ...venule.policy,
        simulation_waits_longer: 300,
      });
      const report = { final_status: 'completed', has_missing_results: false, delay_seconds: 0 } as const;
      await simulations.start(order, { ...report, interpretation: 'normal', result_types: [] }, 0);
      const failure = await venule
        .walkOf({ id })
        .result()
        .catch((error: WorkflowFailedError) => error.cause);
      expect(failure).toMatchObject({
        message: 'The specimen has not been drawn: the order is requisition_created. Simulate the order again.',
      });
      expect(await reports(id)).toEqual([]);
    });
  });

  test('F6: a simulation takes a test kit to its requisition and no further, and says why', async () => {
    // As an order of a version that took them: new ones are refused.
    const { id } = await venule.place({ labTest: 'ussl-metabolic-health-kit' });
    for (const status of ['sample_with_lab.testkit.delivered_to_lab', 'completed.testkit.completed']) {
      await expect(simulate(id, status)).rejects.toMatchObject({
        statusCode: 400,
        body: {
          message: `A simulation cannot take this order to ${status}; it can to received.testkit.requisition_created, cancelled.testkit.cancelled`,
        },
      });
    }
    await expect(sdk.labTests.simulateOrderProcess({ orderId: id, body: {} })).rejects.toMatchObject({
      statusCode: 400,
    });
    await simulate(id, 'received.testkit.requisition_created');
    await reaches(id, 'received.testkit.requisition_created');
    await simulate(id, 'cancelled.testkit.cancelled');
    const { events } = await reaches(id, 'cancelled.testkit.cancelled');
    expect(events).toHaveLength(3);
  });

  test('F6, F7: a simulated cancellation of an at-home order cancels its appointment', async () => {
    const { id } = await atHome();
    await simulate(id, 'collecting_sample.at_home_phlebotomy.appointment_scheduled');
    const { id: appointmentId } = await theAppointment(id);
    await simulate(id, 'cancelled.at_home_phlebotomy.cancelled');
    await reaches(id, 'cancelled.at_home_phlebotomy.cancelled');
    await until(async () => (await venule.store.appointments.findById(appointmentId).lean())?.status === 'cancelled');
  });
});
