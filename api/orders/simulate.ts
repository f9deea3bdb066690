/** `POST /v3/order/{id}/test`: tells the sandbox partners how an order is to go on (F6). */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulatedReport } from '../../activities/types.ts';
import type { Principal } from '../../domain/principal.ts';
import { type CollectionMethod, type OrderStatus, parseFullStatus } from '../../domain/status.ts';
import { isEnded, refusedTransition, takesResults } from '../../domain/transitions.ts';
import type { OrderDocument, TeamDocument } from '../../store/documents.ts';
import { findOrder } from '../../store/read-orders.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { cancelOrder } from './cancel-order.ts';
import { haveLabReport } from './sandbox-partners.ts';
import { isVisitGoal, STEPS_OF_A_VISIT, simulateVisit } from './simulate-visit.ts';

/** How long a simulation waits for the requisition of an order that was only just accepted, in milliseconds. */
const REQUISITION_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 50;

/** How a simulation is to end, and with what results. */
export interface Simulation {
  finalStatus: OrderStatus | undefined;
  delaySeconds: number;
  interpretation: 'normal' | 'abnormal' | 'critical';
  resultTypes: readonly string[];
  hasMissingResults: boolean;
}

/** What the sandbox laboratory is asked for, by the status that an order is to reach. */
const LAB_OUTCOMES = {
  partial_results: { final_status: 'partial_results' },
  completed: { final_status: 'completed' },
  sample_error: { final_status: 'sample_error' },
  redraw_available: { final_status: 'completed', has_missing_results: true },
} as const;

/** Of which orders the specimen can be had by telling somebody. */
const SIMULATED: readonly CollectionMethod[] = ['walk_in_test', 'at_home_phlebotomy'];

/**
 * Walks an order on. Resolves when the partners have been told; what they then report arrives by itself. A visit goes on
 * after the answer, and so does what follows from it.
 * @throws ApiError `rule_broken` or `transition_not_allowed` when the order cannot get there, `unavailable` when its
 * requisition is not made yet or a sandbox partner does not answer; JourneysUnavailable when Temporal does not
 */
export async function simulate(
  deps: ApiDeps,
  { team, by }: { team: TeamDocument; by: Principal },
  order: OrderDocument,
  simulation: Simulation,
): Promise<void> {
  const method = order.collection_method;
  const wanted = simulation.finalStatus ?? (`completed.${method}.completed` as const);
  const goal = parseFullStatus(wanted);
  if (goal?.method !== method) throw new ApiError('rule_broken', `${wanted} is not a status of a ${method} order`);
  if (order.last_status === goal.low) return;
  if (isEnded(order.last_status, method)) {
    throw new ApiError('transition_not_allowed', refusedTransition(order.last_status, goal.low));
  }
  if (goal.low === 'cancelled') return cancelOrder(deps, order, by);

  const outcome = LAB_OUTCOMES[goal.low as keyof typeof LAB_OUTCOMES];
  const atHome = method === 'at_home_phlebotomy';
  if (!SIMULATED.includes(method) && goal.low !== 'requisition_created') {
    throw new ApiError(
      'rule_broken',
      `A simulation can take this order to requisition_created or cancelled, but not to ${wanted}: ${method} specimens cannot be collected in the sandbox`,
    );
  }
  const isReachable = goal.low === 'requisition_created' || outcome !== undefined || (isVisitGoal(goal.low) && atHome);
  if (!isReachable || (goal.low === 'redraw_available' && (atHome || order.origin === 'redraw'))) {
    throw new ApiError('rule_broken', `A simulation cannot take this order to ${wanted}`);
  }
  const current = await requisitionOf(deps, order);
  if (isEnded(current.last_status, method)) {
    throw new ApiError('transition_not_allowed', refusedTransition(current.last_status, goal.low));
  }
  if (goal.low === 'requisition_created') return;
  const { delaySeconds, interpretation, resultTypes, hasMissingResults } = simulation;
  const visit = { deps, team, by, order: current, type: 'phlebotomy' } as const;
  if (!outcome) return simulateVisit(visit, goal.low, delaySeconds);
  const report: SimulatedReport = {
    has_missing_results: hasMissingResults,
    ...outcome,
    delay_seconds: delaySeconds,
    interpretation,
    result_types: resultTypes,
  };
  if (!atHome || takesResults(method, current.last_status)) return haveLabReport(deps, order, report);
  await simulateVisit(visit, 'draw_completed', delaySeconds);
  await deps.walks.start(current.order, report, STEPS_OF_A_VISIT * delaySeconds * 1000);
}

/** Waits until the laboratory knows the order; it learns of it on its own, soon after it was accepted. */
async function requisitionOf({ store }: ApiDeps, order: OrderDocument): Promise<OrderDocument> {
  const deadline = Date.now() + REQUISITION_WITHIN_MS;
  let current = order;
  while (current.last_status === 'ordered') {
    const { activate_at } = current.order;
    if (activate_at && Date.parse(activate_at) > Date.now()) {
      throw new ApiError('rule_broken', `The order is not sent to the laboratory before ${current.activate_by}`);
    }
    if (Date.now() > deadline) {
      throw new ApiError('unavailable', 'The order has no requisition yet: its laboratory has not acknowledged it.');
    }
    await sleep(LOOK_EVERY_MS);
    current = (await findOrder(store, order.team_id, order._id)) ?? current;
  }
  return current;
}
