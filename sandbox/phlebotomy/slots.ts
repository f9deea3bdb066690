/** When a place takes visits: its slots, in its own time zone, whatever the clocks there do. */
import { DateTime } from 'luxon';
import type { Point } from './geography.ts';

const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

/** Where visits take place: the area of a mobile provider, or a service center. */
export interface Place {
  /** Null for an area. */
  code: string | null;
  timezone: string;
  location: Point;
  /** Local, as `07:00-15:00`; closed on days without. */
  hours: Partial<Record<(typeof WEEKDAYS)[number], string>>;
  slotMinutes: number;
}

/** A time at a place; ISO instants in UTC. */
export interface Visit {
  start: string;
  end: string;
  locationCode: string | null;
}

/** The same hours on every day of the week. */
export function everyDay(hours: string): Place['hours'] {
  return Object.fromEntries(WEEKDAYS.map((day) => [day, hours]));
}

/** The visit at a place that starts at an instant. */
export function visitAt(place: Place, start: DateTime): Visit {
  const end = start.plus({ minutes: place.slotMinutes });
  return { start: start.toJSDate().toISOString(), end: end.toJSDate().toISOString(), locationCode: place.code };
}

/** How many visits may start at a place at one time: two at the full hour, else one. */
export function capacityOf(place: Place, visit: Visit): number {
  return DateTime.fromISO(visit.start, { zone: place.timezone }).minute === 0 ? 2 : 1;
}

/** The slots of a place on one local day, in their order. */
export function slotsOn(place: Place, day: DateTime): Visit[] {
  const local = day.setZone(place.timezone, { keepLocalTime: true }).startOf('day');
  const [opens, closes] = place.hours[WEEKDAYS[local.weekday - 1] ?? 'monday']?.split('-').map(minutesOf) ?? [];
  const visits: Visit[] = [];
  if (opens === undefined || closes === undefined) return visits;
  for (let minute = opens; minute + place.slotMinutes <= closes; minute += place.slotMinutes) {
    visits.push(visitAt(place, local.set({ hour: Math.floor(minute / 60), minute: minute % 60 })));
  }
  return visits;
}

/** The slots of a place from a local day on, without end. */
export function* slotsFrom(place: Place, day: DateTime): Generator<Visit, never> {
  for (let later = day; ; later = later.plus({ days: 1 })) yield* slotsOn(place, later);
}

function minutesOf(time: string): number {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return hour * 60 + minute;
}
