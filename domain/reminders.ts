/** When a patient is reminded, by SMS: to book, and of what is booked. */
import { nextAllowed, type QuietHours } from './quiet-hours.ts';

const HOUR = 60 * 60 * 1000;

/** In milliseconds. */
export interface ReminderPolicy {
  /** How long after the requisition who has not booked is reminded to. */
  booking_reminders_after: readonly number[];
  /** How long before its start an appointment is brought to mind. */
  appointment_reminders_before: readonly number[];
}

/** Reminders, and the hours in which none is sent. */
type Timing = ReminderPolicy & Partial<QuietHours>;

export const DEFAULT_REMINDERS: ReminderPolicy = {
  booking_reminders_after: [24 * HOUR, 72 * HOUR, 7 * 24 * HOUR],
  appointment_reminders_before: [24 * HOUR, 2 * HOUR],
};

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
