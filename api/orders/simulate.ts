/** `POST /v3/order/{id}/test`: tells the sandbox laboratory how an order is to go on (F6). */
import { setTimeout as sleep } from 'node:timers/promises';
import { type OrderStatus, parseFullStatus } from '../../domain/status.ts';
import { isEnded, refusedTransition } from '../../domain/transitions.ts';
import type { OrderDocument } from '../../store/documents.ts';
import { findOrder } from '../../store/read-orders.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { cancelOrder } from './cancel-order.ts';

/** How long a simulation waits for the requisition of an order that was only just accepted, in milliseconds. */
const REQUISITION_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 50;
const SANDBOX_ANSWERS_WITHIN_MS = 10_000;

/** How a simulation is to end, and with what results. */
export interface Simulation {
  finalStatus: OrderStatus | undefined;
  delaySeconds: number;
  interpretation: 'normal' | 'abnormal' | 'critical';
  resultTypes: readonly string[];
  hasMissingResults: boolean;
}

/** What the sandbox laboratory is asked for, by the status that a walk-in order is to reach. */
const LAB_OUTCOMES = {
  partial_results: { final_status: 'partial_results' },
  completed: { final_status: 'completed' },
  sample_error: { final_status: 'sample_error' },
  redraw_available: { final_status: 'completed', has_missing_results: true },
} as const;

/**
 * Walks an order on. Resolves when the laboratory has been told; what it then reports arrives by itself.
 * @throws ApiError `rule_broken` or `transition_not_allowed` when the order cannot get there, `unavailable` when its
 * requisition is not made yet or the sandbox laboratory does not answer
 */
export async function simulate(deps: ApiDeps, order: OrderDocument, simulation: Simulation): Promise<void> {
  const method = order.collection_method;
  const wanted = simulation.finalStatus ?? (`completed.${method}.completed` as const);
  const goal = parseFullStatus(wanted);
  if (goal?.method !== method) throw new ApiError('rule_broken', `${wanted} is not a status of a ${method} order`);
  if (order.last_status === goal.low) return;
  if (isEnded(order.last_status, method)) {
    throw new ApiError('transition_not_allowed', refusedTransition(order.last_status, goal.low));
  }
  if (goal.low === 'cancelled') return cancelOrder(deps, order);

  const outcome = LAB_OUTCOMES[goal.low as keyof typeof LAB_OUTCOMES];
  const reachable = goal.low === 'requisition_created' || (method === 'walk_in_test' && outcome !== undefined);
  if (!reachable || (goal.low === 'redraw_available' && order.origin === 'redraw')) {
    throw new ApiError('rule_broken', `A simulation cannot take this order to ${wanted}`);
  }
  await requisitionOf(deps, order);
  if (!outcome) return;
  await tellSandboxLab(deps, order, {
    has_missing_results: simulation.hasMissingResults,
    ...outcome,
    delay_seconds: simulation.delaySeconds,
    interpretation: simulation.interpretation,
    result_types: simulation.resultTypes,
  });
}

/** Waits until the laboratory knows the order; it learns of it on its own, soon after it was accepted. */
async function requisitionOf({ store }: ApiDeps, order: OrderDocument): Promise<void> {
  const deadline = Date.now() + REQUISITION_WITHIN_MS;
  let current: OrderDocument | null = order;
  while (current?.last_status === 'ordered') {
    const { activate_at } = current.order;
    if (activate_at && Date.parse(activate_at) > Date.now()) {
      throw new ApiError('rule_broken', `The order goes to the laboratory on ${current.activate_by}, not before`);
    }
    if (Date.now() > deadline) {
      throw new ApiError('unavailable', 'The order has no requisition yet: its laboratory has not acknowledged it.');
    }
    await sleep(LOOK_EVERY_MS);
    current = await findOrder(store, order.team_id, order._id);
  }
}

async function tellSandboxLab({ config }: ApiDeps, order: OrderDocument, request: object): Promise<void> {
  const { user, password } = config.sandboxCredentials;
  const path = `/sandbox/labs/${order.lab_slug}/orders/${order.placer_order_number}/simulate`;
  let answer: Response;
  try {
    answer = await fetch(`${config.sandboxUrl}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(SANDBOX_ANSWERS_WITHIN_MS),
    });
  } catch {
    throw new ApiError('unavailable', 'The sandbox laboratory does not answer.');
  }
  if (answer.status >= 500) throw new ApiError('unavailable', 'The sandbox laboratory is in trouble.');
  if (!answer.ok) throw new ApiError('rule_broken', `The sandbox laboratory refused (${answer.status}).`);
}
