/** Dates as they are printed: unambiguous, and in the zone of whom they concern. */
import { DateTime } from 'luxon';

const read = (iso: string, zone: string) => DateTime.fromISO(iso, { zone }).setLocale('en-US');

/** `2026-11-21T13:29:00Z` in America/New_York → `Nov 21, 2026, 8:29 AM EST`. */
export function dateTime(iso: string, zone: string): string {
  return read(iso, zone).toFormat('MMM d, yyyy, h:mm a ZZZZ');
}

/** `2026-11-21T13:29:00Z` → `Nov 21, 2026`. */
export function dateOf(iso: string, zone: string): string {
  return read(iso, zone).toFormat('MMM d, yyyy');
}

/** A date without a time, `1985-03-04` → `Mar 4, 1985`. */
export function plainDate(date: string): string {
  return read(date, 'utc').toFormat('MMM d, yyyy');
}
