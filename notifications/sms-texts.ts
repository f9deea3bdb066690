/** What an SMS says: the team's name first, no test and no result, and whom to call (F11). */
import type { Appointment } from '../domain/appointments/appointment.ts';
import type { AppointmentMessageKind, SmsKind } from '../domain/messages/messages.ts';
import type { Order } from '../domain/orders/order.ts';
import type { CollectionMethod } from '../domain/orders/status.ts';
import { phoneText } from '../domain/people/phone.ts';
import { fastingSms } from './fasting-words.ts';
import { SANDBOX_MARK, type Sender } from './letter.ts';
import { onOneLine, visitStart, visitWindow } from './visit-time.ts';

/** What an SMS about an order is written from. */
export interface SmsContent {
  order: Pick<Order, 'collection_method'> & { options: Pick<Order['options'], 'sandbox'> };
  /** First name of the minor whose guardian is written to; null where the patient is (G6). */
  minor: string | null;
  /** Whether to fast before the draw (G6). */
  fasting: boolean;
  /** When the message is written: a fast may no longer be begun in time. */
  written_at: Date;
  team: Pick<Sender, 'name' | 'contact'>;
  /** Where the patient books, changes and cancels; null when there is no such place. */
  booking_url: string | null;
}

/** The same about an appointment of it. */
export interface AppointmentSmsContent extends SmsContent {
  appointment: Appointment;
}

const OPT_OUT = 'Reply STOP to opt out.';

/** Where the patient goes from here: to the booking page, or where somebody else will say. */
const WHAT_IS_NEXT: Record<CollectionMethod, (content: SmsContent) => string[]> = {
  at_home_phlebotomy: (content) => linked('Choose a time for the home visit', content),
  walk_in_test: (content) => linked('See where to go', content),
  on_site_collection: ({ team }) => [`${team.name} will tell you when and where the sample is taken.`],
  testkit: () => [],
};

const ORDER_TEXTS: Record<SmsKind, (content: SmsContent) => string[]> = {
  order_received: (content) => [
    `Lab work was ordered for ${content.minor ?? 'you'}. We will text you when it is time for the draw.`,
  ],
  requisition_ready: (content) => [
    `${Whose(content)} lab order is ready.`,
    ...preparation(content),
    ...WHAT_IS_NEXT[content.order.collection_method](content),
  ],
  redraw_needed: (content) => [
    `The laboratory needs a new sample from ${content.minor ?? 'you'}. This can happen and says nothing about ${whose(content)} health. ${Whose(content)} new order will follow.`,
  ],
  draw_completed: (content) => [`${Whose(content)} sample was taken and is on its way to the laboratory.`],
  results_ready: (content) => [
    `${Whose(content)} lab results are ready. Sign in to your ${content.team.name} account to see them.`,
  ],
  order_cancelled: (content) => [`${Whose(content)} lab order was canceled. You do not need to do anything.`],
};

const APPOINTMENT_TEXTS: Record<AppointmentMessageKind, (content: AppointmentSmsContent) => string[]> = {
  appointment_pending: (content) => [
    `${Whose(content)} home visit has been requested. A phlebotomist will contact you to set a time.`,
    ...preparation(content),
  ],
  appointment_confirmed: (content) => [
    `${Whose(content)} appointment is on ${whenAndWhere(content)}.`,
    ...preparation(content, content.appointment),
    ...linked('Change or cancel', content),
  ],
  appointment_rescheduled: (content) => [
    `${Whose(content)} appointment has moved to ${whenAndWhere(content)}.`,
    ...preparation(content, content.appointment),
    ...linked('Change or cancel', content),
  ],
  appointment_cancelled: (content) => [
    `${Whose(content)} appointment was canceled.`,
    ...linked('Book another', content),
  ],
};

/** The text that goes with a status of the order. */
export function orderSms(kind: SmsKind, content: SmsContent): string {
  return said(content, ORDER_TEXTS[kind](content));
}

/** The text that goes with a status of the appointment. */
export function appointmentSms(kind: AppointmentMessageKind, content: AppointmentSmsContent): string {
  return said(content, APPOINTMENT_TEXTS[kind](content));
}

/** The text of a reminder to book. */
export function bookingReminderSms(content: SmsContent): string {
  const next = WHAT_IS_NEXT[content.order.collection_method](content);
  return said(content, [`${Whose(content)} lab order is waiting for you.`, ...preparation(content), ...next, OPT_OUT]);
}

/** The text of a reminder of an appointment. */
export function appointmentReminderSms(content: AppointmentSmsContent): string {
  const when = `${Whose(content)} appointment is on ${whenAndWhere(content)}.`;
  return said(content, [
    when,
    ...preparation(content, content.appointment),
    ...linked('Change or cancel', content),
    OPT_OUT,
  ]);
}

/** Whose message it is, what it says, and whom to call; that it is a test stands before all (G5). */
function said({ team, order }: SmsContent, sentences: string[]): string {
  const contact = team.contact.phone ? phoneText(team.contact.phone) : team.contact.email;
  const from = `${order.options.sandbox ? `${SANDBOX_MARK} ` : ''}${team.name}:`;
  return [from, ...sentences, ...(contact ? [`Questions? ${contact}`] : [])].join(' ');
}

const whose = ({ minor }: SmsContent) => (minor === null ? 'your' : `${minor}'s`);
const Whose = ({ minor }: SmsContent) => (minor === null ? 'Your' : `${minor}'s`);

/** To fast, and for a guardian to come along (G6). */
const preparation = ({ fasting, minor, written_at }: SmsContent, visit: Appointment | null = null) => [
  ...(fasting ? [fastingSms(visit, written_at)] : []),
  ...(minor === null ? [] : ['Please come along.']),
];

/** Nothing is put after the address but a space, so that every telephone sees where it ends. */
const linked = (label: string, { booking_url }: SmsContent) => (booking_url ? [`${label}: ${booking_url}`] : []);

/** When the phlebotomist arrives; or when and where, for who has to go there, and what to say on arrival. */
function whenAndWhere({ appointment }: AppointmentSmsContent): string {
  if (appointment.type !== 'patient_service_center') return visitWindow(appointment) ?? '';
  const number = appointment.external_id ? ` (appointment ${appointment.external_id})` : '';
  return `${visitStart(appointment)} at ${onOneLine(appointment.address)}${number}`;
}
