/** When nobody's telephone is to ring: from nine in the evening to eight in the morning, where the patient lives. */

const EVENING = 21;
const MORNING = 8;
/** Every offset from UTC is a multiple of it. */
const QUARTER = 15 * 60 * 1000;

/**
 * The instant itself, or the first one after it that is in no quiet hours: in none of the zones, where several are
 * possible.
 * @throws RangeError for a zone that there is not.
 */
export function nextAllowed(instant: Date, ...zones: string[]): Date {
  const clocks = zones.map(
    (zone) => new Intl.DateTimeFormat('en-US', { timeZone: zone, hour: 'numeric', hourCycle: 'h23' }),
  );
  const isQuiet = (at: Date) =>
    clocks.some((clock) => {
      const hour = Number(clock.format(at));
      return hour >= EVENING || hour < MORNING;
    });
  let allowed = instant;
  while (isQuiet(allowed)) allowed = new Date(Math.floor(allowed.getTime() / QUARTER + 1) * QUARTER);
  return allowed;
}
