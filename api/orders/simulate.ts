/** `POST /v3/order/{id}/test`: tells the sandbox partners how an order is to go on (F6). */
import { setTimeout as sleep } from 'node:timers/promises';
import { providerOfLab } from '../../domain/appointments/appointment.ts';
import { NOT_COLLECTED_YET } from '../../domain/orders/checks.ts';
import type { Order } from '../../domain/orders/order.ts';
import { redrawFor } from '../../domain/orders/redraw.ts';
import { fullStatus, type OrderLowLevelStatus, type OrderStatus, parseFullStatus } from '../../domain/orders/status.ts';
import { isEnded, mayFollow, refusedTransition, takesResults } from '../../domain/orders/transitions.ts';
import type { Principal } from '../../domain/principal.ts';
import type { SimulatedReport } from '../../domain/simulated-report.ts';
import type { TeamDocument } from '../../store/collections/access.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { findOrder } from '../../store/orders/read-orders.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../http/errors.ts';
import { cancelOrder } from './cancel-order.ts';
import { completeDraw } from './complete-draw.ts';
import { haveLabReport } from './sandbox-partners.ts';
import { APPOINTMENT_GOALS, isVisitGoal, STEPS_OF_A_VISIT, simulateVisit } from './simulate-visit.ts';

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
  corrected: { final_status: 'corrected' },
  sample_error: { final_status: 'sample_error' },
  redraw_available: { final_status: 'completed', has_missing_results: true },
} as const;

/** What is reported of an order when nobody says what kinds of result there are to be (F6): each kind in turn. */
const EVERY_TYPE = ['numeric', 'range', 'comment'] as const;

const A_LOST_RESULT = { slug: 'any', failure_type: 'internal_lab_failure' } as const;

/**
 * The statuses that a simulation can bring an order to, wherever it stands; the table of transitions says which of them
 * can follow.
 */
export function simulated(order: Order): OrderLowLevelStatus[] {
  const { collection_method: method, lab_slug } = order;
  if (NOT_COLLECTED_YET.includes(method)) return ['requisition_created', 'cancelled'];
  const isBooked = method === 'at_home_phlebotomy' || (method === 'walk_in_test' && providerOfLab(lab_slug));
  const isRedrawn = redrawFor(order, [A_LOST_RESULT]).length > 0;
  return [
    'requisition_created',
    ...(isBooked ? APPOINTMENT_GOALS : []),
    // A draw at a service center is told of by nobody.
    ...(method === 'walk_in_test' ? [] : (['draw_completed'] as const)),
    'partial_results',
    'completed',
    'corrected',
    ...(isRedrawn ? (['redraw_available'] as const) : []),
    'sample_error',
    'cancelled',
  ];
}

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
  if (goal?.method !== method) throw new ApiError('rule_broken', `${wanted} is not a status of ${method} orders`);
  if (order.last_status === goal.low) return;
  const known = simulated(order.order);
  if (!known.includes(goal.low)) {
    const others = known.map((status) => fullStatus(method, status)).join(', ');
    throw new ApiError('rule_broken', `A simulation cannot take this order to ${wanted}; it can to ${others}`);
  }
  const { delaySeconds, interpretation, resultTypes, hasMissingResults } = simulation;
  if (goal.low === 'corrected' && hasMissingResults && known.includes('redraw_available')) {
    throw new ApiError('rule_broken', 'With has_missing_results this order gets a redraw, and is not corrected');
  }
  mayGoOn(order, goal.low);
  if (goal.low === 'cancelled') return cancelOrder(deps, order, by);

  const current = await requisitionOf(deps, order);
  if (goal.low === 'requisition_created') {
    if (order.last_status === 'ordered') return;
    throw new ApiError('transition_not_allowed', refusedTransition(order.last_status, goal.low));
  }
  mayGoOn(current, goal.low);
  const outcome = LAB_OUTCOMES[goal.low as keyof typeof LAB_OUTCOMES];
  const onSite = method === 'on_site_collection';
  if (onSite && goal.low === 'draw_completed') return completeDraw(deps, current, by);
  const atHome = method === 'at_home_phlebotomy';
  const visit = { deps, team, by, order: current, type: atHome ? 'phlebotomy' : 'patient_service_center' } as const;
  if (isVisitGoal(goal.low)) return simulateVisit(visit, goal.low, delaySeconds);
  const report: SimulatedReport = {
    has_missing_results: hasMissingResults,
    ...outcome,
    delay_seconds: delaySeconds,
    interpretation,
    result_types: resultTypes.length > 0 ? resultTypes : EVERY_TYPE,
  };
  if (onSite && mayFollow(method, current.last_status, 'draw_completed')) await completeDraw(deps, current, by);
  const isDrawn =
    !atHome || takesResults(method, current.last_status) || mayFollow(method, current.last_status, goal.low);
  if (isDrawn) return haveLabReport(deps, order, report);
  await simulateVisit(visit, 'draw_completed', delaySeconds);
  await deps.simulations.start(current.order, report, STEPS_OF_A_VISIT * delaySeconds * 1000);
}

/** @throws ApiError `transition_not_allowed` when the order has ended, a correction of its results aside */
function mayGoOn({ last_status, collection_method }: OrderDocument, goal: OrderLowLevelStatus): void {
  if (!isEnded(last_status, collection_method) || mayFollow(collection_method, last_status, goal)) return;
  throw new ApiError('transition_not_allowed', refusedTransition(last_status, goal));
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
