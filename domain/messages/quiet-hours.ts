/** When nobody's telephone is to ring, where the patient lives. */

/**
 * Hours on the patient's clock, 0 to 24; 8.5 is half past eight, and 24 is midnight as 0 is. Where the two are equal
 * there are no quiet hours.
 */
export interface QuietHours {
  /** When they begin. */
  quiet_from: number;
  /** When they end: on the next day, if that is earlier on the clock. */
  quiet_until: number;
}

/** From nine in the evening to eight in the morning. */
export const DEFAULT_QUIET_HOURS: QuietHours = { quiet_from: 21, quiet_until: 8 };

/** The longest quiet hours that leave everybody some time, in a state of two time zones, too. */
export const LONGEST_QUIET_HOURS = 22;

const MINUTE = 60 * 1000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Every offset from UTC is a multiple of it, and clocks are changed at one. */
const QUARTER = 15 * MINUTE;

/**
 * The instant itself, or the first one after it that is in no quiet hours: in none of the zones, where several are
 * possible.
 * @param hours What they lack is as usual: a journey that began under an older policy has none of its own.
 * @throws RangeError for a zone that there is not.
 */
export function nextAllowed(
  instant: Date,
  {
    quiet_from = DEFAULT_QUIET_HOURS.quiet_from,
    quiet_until = DEFAULT_QUIET_HOURS.quiet_until,
  }: Readonly<Partial<QuietHours>>,
  ...zones: string[]
): Date {
  const [from, until] = [quiet_from, quiet_until].map((hour) => Math.round(hour * HOUR)) as [number, number];
  const clocks = zones.map(
    (zone) =>
      new Intl.DateTimeFormat('en-US', { timeZone: zone, hour: 'numeric', minute: 'numeric', hourCycle: 'h23' }),
  );
  /** How much longer they last by this clock; 0 outside of them. */
  const left = (clock: Intl.DateTimeFormat, at: number) => {
    const time = timeOfDay(clock, at);
    return since(from, time) < since(from, until) ? since(time, until) : 0;
  };
  let allowed = instant.getTime();
  for (;;) {
    const wait = Math.max(0, ...clocks.map((clock) => left(clock, allowed)));
    if (wait === 0) return new Date(allowed);
    allowed = Math.min(allowed + wait, Math.floor(allowed / QUARTER + 1) * QUARTER);
  }
}

/** How many hours of the day are quiet. */
export function lengthOf({ quiet_from, quiet_until }: QuietHours): number {
  return (quiet_until - quiet_from + 24) % 24;
}

/** From one time of day to the next time that it is the other. */
const since = (earlier: number, later: number) => (later - earlier + DAY) % DAY;

/** What a clock shows, in milliseconds since midnight. */
function timeOfDay(clock: Intl.DateTimeFormat, at: number): number {
  const parts = clock.formatToParts(at);
  const read = (type: 'hour' | 'minute') => Number(parts.find((part) => part.type === type)?.value);
  return read('hour') * HOUR + read('minute') * MINUTE + (at % MINUTE);
}
