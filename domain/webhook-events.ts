/** What webhooks tell. */

export const WEBHOOK_EVENT_TYPES = [
  'labtest.order.created',
  'labtest.order.updated',
  'labtest.appointment.created',
  'labtest.appointment.updated',
  'labtest.result.critical',
  'labtest.match_review.created',
  'labtest.match_review.updated',
  'lab_report.parsing_job.created',
  'lab_report.parsing_job.updated',
] as const;
/** An event that an endpoint can ask for (E1). */
export type WebhookEventType = (typeof WEBHOOK_EVENT_TYPES)[number];

/** The events that tell the state of an order; resending an order means the latest of these. */
export const ORDER_EVENT_TYPES = [
  'labtest.order.created',
  'labtest.order.updated',
] as const satisfies readonly WebhookEventType[];
