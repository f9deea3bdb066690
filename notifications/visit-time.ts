/** When and where an appointment is, in words. Times are those of the place (G6). */
import { DateTime } from 'luxon';
import type { Appointment, UsAddress } from '../domain/appointments/appointment.ts';

type Timed = Pick<Appointment, 'start_at' | 'end_at' | 'time_zone'>;

type Place = Omit<UsAddress, 'access_notes'>;

const there = (instant: string, zone: string | null) =>
  DateTime.fromISO(instant, { zone: zone ?? 'utc' }).setLocale('en-US');

/** `Tuesday, December 1, 2026`, where the appointment is; null while it has no time. */
export function visitDay({ start_at, time_zone }: Timed): string | null {
  return start_at && there(start_at, time_zone).toFormat('cccc, LLLL d, yyyy');
}

/** `9:00 AM to 10:00 AM MST`; null while it has no time. */
export function visitHours({ start_at, end_at, time_zone }: Timed): string | null {
  if (!start_at) return null;
  const start = there(start_at, time_zone);
  if (!end_at) return start.toFormat('h:mm a ZZZZ');
  return `${start.toFormat('h:mm a')} to ${there(end_at, time_zone).toFormat('h:mm a ZZZZ')}`;
}

/** `Tue, Dec 1, 9:00 AM MST`; null while it has no time. */
export function visitStart({ start_at, time_zone }: Timed): string | null {
  return start_at && there(start_at, time_zone).toFormat('ccc, LLL d, h:mm a ZZZZ');
}

/** `Tue, Dec 1, 9:00 AM to 10:00 AM MST`: the window in which a phlebotomist arrives; null while it has no time. */
export function visitWindow(visit: Timed): string | null {
  return visit.start_at && `${there(visit.start_at, visit.time_zone).toFormat('ccc, LLL d')}, ${visitHours(visit)}`;
}

/** `1:00 AM`. */
export function clockAt(instant: string, zone: string | null): string {
  return there(instant, zone).toFormat('h:mm a');
}

/** `1:00 AM on Tuesday, December 1`. */
export function atThePlace(instant: string, zone: string | null): string {
  return there(instant, zone).toFormat("h:mm a 'on' cccc, LLLL d");
}

/** `12 Elm Street, Apt 4, Phoenix, AZ 85004`. */
export function onOneLine({ first_line, second_line, city, state, zip_code }: Place): string {
  return [first_line, second_line, city, `${state} ${zip_code}`].filter(Boolean).join(', ');
}

/** Where a map shows the way to an address, on a telephone in its own map program. */
export function directionsTo(address: Place): string {
  return `https://www.google.com/maps/dir/?${new URLSearchParams({ api: '1', destination: onOneLine(address) })}`;
}
