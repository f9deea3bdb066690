/** Every duration that a journey waits for, in one object that is passed into the workflow (F1). In milliseconds, unless said otherwise. */

import { DEFAULT_EARLY_BOOKING, type EarlyBookingPolicy } from './appointments/early-booking.ts';
import { DEFAULT_QUIET_HOURS, LONGEST_QUIET_HOURS, lengthOf, type QuietHours } from './messages/quiet-hours.ts';
import { DEFAULT_REMINDERS, type ReminderPolicy } from './messages/reminders.ts';
import type { CollectionMethod } from './orders/status.ts';
import { DEFAULT_DRAW_INFERRED_AFTER } from './results/draw-evidence.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface JourneyPolicy extends ReminderPolicy, QuietHours, EarlyBookingPolicy {
  /** How long a requisition is valid, from the day it is created (F1). */
  requisition_valid: Record<CollectionMethod, number>;
  /** How much longer results are awaited after that (F1). */
  results_awaited_longer: number;
  /** How long expiry waits for a stored report that has not reached the journey yet, before it looks again. */
  expiry_grace: number;
  /** How long after its end a visit's provider has to tell what became of it, before a report is taken for its word (G2). */
  draw_inferred_after: number;
  /** For how long a lab that is away or answers AE is tried (F4). */
  lab_tried_for: number;
  /** First and longest pause between two attempts at a partner. */
  partner_retry_first: number;
  partner_retry_longest: number;
  /** One call to a partner. */
  partner_call: number;
  /** For how long a cancellation at the lab is tried before an engineer must look. */
  undo_tried_for: number;
  /** For how long an appointment that outlives its order is awaited while it has no time. */
  appointment_outlives_order: number;
  /** For how long a mail is tried. */
  mail_tried_for: number;
  /** How much longer than the steps of a simulated visit its draw is waited for (F6). */
  simulation_waits_longer: number;
  /** For how long the API tries to reach a journey with a command: a partner call and some. */
  command_tried_for: number;
  /** How long after an event its journey is asked whether it knows of it; what a crash took from it is made good then. */
  journey_checked_after: number;
  /** Number of history events (not a duration) after which a journey continues as new, if Temporal does not ask for it earlier. */
  longest_history: number;
}

const DEFAULT_POLICY: JourneyPolicy = {
  requisition_valid: {
    walk_in_test: 180 * DAY,
    at_home_phlebotomy: 60 * DAY,
    on_site_collection: 60 * DAY,
    testkit: 365 * DAY,
  },
  results_awaited_longer: 30 * DAY,
  expiry_grace: MINUTE,
  draw_inferred_after: DEFAULT_DRAW_INFERRED_AFTER,
  lab_tried_for: 5 * DAY,
  partner_retry_first: 5 * SECOND,
  partner_retry_longest: 10 * MINUTE,
  partner_call: 15 * SECOND,
  undo_tried_for: 30 * DAY,
  appointment_outlives_order: 30 * DAY,
  mail_tried_for: 3 * DAY,
  simulation_waits_longer: HOUR,
  command_tried_for: 25 * SECOND,
  journey_checked_after: 3 * SECOND,
  longest_history: 4000,
  ...DEFAULT_REMINDERS,
  ...DEFAULT_EARLY_BOOKING,
  ...DEFAULT_QUIET_HOURS,
};

/** What is a time of day and no duration. */
const TIMES_OF_DAY: readonly string[] = ['quiet_from', 'quiet_until'] satisfies (keyof QuietHours)[];

/**
 * The default policy with some durations replaced.
 * @param overrides Durations in milliseconds, and hours of the day, by the policy's own names; `requisition_valid` may
 * name some methods only.
 * @throws RangeError naming an unknown duration, one that is not a positive number, an hour that is not of a day, or
 * quiet hours that hardly end.
 */
export function policyWith(overrides: Record<string, unknown> = {}): JourneyPolicy {
  const policy: JourneyPolicy = { ...DEFAULT_POLICY, requisition_valid: { ...DEFAULT_POLICY.requisition_valid } };
  for (const [name, value] of Object.entries(overrides)) {
    if (name === 'requisition_valid' && typeof value === 'object' && value !== null) {
      for (const [method, duration] of Object.entries(value)) {
        assign(policy.requisition_valid as unknown as Record<string, unknown>, method, duration);
      }
    } else {
      assign(policy as unknown as Record<string, unknown>, name, value);
    }
  }
  if (lengthOf(policy) > LONGEST_QUIET_HOURS) {
    throw new RangeError(
      `The quiet hours of the journey policy must leave ${24 - LONGEST_QUIET_HOURS} hours of the day`,
    );
  }
  return policy;
}

function assign(target: Record<string, unknown>, name: string, value: unknown): void {
  if (!Object.hasOwn(target, name)) throw new RangeError(`There is no setting "${name}" in the journey policy`);
  const isList = Array.isArray(target[name]);
  const isTime = TIMES_OF_DAY.includes(name);
  const fits = (one: unknown) => typeof one === 'number' && (isTime ? one >= 0 && one <= 24 : one > 0);
  if (isList !== Array.isArray(value) || ![value].flat().every(fits)) {
    const kind = isTime ? 'an hour from 0 to 24' : isList ? 'a list of positive numbers' : 'a positive number';
    throw new RangeError(`"${name}" of the journey policy must be ${kind}`);
  }
  target[name] = value;
}
