/** How a patient is told to fast: the same in mail, calendar file, SMS and on the booking page (G6). */
import { canBeginToFast, FASTING_HOURS, lastMealBefore } from '../domain/messages/fasting.ts';
import { atThePlace, clockAt } from './visit-time.ts';

type Timed = { start_at: string | null; time_zone: string | null };

/** Why the morning is the best time for a fasting draw. */
export const MORNING = 'A morning appointment is easiest: most of the fast passes overnight.';

/**
 * What fasting means, in an SMS.
 * @param visit The appointment, if there is one.
 * @param now When the message is written: who can no longer begin to fast must have begun.
 */
export function fastingSms(visit: Timed | null, now: Date): string {
  if (!visit?.start_at || canBeginToFast(visit.start_at, now)) {
    return `Fast for ${FASTING_HOURS} before the draw, water only.`;
  }
  const meal = clockAt(lastMealBefore(visit.start_at), visit.time_zone);
  return `Fasting: only water since ${meal}. If there was more, choose another time.`;
}

/**
 * What fasting means, for a draw of which no time is known.
 * @param minor First name of the minor who has to fast; null for the reader.
 */
export function fastingRule(minor: string | null): string {
  const who = minor === null ? 'Please fast: have' : `${minor} must fast:`;
  return `${who} nothing to eat or drink but water for ${FASTING_HOURS} before the draw.`;
}

/**
 * The same with the hour by which the last meal has to be over, on the clock of the place.
 * @param now When it is written: once that hour has passed, whoever ate later is told to choose another time.
 */
export function fastingBefore(visit: Timed, minor: string | null, now: Date): string {
  if (!visit.start_at) return fastingRule(minor);
  const meal = atThePlace(lastMealBefore(visit.start_at), visit.time_zone);
  return canBeginToFast(visit.start_at, now)
    ? `${fastingRule(minor)} No meal after ${meal}.`
    : `${fastingRule(minor)} The last meal must have been before ${meal}. If it was later, please choose another time.`;
}
