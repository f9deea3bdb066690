import {
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  continueAsNew,
  executeChild,
  ParentClosePolicy,
  proxyActivities,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { Activities } from '../activities/types.ts';
import { redrawWorkflowId } from '../domain/ids.ts';
import type { Order, RecordedEvent } from '../domain/orders/order.ts';
import type { TransactionStatus } from '../domain/orders/status.ts';
import type { JourneyPolicy } from '../domain/policy.ts';
import { rootMessage } from './failures.ts';
import { OrderJourney } from './journey/journey.ts';
import type { JourneyMemory } from './journey/memory.ts';
import { redrawOrder } from './redraw-order.ts';
import { searchAttributesOf, standing } from './search-attributes.ts';

export interface OrderTransactionInput {
  /** The initial order, as it was accepted. */
  order: Order;
  policy: JourneyPolicy;
  /** The number of the rules that the journey follows (domain/rules.ts); absent where it began before they had numbers. */
  rules?: number;
  /** Set when a long journey continues as new. */
  memory?: JourneyMemory;
}

/** How a testing journey ended. */
export interface TransactionOutcome {
  status: TransactionStatus;
  orders: { id: string; last_status: RecordedEvent['status'] }[];
}

/** One testing journey: an initial order and at most one redraw (D1–D8). */
export async function orderTransaction(input: OrderTransactionInput): Promise<TransactionOutcome> {
  const { order, policy } = input;
  const journey = new OrderJourney(
    order,
    policy,
    (memory) => continueAsNew<typeof orderTransaction>({ ...input, memory }),
    input,
  );
  journey.listen();

  const ending = await journey.run();
  const initial = { id: order.id, last_status: ending.status };
  const { redraw } = ending;
  if (!redraw) {
    await journey.conclude();
    return { status: ending.transaction_status, orders: [initial] };
  }

  const last = await journey.runWhileHandlingMessages(
    { what: `its redraw ${redraw.id}`, toDo: `Nothing here: see the workflow ${redrawWorkflowId(redraw.id)}.` },
    () => redrawn(input, redraw, journey),
  );
  if ('failure' in last) {
    const what = `The workflow of redraw ${redraw.id} ended, but its order did not. Check what happened to it.`;
    journey.failed(`${what} ${last.failure}`);
    await journey.conclude();
    return { status: ending.transaction_status, orders: [initial] };
  }
  upsertSearchAttributes(standing(ending.status, last.transaction_status));
  await journey.conclude();
  return { status: last.transaction_status, orders: [initial, { id: redraw.id, last_status: last.status }] };
}

/** How a redraw ended, also when something that followed from its end failed: that is shown by its own workflow (G3). */
async function redrawn(
  { policy, rules, memory }: OrderTransactionInput,
  redraw: Order,
  journey: OrderJourney,
): Promise<Pick<RecordedEvent, 'status' | 'transaction_status'> | { failure: string }> {
  // A journey that is started again leaves its redraw's as it is.
  if (memory?.restarted) return endOfRedraw(redraw, policy);
  try {
    return await executeChild(redrawOrder, {
      workflowId: redrawWorkflowId(redraw.id),
      args: [{ order: redraw, policy, ...(rules !== undefined && { rules }) }],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      typedSearchAttributes: searchAttributesOf(redraw),
      staticSummary: `Redraw ${redraw.placer_order_number} at ${redraw.lab_slug}`,
    });
  } catch (failure) {
    if (!(failure instanceof ChildWorkflowFailure)) throw failure;
    const [ending] = failure.cause instanceof ApplicationFailure ? (failure.cause.details ?? []) : [];
    if (ending) return ending as RecordedEvent;
    journey.trouble(
      `The workflow of redraw ${redraw.id} ended, but its order did not: ${rootMessage(failure)}. ` +
        `Restart it: npm run admin -- order restart ${redraw.id}`,
    );
    return endOfRedraw(redraw, policy);
  }
}

/** Waits until the redraw's order has ended, whoever brings it there; for as long as results are awaited (F1). */
async function endOfRedraw(
  { id, collection_method }: Order,
  policy: JourneyPolicy,
): Promise<Pick<RecordedEvent, 'status' | 'transaction_status'> | { failure: string }> {
  const activities = proxyActivities<Activities>({
    startToCloseTimeout: '30s',
    scheduleToCloseTimeout: policy.requisition_valid[collection_method] + policy.results_awaited_longer,
    retry: { initialInterval: policy.partner_retry_first, maximumInterval: policy.partner_retry_longest },
    summary: `The end of redraw ${id}`,
  });
  try {
    return await activities.endOfRedraw(id);
  } catch (failure) {
    if (!(failure instanceof ActivityFailure)) throw failure;
    return { failure: rootMessage(failure) };
  }
}
