/**
 * The status model of an order: `HIGH.MODALITY.LOW`, for example
 * `received.walk_in_test.ordered`. The low-level status drives the journey; the
 * high-level one is always derived from it.
 */

export const COLLECTION_METHODS = ['walk_in_test', 'at_home_phlebotomy', 'testkit', 'on_site_collection'] as const;
/** How the specimen is collected; the "modality" in an order's status. */
export type CollectionMethod = (typeof COLLECTION_METHODS)[number];

export const TOP_LEVEL_STATUSES = [
  'received',
  'collecting_sample',
  'sample_with_lab',
  'completed',
  'cancelled',
  'failed',
] as const;
/** The coarse status that older clients read. */
export type OrderTopLevelStatus = (typeof TOP_LEVEL_STATUSES)[number];

/** Every low-level status with the high-level one it belongs to. */
const HIGH_OF = {
  ordered: 'received',
  requisition_created: 'received',
  requisition_bypassed: 'received',
  awaiting_registration: 'received',
  registered: 'received',
  appointment_pending: 'collecting_sample',
  appointment_scheduled: 'collecting_sample',
  appointment_cancelled: 'collecting_sample',
  draw_completed: 'collecting_sample',
  redraw_available: 'collecting_sample',
  transit_customer: 'collecting_sample',
  out_for_delivery: 'collecting_sample',
  with_customer: 'collecting_sample',
  transit_lab: 'collecting_sample',
  problem_in_transit_customer: 'collecting_sample',
  problem_in_transit_lab: 'collecting_sample',
  delivered_to_lab: 'sample_with_lab',
  lab_processing_blocked: 'sample_with_lab',
  partial_results: 'sample_with_lab',
  completed: 'completed',
  corrected: 'completed',
  sample_error: 'failed',
  failure_to_deliver_to_customer: 'failed',
  failure_to_deliver_to_lab: 'failed',
  lost: 'failed',
  cancelled: 'cancelled',
  do_not_process: 'cancelled',
} as const satisfies Record<string, OrderTopLevelStatus>;

/** The status that drives an order's journey. */
export type OrderLowLevelStatus = keyof typeof HIGH_OF;
export const LOW_LEVEL_STATUSES = Object.keys(HIGH_OF) as OrderLowLevelStatus[];

/** `HIGH.MODALITY.LOW` as it appears on the wire. */
export type OrderStatus = `${OrderTopLevelStatus}.${CollectionMethod}.${OrderLowLevelStatus}`;

/** Describes an event further; never drives the journey. */
export const STATUS_DETAILS = [
  'fulfillment_error',
  'date_of_collection_unspecified',
  'demographic_information_unspecified',
  'demographic_information_mismatch',
  'sample_quantity_not_sufficient',
  'sample_contaminated',
  'sample_stability_exceeded',
  'sample_hemolyzed',
  'sample_improper_collection',
] as const;
export type OrderStatusDetail = (typeof STATUS_DETAILS)[number];

function isLowLevelStatus(text: string): text is OrderLowLevelStatus {
  return Object.hasOwn(HIGH_OF, text);
}

/** The high-level status of a low-level one; an on-site draw is already with the lab. */
export function topLevelStatus(method: CollectionMethod, low: OrderLowLevelStatus): OrderTopLevelStatus {
  if (method === 'on_site_collection' && low === 'draw_completed') return 'sample_with_lab';
  return HIGH_OF[low];
}

/** `walk_in_test`, `ordered` → `received.walk_in_test.ordered`. */
export function fullStatus(method: CollectionMethod, low: OrderLowLevelStatus): OrderStatus {
  return `${topLevelStatus(method, low)}.${method}.${low}`;
}

/** The low-level part of a full status, or undefined when the text is not one that exists for that method. */
export function parseFullStatus(text: string): { method: CollectionMethod; low: OrderLowLevelStatus } | undefined {
  const [, method, low] = text.split('.');
  const known = COLLECTION_METHODS.find((candidate) => candidate === method);
  if (!known || low === undefined || !isLowLevelStatus(low)) return undefined;
  return fullStatus(known, low) === text ? { method: known, low } : undefined;
}

export const ORDER_ORIGINS = ['initial', 'redraw', 'recreation'] as const;
/** Where an order comes from (D2). */
export type OrderOrigin = (typeof ORDER_ORIGINS)[number];

export const TRANSACTION_STATUSES = ['active', 'completed', 'cancelled'] as const;
/** Status of an order transaction, always derived from its orders (D3). */
export type TransactionStatus = (typeof TRANSACTION_STATUSES)[number];
