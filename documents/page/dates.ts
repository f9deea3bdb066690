/** Dates as they are printed: unambiguous, and in the zone of whom they concern. */
import { DateTime } from 'luxon';

const read = (iso: string, zone: string) => DateTime.fromISO(iso, { zone }).setLocale('en-US');

/** `2026-11-21T13:29:00Z` in America/New_York → `Nov 21, 2026, 8:29 AM EST`. */
export function dateTime(iso: string, zone: string): string {
  const at = read(iso, zone);
  return `${at.toFormat('MMM d, yyyy, h:mm a')} ${zoneName(zone, at)}`;
}

const zoneNames = new Map<string, Intl.DateTimeFormat>();

/** `EST`, by a format that is made once: luxon makes one each time, which takes longer than to set the line. */
function zoneName(timeZone: string, at: DateTime): string {
  const names = zoneNames.get(timeZone) ?? new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'short' });
  zoneNames.set(timeZone, names);
  return names.formatToParts(at.toJSDate()).find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

/** `2026-11-21T13:29:00Z` → `Nov 21, 2026`. */
export function dateOf(iso: string, zone: string): string {
  return read(iso, zone).toFormat('MMM d, yyyy');
}

/** A date without a time, `1985-03-04` → `Mar 4, 1985`. */
export function plainDate(date: string): string {
  return read(date, 'utc').toFormat('MMM d, yyyy');
}
