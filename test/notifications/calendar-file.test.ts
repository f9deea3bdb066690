import ical, { type VEvent } from 'node-ical';
import type { Appointment, AppointmentEventStatus } from '../../domain/appointments/appointment.ts';
import { calendarFile } from '../../notifications/calendar-file.ts';
import { appointmentOf } from './appointment-example.ts';

const team = {
  name: 'Northwind Health',
  contact: { email: 'care@northwind.example', phone: '+12125550123' },
};
const attendee = { name: 'Mai Nguyễn', address: 'mai@example.com' };
const plain = { minor: null, fasting: false, sandbox: false };
const manage_url = 'https://venule.example/book/abc';

const file = (appointment: Appointment) =>
  calendarFile({ appointment, event_number: appointment.events.length, team, attendee, ...plain, manage_url });
function read(appointment: Appointment): VEvent & { sequence: string | number; method: string } {
  const calendar = ical.sync.parseICS(file(appointment)?.content ?? '');
  return Object.values(calendar).find((part) => part?.type === 'VEVENT') as never;
}
const story = (...statuses: AppointmentEventStatus[]) => appointmentOf(statuses);

describe('the calendar file, read by a calendar library', () => {
  it('has the visit at its instant, in its zone', () => {
    const event = read(story('scheduled'));
    expect(event.start.toISOString()).toBe('2026-12-01T16:00:00.000Z');
    expect(event.end?.toISOString()).toBe('2026-12-01T17:00:00.000Z');
    expect((event.start as Date & { tz: string }).tz).toBe('America/Phoenix');
    expect(file(story('scheduled'))?.content).toContain('DTSTART;TZID=America/Phoenix:20261201T090000');
    expect(file(story('scheduled'))?.content).toContain('BEGIN:VTIMEZONE\r\nTZID:America/Phoenix');
  });

  it('names the zone as its definition does, also where several share one', () => {
    const islands = appointmentOf(['scheduled'], { time_zone: 'America/St_Thomas' });
    expect(read(islands).start.toISOString()).toBe('2026-12-01T16:00:00.000Z');
    expect(file(islands)?.content).toContain('BEGIN:VTIMEZONE\r\nTZID:America/Puerto_Rico');
    expect(file(islands)?.content).toContain('DTSTART;TZID=America/Puerto_Rico:20261201T120000');
  });

  it('is dated in UTC, by the event that it tells of', () => {
    expect(file(story('scheduled', 'scheduled'))?.content).toContain('DTSTAMP:20261121T020000Z');
  });

  it('says where, by whom and how to change it, and names no test', () => {
    const event = read(story('scheduled'));
    expect(event.summary).toBe('Home visit for Northwind Health');
    expect(event.location).toBe('12 Elm Street, Apt 4, Phoenix, AZ 85004');
    expect(event.description).toContain('(212) 555-0123');
    expect(event.description).toContain(manage_url);
    expect(event.organizer).toMatchObject({ val: 'mailto:care@northwind.example' });
    expect(event.attendee).toMatchObject({ val: 'MAILTO:mai@example.com' });
    expect(event.description).not.toContain('Gate code');
  });

  it('is replaced on a reschedule: the same entry, a higher sequence', () => {
    const [first, moved] = [read(story('scheduled')), read(story('scheduled', 'scheduled'))];
    expect(moved.uid).toBe(first.uid);
    expect([first.sequence, moved.sequence].map(Number)).toEqual([0, 1]);
    expect([first.method, moved.method]).toEqual(['REQUEST', 'REQUEST']);
    expect(Number(read(story('pending', 'scheduled')).sequence)).toBe(0);
  });

  it('takes the entry out when the appointment is cancelled', () => {
    const gone = read(story('scheduled', 'scheduled', 'cancelled'));
    expect(gone).toMatchObject({ uid: read(story('scheduled')).uid, method: 'CANCEL', status: 'CANCELLED' });
    expect(Number(gone.sequence)).toBe(2);
  });

  it('is there only for an appointment that was scheduled', () => {
    expect(file(story('pending'))).toBeNull();
    expect(file(story('reserved', 'cancelled'))).toBeNull();
  });

  it('is the same whenever it is made', () => {
    expect(file(story('scheduled'))).toEqual(file(story('scheduled')));
  });

  it('needs no address of the team', () => {
    const unknown = { ...team, contact: { email: null, phone: null } };
    const appointment = story('scheduled');
    const made = calendarFile({ appointment, event_number: 1, team: unknown, attendee, ...plain, manage_url: null });
    expect(made?.content).toContain('mailto:appointments@venule.invalid');
  });
});
