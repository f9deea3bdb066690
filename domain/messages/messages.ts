/** What is sent to the patient, and when: one line a message. */
import {
  type Appointment,
  type AppointmentEvent,
  type AppointmentEventStatus,
  OVERDUE,
} from '../appointments/appointment.ts';
import type { Order } from '../orders/order.ts';
import type { CollectionMethod, OrderLowLevelStatus, OrderOrigin } from '../orders/status.ts';

export const MAIL_KINDS = ['requisition_ready', 'redraw_needed', 'results_ready', 'order_cancelled'] as const;
/** A mail to the patient; its template is in `notifications/templates`. */
export type MailKind = (typeof MAIL_KINDS)[number];

/** When a message goes out. */
interface MessageRule<Kind> {
  kind: Kind;
  /** The status that an order enters when the message is due. */
  when: OrderLowLevelStatus;
  of: readonly OrderOrigin[];
  /** The collection methods that it goes with; every one unless given. */
  by?: readonly CollectionMethod[];
  /** A team option that has to be on besides the way itself. */
  option?: 'results_ready_mail';
}

/** As much of an order as decides about its messages. */
type Addressed = Pick<Order, 'origin' | 'collection_method'> & { options: MessageSwitches };

/** The message that an event of an order calls for, among those that go one way; null when there is none. */
function due<Kind>(
  rules: readonly MessageRule<Kind>[],
  event: { status: OrderLowLevelStatus },
  order: Addressed,
): Kind | null {
  const rule = rules.find(
    ({ when, of, by, option }) =>
      when === event.status &&
      of.includes(order.origin) &&
      (!by || by.includes(order.collection_method)) &&
      (!option || order.options[option]),
  );
  return rule?.kind ?? null;
}

/** A test kit comes by post and is announced by SMS: its patient is mailed no requisition. */
const CARRIED: readonly CollectionMethod[] = ['walk_in_test', 'at_home_phlebotomy', 'on_site_collection'];

const EVERY_ORIGIN: readonly OrderOrigin[] = ['initial', 'recreation', 'redraw'];

const MAILS: readonly MessageRule<MailKind>[] = [
  { kind: 'requisition_ready', when: 'requisition_created', of: ['initial', 'recreation'], by: CARRIED },
  { kind: 'redraw_needed', when: 'requisition_created', of: ['redraw'], by: CARRIED },
  { kind: 'results_ready', when: 'completed', of: EVERY_ORIGIN, option: 'results_ready_mail' },
  { kind: 'order_cancelled', when: 'cancelled', of: EVERY_ORIGIN },
];

/** The mail that an event of an order calls for, by the team's switches; null when there is none (F11). */
export function mailFor(event: { status: OrderLowLevelStatus }, order: Addressed): MailKind | null {
  return order.options.email_enabled ? due(MAILS, event, order) : null;
}

export const SMS_KINDS = [
  'order_received',
  'requisition_ready',
  'redraw_needed',
  'draw_completed',
  'results_ready',
  'order_cancelled',
] as const;
/** An SMS that goes with a status of the order; its text is in `notifications/sms-texts.ts`. */
export type SmsKind = (typeof SMS_KINDS)[number];

/** The team's switches for messages, as they were when the order was accepted. */
export interface MessageSwitches {
  email_enabled: boolean;
  sms_enabled?: boolean;
  /** Results may be announced before a clinician has seen them (F11). */
  results_ready_mail: boolean;
}

const SMS: readonly MessageRule<SmsKind>[] = [
  { kind: 'order_received', when: 'ordered', of: ['initial', 'recreation'] },
  { kind: 'requisition_ready', when: 'requisition_created', of: EVERY_ORIGIN, by: CARRIED },
  { kind: 'redraw_needed', when: 'redraw_available', of: ['initial', 'recreation'] },
  {
    kind: 'draw_completed',
    when: 'draw_completed',
    of: EVERY_ORIGIN,
    by: ['at_home_phlebotomy', 'on_site_collection'],
  },
  { kind: 'results_ready', when: 'completed', of: EVERY_ORIGIN, option: 'results_ready_mail' },
  { kind: 'order_cancelled', when: 'cancelled', of: EVERY_ORIGIN },
];

