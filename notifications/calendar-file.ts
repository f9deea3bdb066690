/** An appointment for the patient's own calendar: put in, moved, and taken out again (RFC 5545, 5546). */
import { ICalCalendar, ICalCalendarMethod, ICalEventStatus } from 'ical-generator';
import { DateTime } from 'luxon';
import { tzlib_get_ical_block } from 'timezones-ical-library';
import type { Appointment } from '../domain/appointments/appointment.ts';
import { phoneText } from '../domain/people/phone.ts';
import { fastingBefore } from './fasting-words.ts';
import { SANDBOX_MARK, type Sender } from './letter.ts';
import type { MailAddress } from './mailer.ts';
import { onOneLine } from './visit-time.ts';

/** A file as calendars take it. */
export interface CalendarFile {
  /** An invitation, its end, or an entry that the patient fetched. */
  method: 'REQUEST' | 'CANCEL' | 'PUBLISH';
  filename: string;
  content: string;
}

export interface CalendarEntry {
  appointment: Appointment;
  /** Number of the appointment's event that the entry tells of. */
  event_number: number;
  team: Pick<Sender, 'name' | 'contact'>;
  /** Whom the mail invites; null for a file that the patient fetches from the booking page. */
  attendee: MailAddress | null;
  /** First name of the minor whom the reader is to bring; null where the patient is the reader (G6). */
  minor: string | null;
  /** Whether to fast before the draw (G6). */
  fasting: boolean;
  /** Whether the order is one of the sandbox (G5). */
  sandbox: boolean;
  /** Where the patient changes or cancels the appointment; null when there is no such place. */
  manage_url: string | null;
}

/** An organizer has to have an address; this one is nobody's. */
const NOBODY = 'appointments@venule.invalid';

/**
 * The calendar's side of an event of an appointment: an entry in the visit's time zone that the next one replaces, or
 * takes away once the appointment is cancelled. The same event always makes the same file.
 * @returns null for an appointment that was never scheduled, and so is in no calendar.
 */
export function calendarFile(entry: CalendarEntry): CalendarFile | null {
  const { appointment, event_number, team, attendee, sandbox, manage_url } = entry;
  const { start_at, end_at, time_zone } = appointment;
  const told = appointment.events.filter(({ number }) => number <= event_number);
  const event = told.at(-1);
  const isKnown = told.some(({ status }) => status === 'scheduled');
  if (!start_at || !end_at || !event || !isKnown) return null;

  const { zone, definition } = knownZone(time_zone ?? 'UTC');
  const cancelled = event.status === 'cancelled';
  const method = cancelled ? 'CANCEL' : attendee ? 'REQUEST' : 'PUBLISH';
  const what = appointment.type === 'phlebotomy' ? 'Home visit' : 'Laboratory visit';
  const calendar = new ICalCalendar({
    prodId: { company: 'Venule', product: 'Appointments', language: 'EN' },
    method: ICalCalendarMethod[method],
    timezone: { name: null, generator: () => definition },
  });
  calendar.createEvent({
    id: `${appointment.id}@venule`,
    sequence: sequenceOf(told.map(({ status }) => status)),
    stamp: new Date(event.created_at),
    start: DateTime.fromISO(start_at, { zone }),
    end: DateTime.fromISO(end_at, { zone }),
    timezone: zone,
    summary: `${sandbox ? `${SANDBOX_MARK} ` : ''}${what} for ${team.name}`,
    location: onOneLine(appointment.address),
    description: description(entry, new Date(event.created_at)),
    status: cancelled ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
    organizer: { name: team.name, email: team.contact.email || NOBODY },
    attendees: attendee ? [{ name: attendee.name, email: attendee.address, rsvp: false }] : [],
    ...(manage_url && !cancelled && { url: manage_url }),
  });
  return { method, filename: 'appointment.ics', content: calendar.toString() };
}

/** The zone under the name that its definition has, which is another one for zones that share their clocks; else UTC. */
function knownZone(name: string): { zone: string; definition: string } {
  const [definition = '', id = ''] = tzlib_get_ical_block(name) || tzlib_get_ical_block('UTC');
  return { zone: id.replace('TZID=', ''), definition };
}

/** 0 for the first time, and one more for each other time and for the cancellation, as calendars want it. */
function sequenceOf(statuses: Appointment['status'][]): number {
  const changes = statuses.filter((status) => status === 'scheduled' || status === 'cancelled');
  return Math.max(0, changes.length - 1);
}

/** @param at Of the event that the entry tells of, so that the same event is told of in the same words. */
function description({ appointment, team, minor, fasting, manage_url }: CalendarEntry, at: Date): string {
  const { phone, email } = team.contact;
  const contact = [phone && phoneText(phone), email].filter(Boolean).join(' or ');
  return [
    ...(fasting ? [fastingBefore(appointment, minor, at)] : []),
    minor === null ? 'Have a photo ID ready.' : `Come along with ${minor}, and have your own photo ID ready.`,
    ...(appointment.external_id ? [`Appointment number: ${appointment.external_id}`] : []),
    ...(manage_url ? [`Change or cancel: ${manage_url}`] : []),
    `Questions? ${team.name}${contact ? `: ${contact}` : ''}`,
  ].join('\n');
}
