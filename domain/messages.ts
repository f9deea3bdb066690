/** What is sent to the patient, and when: one line a message. */
import type { Order } from './order.ts';
import type { CollectionMethod, OrderLowLevelStatus, OrderOrigin } from './status.ts';

export const MAIL_KINDS = ['requisition_ready', 'redraw_needed', 'results_ready', 'order_cancelled'] as const;
/** A mail to the patient; its template is in `notifications/templates`. */
export type MailKind = (typeof MAIL_KINDS)[number];

interface MailRule {
  kind: MailKind;
  /** The status that an order enters when the mail is due. */
  when: OrderLowLevelStatus;
  of: readonly OrderOrigin[];
  /** The collection methods that it goes with; every one unless given. */
  by?: readonly CollectionMethod[];
  /** A team option that has to be on besides mail itself. */
  option?: 'results_ready_mail';
}

/** A test kit comes by post and is announced by SMS: its patient is mailed no requisition. */
const CARRIED: readonly CollectionMethod[] = ['walk_in_test', 'at_home_phlebotomy', 'on_site_collection'];

const MAILS: readonly MailRule[] = [
  { kind: 'requisition_ready', when: 'requisition_created', of: ['initial', 'recreation'], by: CARRIED },
  { kind: 'redraw_needed', when: 'requisition_created', of: ['redraw'], by: CARRIED },
  { kind: 'results_ready', when: 'completed', of: ['initial', 'recreation', 'redraw'], option: 'results_ready_mail' },
  { kind: 'order_cancelled', when: 'cancelled', of: ['initial', 'recreation', 'redraw'] },
];

/** The mail that an event of an order calls for, by the team's switches; null when there is none (F11). */
export function mailFor(
  event: { status: OrderLowLevelStatus },
  order: Pick<Order, 'origin' | 'collection_method' | 'options'>,
): MailKind | null {
  if (!order.options.email_enabled) return null;
  const rule = MAILS.find(
    ({ when, of, by, option }) =>
      when === event.status &&
      of.includes(order.origin) &&
      (!by || by.includes(order.collection_method)) &&
      (!option || order.options[option]),
  );
  return rule?.kind ?? null;
}
