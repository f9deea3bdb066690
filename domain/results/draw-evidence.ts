/** A laboratory's report as evidence of a draw: that a visit took place, or that somebody drew on site (G2). */
import type { Appointment } from '../appointments/appointment.ts';
import { todayIn } from '../calendar.ts';
import type { JourneyPolicy } from '../policy.ts';
import type { ReportDigest } from './report-progress.ts';

const HOUR = 60 * 60 * 1000;

/** How long after its end a visit's provider has to say what became of it, in milliseconds. */
export const DEFAULT_DRAW_INFERRED_AFTER = 6 * HOUR;

/** The zone of a laboratory that tells only the day of a collection. */
const OF_LABORATORIES = 'America/New_York';

type Visit = Pick<Appointment, 'start_at' | 'end_at' | 'time_zone'>;

/**
 * Whether a report shows a draw, at this visit or since this instant: it has a value for what was ordered, from a specimen
 * that was not collected before that day, as far as the lab says.
 */
export function showsDraw({ drawn }: ReportDigest, { start_at, time_zone }: Omit<Visit, 'end_at'>): boolean {
  if (!drawn || start_at === null) return false;
  if (drawn.collected_at === null) return true;
  const place = time_zone ?? OF_LABORATORIES;
  const collected = new Date(drawn.collected_at);
  const day = todayIn(place, new Date(start_at));
  return [place, OF_LABORATORIES].some((zone) => todayIn(zone, collected) >= day);
}

/**
 * From when on a report is believed instead of the provider, in milliseconds since 1970; `Infinity` for a visit without a
 * time.
 * @param policy Absent in it where the journey began before a draw could be inferred.
 */
export function drawInferredFrom(
  { end_at }: Visit,
  { draw_inferred_after = DEFAULT_DRAW_INFERRED_AFTER }: Partial<Pick<JourneyPolicy, 'draw_inferred_after'>>,
): number {
  return end_at === null ? Number.POSITIVE_INFINITY : Date.parse(end_at) + draw_inferred_after;
}
