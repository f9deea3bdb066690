/** What the API makes of Temporal's answers, and of answers that are lost. */
import {
  ApplicationFailure,
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import type { Order } from '../../domain/orders/order.ts';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';
import { refusedTransition } from '../../domain/orders/transitions.ts';
import { policyWith } from '../../domain/policy.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { JourneysUnavailable, OrderNotCancellable, temporalJourneys } from '../../temporal/journeys.ts';

const order = {
  id: 'order',
  transaction_id: 'transaction',
  origin: 'initial',
  collection_method: 'walk_in_test',
  lab_slug: 'labcorp',
} as Order;

const lostAnswer = () => Object.assign(new Error('Deadline exceeded'), { code: 4, details: '', metadata: {} });

/** Journeys on a Temporal that starts each workflow id once, and whose first answers are lost. */
function onTemporal({ lost, refused, answer }: { lost: number; refused?: Error; answer?: Error }) {
  const ids: string[] = [];
  const client = {
    withDeadline: (_deadline: number, work: () => unknown) => work(),
    workflow: {
      async start(_type: string, { workflowId }: { workflowId: string }) {
        ids.push(workflowId);
        if (refused) throw refused;
        if (ids.length <= lost) throw lostAnswer();
        if (ids.length > 1) throw new WorkflowExecutionAlreadyStartedError('started', workflowId, 'orderTransaction');
      },
      getHandle: () => ({
        executeUpdate() {
          throw answer ?? new WorkflowNotFoundError('terminated', 'transaction', undefined);
        },
      }),
    },
  };
  return { ids, journeys: temporalJourneys(client as unknown as Client, 'venule', policyWith()) };
}

test('A1: a start whose answers are lost is asked for again under the same id, and has happened once', async () => {
  const { ids, journeys } = onTemporal({ lost: 2 });
  await journeys.start(order);
  expect(ids).toHaveLength(3);
  expect(new Set(ids).size).toBe(1);
});

test('A1: a start that Temporal never answers is given up after ten seconds', async () => {
  jest.useFakeTimers({ doNotFake: ['setTimeout'] });
  const { ids, journeys } = onTemporal({ lost: Number.POSITIVE_INFINITY });
  const started = journeys.start(order);
  jest.setSystemTime(Date.now() + 10_000);
  await expect(started).rejects.toThrow(JourneysUnavailable);
  jest.useRealTimers();
  expect(ids.length).toBeGreaterThan(0);
});

test('A1: a start that cannot succeed is not asked for again', async () => {
  const refused = new TypeError('not serializable');
  const { ids, journeys } = onTemporal({ lost: 0, refused });
  await expect(journeys.start(order)).rejects.toThrow(refused);
  expect(ids).toHaveLength(1);
});

describe('cancelling an order that has no workflow', () => {
  const cancel = (last_status: OrderLowLevelStatus) => {
    const document = { order, last_status, collection_method: 'walk_in_test' } as OrderDocument;
    return onTemporal({ lost: 0 }).journeys.cancel(document, { kind: 'key', id: 'test' });
  };

  test('is refused for good in the words of the contract when the order has ended', async () => {
    await expect(cancel('completed')).rejects.toEqual(
      new OrderNotCancellable(refusedTransition('completed', 'cancelled')),
    );
  });

  test('is refused for want of a journey when the order is open: a redraw’s may have yet to begin', async () => {
    await expect(cancel('ordered')).rejects.toMatchObject({ known: { events: 0 } });
  });
});

describe('a draw that is reported', () => {
  const report = (failure: ApplicationFailure) => {
    const answer = new WorkflowUpdateFailedError('refused', failure);
    const document = { order, last_status: 'requisition_created' } as OrderDocument;
    return onTemporal({ lost: 0, answer }).journeys.drawCompleted(document, { kind: 'key', id: 'test' });
  };

  test('is refused in the journey’s words', async () => {
    const failure = ApplicationFailure.nonRetryable('It is over', 'DrawRefused', { events: 3, appointment: null });
    await expect(report(failure)).rejects.toMatchObject({
      name: 'DrawRefused',
      message: 'It is over',
      known: { events: 3 },
    });
  });

  test('is to be reported again when a worker of an earlier version took it, which does not know of it', async () => {
    const unknown = ApplicationFailure.nonRetryable('No registered handler for update: drawCompleted');
    await expect(report(unknown)).rejects.toThrow(JourneysUnavailable);
  });
});
