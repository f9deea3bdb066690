/** Calendar dates (`YYYY-MM-DD`) as people in one time zone see them (F2). */

/** Made once for each zone: making one takes longer than all the rest of the checks. */
const calendars = new Map<string, Intl.DateTimeFormat>();

function calendarOf(zone: string): Intl.DateTimeFormat {
  const known = calendars.get(zone);
  if (known) return known;
  const calendar = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  calendars.set(zone, calendar);
  return calendar;
}

/** The date that it is in the zone at that instant. */
export function todayIn(zone: string, now: Date): string {
  const parts = calendarOf(zone).formatToParts(now);
  const part = (type: string) => parts.find((candidate) => candidate.type === type)?.value ?? '';
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`;
}

/** Whole years between a date of birth and a date; somebody born on 29 February grows older on 1 March. */
export function ageOn(dob: string, date: string): number {
  const years = Number(date.slice(0, 4)) - Number(dob.slice(0, 4));
  return date.slice(5) < dob.slice(5) ? years - 1 : years;
}

/** The first instant of a date in the zone, which is not midnight where the clocks are put forward at midnight. */
export function startOfDay(date: string, zone: string): Date {
  const hour = 3_600_000;
  const quarter = hour / 4;
  const midnightInLondon = Date.parse(`${date}T00:00:00Z`);
  let instant = midnightInLondon - 15 * hour;
  while (todayIn(zone, new Date(instant + 6 * hour)) < date) instant += 6 * hour;
  while (todayIn(zone, new Date(instant)) < date) instant += quarter;
  return new Date(instant);
}
