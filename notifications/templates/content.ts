/** What the templates write about. */
import type { Appointment } from '../../domain/appointments/appointment.ts';
import type { Laboratory } from '../../domain/catalogue/catalogue.ts';
import type { Recipient } from '../../domain/messages/recipient.ts';
import type { Order } from '../../domain/orders/order.ts';
import type { Letter, Sender } from '../letter.ts';

export interface MailContent {
  order: Order;
  /** Who reads the mail (G6). */
  recipient: Recipient;
  laboratory: Pick<Laboratory, 'name' | 'phone' | 'psc_locator_url'>;
  team: Sender;
  /** Whether to fast before the draw. */
  fasting: boolean;
  /** Whether the specimen is known to have been drawn; absent where nothing depends on it. */
  drawn?: boolean;
  /** Where the patient books, changes and cancels an appointment; null or absent when there is no such place. */
  booking_url?: string | null;
  /** Where the patient ends this team's mail. */
  unsubscribe_url: string;
}

/** The same for a mail about an appointment. */
export interface AppointmentMailContent extends MailContent {
  appointment: Appointment;
  /** When the mail is written: a fast may no longer be begun in time. */
  written_at: Date;
}

/** Writes one kind of mail. It never has a result or the name of a test to write about (F11). */
export type Template = (content: MailContent) => Letter;

/** Writes one kind of mail about an appointment. */
export type AppointmentTemplate = (content: AppointmentMailContent) => Letter;
