/** Which status may follow which, for each way of collecting the specimen. The only place that says so. */
import type { CollectionMethod, OrderLowLevelStatus } from './status.ts';

type Transitions = Partial<Record<OrderLowLevelStatus, readonly OrderLowLevelStatus[]>>;

const WALK_IN_OUTCOMES = ['partial_results', 'completed', 'redraw_available', 'sample_error', 'cancelled'] as const;

const WALK_IN: Transitions = {
  ordered: ['requisition_created', 'cancelled'],
  requisition_created: ['appointment_pending', ...WALK_IN_OUTCOMES],
  requisition_bypassed: ['appointment_pending', ...WALK_IN_OUTCOMES],
  appointment_pending: ['appointment_scheduled', 'appointment_cancelled', ...WALK_IN_OUTCOMES],
  appointment_scheduled: ['appointment_pending', 'appointment_scheduled', 'appointment_cancelled', ...WALK_IN_OUTCOMES],
  appointment_cancelled: ['appointment_pending', ...WALK_IN_OUTCOMES],
  partial_results: ['partial_results', 'completed', 'redraw_available', 'sample_error'],
  completed: ['corrected'],
  corrected: ['corrected'],
};

const AT_HOME: Transitions = {
  ordered: ['requisition_created', 'cancelled'],
  requisition_created: ['appointment_pending', 'appointment_scheduled', 'cancelled'],
  requisition_bypassed: ['appointment_pending', 'appointment_scheduled', 'cancelled'],
  appointment_pending: ['appointment_scheduled', 'appointment_cancelled', 'cancelled'],
  appointment_scheduled: ['appointment_scheduled', 'appointment_cancelled', 'draw_completed', 'cancelled'],
  appointment_cancelled: ['appointment_pending', 'appointment_scheduled', 'cancelled'],
  draw_completed: ['partial_results', 'completed', 'sample_error', 'cancelled'],
  partial_results: ['partial_results', 'completed', 'sample_error'],
  completed: ['corrected'],
  corrected: ['corrected'],
};

const ON_SITE: Transitions = {
  ordered: ['requisition_created', 'cancelled'],
  requisition_created: ['draw_completed', 'cancelled'],
  requisition_bypassed: ['draw_completed', 'cancelled'],
  draw_completed: ['partial_results', 'completed', 'sample_error', 'cancelled'],
  partial_results: ['partial_results', 'completed', 'sample_error'],
  completed: ['corrected'],
  corrected: ['corrected'],
};

const LOST_IN_TRANSIT = ['lost'] as const;
const TESTKIT: Transitions = {
  ordered: ['requisition_created', 'awaiting_registration', 'cancelled', 'do_not_process'],
  awaiting_registration: ['transit_customer', 'registered', 'cancelled', 'do_not_process'],
  requisition_created: ['transit_customer', 'transit_lab', 'cancelled', 'do_not_process'],
  requisition_bypassed: ['transit_customer', 'transit_lab', 'cancelled', 'do_not_process'],
  transit_customer: [
    'out_for_delivery',
    'problem_in_transit_customer',
    'failure_to_deliver_to_customer',
    ...LOST_IN_TRANSIT,
  ],
  out_for_delivery: [
    'with_customer',
    'problem_in_transit_customer',
    'failure_to_deliver_to_customer',
    ...LOST_IN_TRANSIT,
  ],
  problem_in_transit_customer: [
    'transit_customer',
    'out_for_delivery',
    'with_customer',
    'failure_to_deliver_to_customer',
    ...LOST_IN_TRANSIT,
  ],
  with_customer: ['registered', 'transit_lab'],
  registered: ['requisition_created', 'cancelled'],
  transit_lab: ['delivered_to_lab', 'problem_in_transit_lab', 'failure_to_deliver_to_lab', ...LOST_IN_TRANSIT],
  problem_in_transit_lab: ['transit_lab', 'delivered_to_lab', 'failure_to_deliver_to_lab', ...LOST_IN_TRANSIT],
  delivered_to_lab: ['lab_processing_blocked', 'completed', 'sample_error'],
  lab_processing_blocked: ['delivered_to_lab', 'completed', 'sample_error'],
  completed: ['corrected'],
  corrected: ['corrected'],
};

const TRANSITIONS: Record<CollectionMethod, Transitions> = {
  walk_in_test: WALK_IN,
  at_home_phlebotomy: AT_HOME,
  testkit: TESTKIT,
  on_site_collection: ON_SITE,
};

/** Whether an order collected by `method` may go from one status to another. */
export function mayFollow(method: CollectionMethod, from: OrderLowLevelStatus, to: OrderLowLevelStatus): boolean {
  return TRANSITIONS[method][from]?.includes(to) ?? false;
}

/** Whether an order in that status will never change again, a corrected result aside. */
export function isEnded(status: OrderLowLevelStatus, method: CollectionMethod): boolean {
  return (TRANSITIONS[method][status] ?? []).every((next) => next === 'corrected');
}

/** Whether a report from the lab may be taken in while the order is in that status. */
export function takesResults(method: CollectionMethod, status: OrderLowLevelStatus): boolean {
  return mayFollow(method, status, 'completed');
}

/** Refusal of a status change, in the words that callers know. */
export const refusedTransition = (from: OrderLowLevelStatus, to: OrderLowLevelStatus) =>
  `Transition from ${from} to ${to} is not allowed`;
