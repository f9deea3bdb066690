/** When a patient is reminded, by SMS: to book, and of what is booked. */
import { type Appointment, isActive } from '../appointments/appointment.ts';
import type { CollectionMethod, OrderLowLevelStatus } from '../orders/status.ts';
import { isEnded } from '../orders/transitions.ts';
import { nextAllowed, type QuietHours } from './quiet-hours.ts';

const HOUR = 60 * 60 * 1000;

/** In milliseconds. */
export interface ReminderPolicy {
  /** How long after the requisition who has not booked is reminded to. */
  booking_reminders_after: readonly number[];
  /** How long before its start an appointment is brought to mind. */
  appointment_reminders_before: readonly number[];
  /** For how long a reminder is tried: one that comes much later is none. */
  reminder_tried_for: number;
}

/** Reminders, and the hours in which none is sent. */
type Timing = Omit<ReminderPolicy, 'reminder_tried_for'> & Partial<QuietHours>;

export const DEFAULT_REMINDERS: ReminderPolicy = {
  booking_reminders_after: [24 * HOUR, 72 * HOUR, 7 * 24 * HOUR],
  appointment_reminders_before: [24 * HOUR, 2 * HOUR],
  reminder_tried_for: 3 * HOUR,
};

/** The appointment that a reminder is about, as it was when the reminder was planned. */
export type PlannedVisit = Pick<Appointment, 'id' | 'start_at'>;

/** What decides of what a patient is reminded. */
type Standing = Pick<Appointment, 'status' | 'start_at'>;

/**
 * Of what a patient is reminded as things stand, both when a reminder is planned and when it is sent: of the appointment,
 * to book one, or of nothing.
 * @param appointment The order's newest; null when it has none.
 */
export function reminderDue(
  order: { status: OrderLowLevelStatus; collection_method: CollectionMethod },
  appointment: Standing | null,
): 'appointment' | 'booking' | null {
  if (isEnded(order.status, order.collection_method)) return null;
  if (appointment?.status === 'scheduled' && appointment.start_at) return 'appointment';
  if (appointment && isActive(appointment)) return null;
  return TO_BOOK.includes(order.status) ? 'booking' : null;
}

const TO_BOOK: readonly OrderLowLevelStatus[] = ['requisition_created', 'appointment_cancelled'];

/**
 * For how much longer a reminder may be tried, in milliseconds: never when the appointment has begun.
 * @param startAt Of the appointment that it is of, as an ISO instant; null when it is of none.
 * @param policy What it lacks is as usual: a journey that began under an older policy has no such duration.
 */
export function reminderWorthTrying(
  startAt: string | null,
  now: Date,
  { reminder_tried_for = DEFAULT_REMINDERS.reminder_tried_for }: Partial<ReminderPolicy>,
): number {
  const left = startAt ? Date.parse(startAt) - now.getTime() : Number.POSITIVE_INFINITY;
  return Math.max(0, Math.min(left, reminder_tried_for));
}

/** When to remind somebody to book whose requisition is of that instant: in order, never in quiet hours. */
export function bookingReminders(requisitionAt: Date, policy: Timing, ...zones: string[]): Date[] {
  const due = policy.booking_reminders_after.map((after) => new Date(requisitionAt.getTime() + after));
  return inOrder(due.map((at) => nextAllowed(at, policy, ...zones)));
}

/**
 * When to remind of an appointment that begins at `startAt`: in order, never in quiet hours. What should have been sent
 * already is left out, and so is what could only be sent when the appointment has begun.
 */
export function appointmentReminders(startAt: Date, now: Date, policy: Timing, ...zones: string[]): Date[] {
  const due = policy.appointment_reminders_before
    .map((before) => new Date(startAt.getTime() - before))
    .filter((at) => at > now);
  return inOrder(due.map((at) => nextAllowed(at, policy, ...zones))).filter((at) => at < startAt);
}

/** Earliest first, each instant once. */
function inOrder(instants: Date[]): Date[] {
  return [...new Set(instants.map((instant) => instant.getTime()))]
    .sort((one, other) => one - other)
    .map((time) => new Date(time));
}
