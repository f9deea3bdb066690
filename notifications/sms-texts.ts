/** What an SMS says: the team's name first, no test and no result, and whom to call (F11). */
import type { Appointment } from '../domain/appointment.ts';
import type { AppointmentMessageKind, SmsKind } from '../domain/messages.ts';
import type { Order } from '../domain/order.ts';
import { phoneText } from '../domain/phone.ts';
import type { CollectionMethod } from '../domain/status.ts';
import type { Sender } from './letter.ts';
import { onOneLine, visitStart } from './visit-time.ts';

/** What an SMS about an order is written from. */
export interface SmsContent {
  order: Pick<Order, 'collection_method'>;
  team: Pick<Sender, 'name' | 'contact'>;
  /** Where the patient books, changes and cancels; null when there is no such place. */
  booking_url: string | null;
}

/** The same about an appointment of it. */
export interface AppointmentSmsContent extends SmsContent {
  appointment: Appointment;
}

const OPT_OUT = 'Reply STOP to opt out.';

const WHERE_TO_BOOK: Record<CollectionMethod, string> = {
  at_home_phlebotomy: 'Choose a time for your home visit',
  walk_in_test: 'See where to go',
  on_site_collection: 'See what is next',
  testkit: 'See what is next',
};

const ORDER_TEXTS: Record<SmsKind, (content: SmsContent) => string[]> = {
  order_received: () => ['Laboratory work was ordered for you. You will hear from us when it is time for the draw.'],
  requisition_ready: (content) => [
    'Your laboratory order is ready.',
    ...linked(WHERE_TO_BOOK[content.order.collection_method], content),
  ],
  redraw_needed: () => [
    'The laboratory needs a new sample from you. This happens and says nothing about your health. Your new order follows.',
  ],
  draw_completed: () => ['Your sample was taken and is on its way to the laboratory.'],
  results_ready: ({ team }) => [`Your laboratory results are ready. Sign in with ${team.name} to see them.`],
  order_cancelled: () => ['Your laboratory order was cancelled. Nothing is left for you to do.'],
};

const APPOINTMENT_TEXTS: Record<AppointmentMessageKind, (content: AppointmentSmsContent) => string[]> = {
  appointment_pending: () => ['Your visit is requested. A phlebotomist will settle the time with you.'],
  appointment_confirmed: (content) => [
    `Your appointment is on ${visitStart(content.appointment)}${place(content)}.`,
    ...linked('Change or cancel', content),
  ],
  appointment_rescheduled: (content) => [
    `Your appointment has moved to ${visitStart(content.appointment)}${place(content)}.`,
    ...linked('Change or cancel', content),
  ],
  appointment_cancelled: (content) => ['Your appointment was cancelled.', ...linked('Book another', content)],
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
  const where = linked(WHERE_TO_BOOK[content.order.collection_method], content);
  return said(content, ['Your laboratory order is waiting for you.', ...where, OPT_OUT]);
}

/** The text of a reminder of an appointment. */
export function appointmentReminderSms(content: AppointmentSmsContent): string {
  const when = `Your appointment is on ${visitStart(content.appointment)}${place(content)}.`;
  return said(content, [when, ...linked('Change or cancel', content), OPT_OUT]);
}

/** Whose message it is, what it says, and whom to call. */
function said({ team }: SmsContent, sentences: string[]): string {
  const contact = team.contact.phone ? phoneText(team.contact.phone) : team.contact.email;
  return [`${team.name}: ${sentences[0]}`, ...sentences.slice(1), ...(contact ? [`Questions? ${contact}`] : [])].join(
    ' ',
  );
}

/** Nothing is put after the address but a space, so that every telephone sees where it ends. */
const linked = (label: string, { booking_url }: SmsContent) => (booking_url ? [`${label}: ${booking_url}`] : []);

/** Where, for who has to go there, and what to say on arrival. */
function place({ appointment }: AppointmentSmsContent): string {
  if (appointment.type !== 'patient_service_center') return '';
  const number = appointment.external_id ? ` (appointment ${appointment.external_id})` : '';
  return ` at ${onOneLine(appointment.address)}${number}`;
}