/** The SMS that an event of an order calls for, by the team's switches; null when there is none (F11). */
export function smsFor(event: { status: OrderLowLevelStatus }, order: Addressed): SmsKind | null {
  return order.options.sms_enabled ? due(SMS, event, order) : null;
}

export const APPOINTMENT_MESSAGE_KINDS = [
  'appointment_pending',
  'appointment_confirmed',
  'appointment_rescheduled',
  'appointment_cancelled',
] as const;
/** What the patient is told about an appointment, by mail or SMS. */
export type AppointmentMessageKind = (typeof APPOINTMENT_MESSAGE_KINDS)[number];

/** Statuses of which nothing is said have no line. */
const APPOINTMENT_NEWS: Partial<Record<AppointmentEventStatus, AppointmentMessageKind>> = {
  pending: 'appointment_pending',
  scheduled: 'appointment_confirmed',
  cancelled: 'appointment_cancelled',
};

/**
 * The new events of an appointment of which the patient may be told. Of a confirmation that came together with what
 * followed it, or that names no time, nothing is said.
 * @param known How many of its events have been told of.
 */
export function notifiableEvents(
  { events, start_at }: Pick<Appointment, 'events' | 'start_at'>,
  known: number,
): AppointmentEvent[] {
  return events
    .slice(known)
    .filter((event) => event.status !== 'scheduled' || (event === events.at(-1) && start_at !== null));
}

/** The first way, or else the other for whom the first does not reach. */
type Way = 'mail_or_sms' | 'sms_or_mail';

const APPOINTMENT_WAYS: Partial<Record<CollectionMethod, Partial<Record<AppointmentMessageKind, Way>>>> = {
  at_home_phlebotomy: {
    appointment_pending: 'mail_or_sms',
    appointment_confirmed: 'mail_or_sms',
    appointment_rescheduled: 'mail_or_sms',
    appointment_cancelled: 'mail_or_sms',
  },
  walk_in_test: {
    appointment_confirmed: 'sms_or_mail',
    appointment_rescheduled: 'sms_or_mail',
    appointment_cancelled: 'sms_or_mail',
  },
};

/** As much of an order as decides about messages on its appointment. */
type WithAppointment = Pick<Order, 'collection_method'> & {
  options: Pick<MessageSwitches, 'email_enabled' | 'sms_enabled'>;
};

/**
 * What an event of an appointment calls for, by the team's switches: a mail or an SMS, or null when nothing. Of an
 * overdue visit the patient hears nothing: the next one is booked.
 * @param rules Of the journey. By rules 1, who goes to a service center and has no SMS hears nothing.
 */
export function appointmentMessageFor(
  event: Pick<AppointmentEvent, 'status' | 'data'>,
  order: WithAppointment,
  rules: number,
): { kind: AppointmentMessageKind; by: 'mail' | 'sms' } | null {
  if (event.status === 'cancelled' && event.data?.origin === OVERDUE) return null;
  const rescheduled = event.status === 'scheduled' && event.data?.is_reschedule === true;
  const kind = rescheduled ? 'appointment_rescheduled' : APPOINTMENT_NEWS[event.status];
  const way = kind && APPOINTMENT_WAYS[order.collection_method]?.[kind];
  if (!way) return null;
  const { email_enabled, sms_enabled } = order.options;
  const mailFirst = way === 'mail_or_sms';
  if (email_enabled && (mailFirst || (!sms_enabled && rules >= 2))) return { kind, by: 'mail' };
  return sms_enabled ? { kind, by: 'sms' } : null;
}

/** Whether an SMS about an appointment that reaches nobody is followed by a mail, which brings the calendar file, too. */
export function mailedInstead(kind: AppointmentMessageKind, order: WithAppointment): boolean {
  return order.options.email_enabled && APPOINTMENT_WAYS[order.collection_method]?.[kind] === 'sms_or_mail';
}

export const HELD_BACK_REASONS = ['unsubscribed', 'opted_out', 'sms_off'] as const;
/**
 * Why a message that was due is not sent: the patient wants no more mail, or has answered STOP to an SMS, or the caller
 * has switched SMS off for this order.
 */
export type HeldBackReason = (typeof HELD_BACK_REASONS)[number];
