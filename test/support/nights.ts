/** Quiet hours for tests, in the time zone of Phoenix, at whatever hour they run. */
import type { QuietHours } from '../../domain/messages/quiet-hours.ts';

const HOUR = 3_600_000;
/** Phoenix does not change its clocks. */
const OFFSET = -7 * HOUR;

/** Hours in which SMS may always be sent. */
export const NO_NIGHT: QuietHours = { quiet_from: 0, quiet_until: 0 };

/** A night that began half a day before the instant at which it ends. */
export function nightUntil(morning: Date): QuietHours {
  const hour = (instant: number) => ((instant + OFFSET) % (24 * HOUR)) / HOUR;
  return { quiet_from: hour(morning.getTime() - 12 * HOUR), quiet_until: hour(morning.getTime()) };
}

/** So many milliseconds from now. */
export const inMs = (wait: number) => new Date(Date.now() + wait);
