/** Dates and times as HL7 v2 writes them: `YYYYMMDD[HH[MM[SS[.SSSS]]]][±ZZZZ]`. */
import { DateTime, FixedOffsetZone } from 'luxon';

const TIMESTAMP =
  /^(?<year>\d{4})(?<month>\d{2})(?<day>\d{2})(?:(?<hour>\d{2})(?:(?<minute>\d{2})(?:(?<second>\d{2})(?:\.(?<fraction>\d{1,4}))?)?)?)?(?<offset>[+-]\d{4})?$/;

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
  const { year, month, day, hour = 0, minute = 0, second = 0, fraction = '', offset } = parts;
  const instant = DateTime.fromObject(
    {
      year: Number(year),
      month: Number(month),
      day: Number(day),
      hour: Number(hour),
      minute: Number(minute),
      second: Number(second),
      millisecond: Number(fraction.padEnd(3, '0').slice(0, 3)),
    },
    { zone: offset ? FixedOffsetZone.instance(offsetMinutes(offset)) : zone },
  );
  return instant.toUTC().toISO() ?? undefined;
}

/** The calendar date of an HL7 date or timestamp as `YYYY-MM-DD`; undefined when there is none. */
export function isoDate(text: string): string | undefined {
  const parts = TIMESTAMP.exec(text)?.groups;
  if (!parts) return undefined;
  const date = DateTime.fromObject({ year: Number(parts.year), month: Number(parts.month), day: Number(parts.day) });
  return date.toISODate() ?? undefined;
}

function offsetMinutes(offset: string): number {
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3, 5));
  return offset.startsWith('-') ? -minutes : minutes;
}
