/** Dates and times as HL7 v2 writes them: `YYYYMMDD[HH[MM[SS[.SSSS]]]][±ZZZZ]`, the fraction with more digits from some. */
import { DateTime } from 'luxon';

const TIMESTAMP =
  /^(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})(?:(?<hour>\d{2})(?:(?<minute>\d{2})(?:(?<second>\d{2})(?:\.(?<fraction>\d{1,9}))?)?)?)?(?<offset>[+-]\d{3,4})?$/;

/** An ISO instant as an HL7 timestamp in UTC, to the second: `20261121082400+0000`. */
export function hl7Timestamp(iso: string): string {
  return DateTime.fromISO(iso, { zone: 'utc' }).toFormat('yyyyMMddHHmmssZZZ');
}

/** A calendar date (`YYYY-MM-DD`) as HL7 writes it: `19850312`. */
export function hl7Date(date: string): string {
  return date.slice(0, 10).replaceAll('-', '');
}

/**
 * The instant of an HL7 timestamp as ISO in UTC. A timestamp without an offset is local time in
 * `zone` (IANA name). Undefined when the text is no timestamp of at least day precision.
 */
export function isoInstant(text: string, zone: string): string | undefined {
  const parts = TIMESTAMP.exec(text)?.groups;
  if (!parts) return undefined;
  const { fraction = '', offset } = parts;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = [
    parts.year,
    parts.month,
    parts.day,
    parts.hour,
    parts.minute,
    parts.second,
  ].map((part) => Number(part ?? 0));
  const millisecond = Number(fraction.padEnd(3, '0').slice(0, 3));
  if (!offset) {
    const local = DateTime.fromObject({ year, month, day, hour, minute, second, millisecond }, { zone });
    return local.toUTC().toISO() ?? undefined;
  }
  // Most timestamps have an offset, and a message may have thousands: for those the platform's own date is enough.
  const utc = new Date(0);
  utc.setUTCFullYear(year, month - 1, day);
  const isCalendarDay = utc.getUTCMonth() === month - 1 && utc.getUTCDate() === day;
  if (!isCalendarDay || minute > 59 || second > 59 || !isHour(hour, minute, second, millisecond)) return undefined;
  utc.setUTCHours(hour, minute - offsetMinutes(offset), second, millisecond);
  return utc.toISOString();
}

/** 0 to 23, or the 24:00 at which a day ends. */
const isHour = (hour: number, ...rest: number[]) => hour < 24 || (hour === 24 && rest.every((part) => part === 0));

/** The calendar date of an HL7 date or timestamp as `YYYY-MM-DD`; undefined when there is none. */
export function isoDate(text: string): string | undefined {
  const parts = TIMESTAMP.exec(text)?.groups;
  if (!parts) return undefined;
  const date = DateTime.fromObject({ year: Number(parts.year), month: Number(parts.month), day: Number(parts.day) });
  return date.toISODate() ?? undefined;
}

function offsetMinutes(offset: string): number {
  // `-500` has lost its zero.
  const digits = offset.slice(1).padStart(4, '0');
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return offset.startsWith('-') ? -minutes : minutes;
}
