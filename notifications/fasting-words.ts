/** How a patient is told to fast: the same in mail, calendar file, SMS and on the booking page (G6). */
import { FASTING_HOURS, lastMealBefore } from '../domain/messages/fasting.ts';
import { atThePlace } from './visit-time.ts';

/** Why the morning is the best time for a fasting draw. */
export const MORNING = 'A morning appointment is easiest: most of the fast passes overnight.';

/** The same in an SMS. */
export const FASTING_SMS = `Fast for ${FASTING_HOURS} before the draw, water only.`;

/**
 * What fasting means, for a draw of which no time is known.
 * @param minor First name of the minor who has to fast; null for the reader.
 */
export function fastingRule(minor: string | null): string {
  const who = minor === null ? 'Please fast: have' : `${minor} must fast:`;
  return `${who} nothing to eat or drink but water for ${FASTING_HOURS} before the draw.`;
}

/** The same with the hour by which the last meal has to be over, on the clock of the place. */
export function fastingBefore(
  visit: { start_at: string | null; time_zone: string | null },
  minor: string | null,
): string {
  if (!visit.start_at) return fastingRule(minor);
  return `${fastingRule(minor)} No meal after ${atThePlace(lastMealBefore(visit.start_at), visit.time_zone)}.`;
}
