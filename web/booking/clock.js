/** Days and times of the booking page: those of the place, and beside them those of the device where they differ. */
import { el } from './elements.js';

/** The zone that the device is set to. */
export const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** The date (`YYYY-MM-DD`) in a zone. */
export const dayIn = (zone, instant) =>
  new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(
    new Date(instant),
  );

const atNoon = (day) => new Date(`${day}T12:00:00Z`);

/** 0 for Sunday. */
export const weekdayOf = (day) => atNoon(day).getUTCDay();

export const daysLater = (day, days) => new Date(atNoon(day).getTime() + days * DAY_MS).toISOString().slice(0, 10);

/** A date in words. */
export const dayWords = (day, options) =>
  new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', ...options }).format(atNoon(day));

/** `Tuesday, December 1`. */
export const longDay = (day) => dayWords(day, { weekday: 'long', month: 'long', day: 'numeric' });

/** `9:00 AM`. */
export const clock = (instant, zone) =>
  new Intl.DateTimeFormat('en-US', { timeZone: zone, hour: 'numeric', minute: '2-digit' }).format(new Date(instant));

/** `Mountain Standard Time`. */
export const zoneName = (zone, instant) =>
  new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'long' })
    .formatToParts(new Date(instant))
    .find(({ type }) => type === 'timeZoneName').value;

/** The hour of the day, 0 to 23. */
export const hourOf = (instant, zone) =>
  Number(
    new Intl.DateTimeFormat('en-US', { timeZone: zone, hour: 'numeric', hourCycle: 'h23' }).format(new Date(instant)),
  );

/** Whether the device shows another time than a clock at the place. */
export const differs = (instant, zone) =>
  clock(instant, ownZone) !== clock(instant, zone) || dayIn(ownZone, instant) !== dayIn(zone, instant);

/** `9:00 AM to 10:00 AM`. */
export const hours = ({ start, end }, zone) =>
  end ? `${clock(start, zone)} to ${clock(end, zone)}` : clock(start, zone);

/** Day and time at the place; and on the device, where clocks differ. */
export function whenFacts({ start, end }, zone, atHome) {
  const there = zone ?? ownZone;
  const facts = [
    ['Day', longDay(dayIn(there, start))],
    [atHome ? 'Arrival window' : 'Time', `${hours({ start, end }, there)} (${zoneName(there, start)})`],
  ];
  if (differs(start, there)) {
    const own = `${longDay(dayIn(ownZone, start))}, ${hours({ start, end }, ownZone)} (${zoneName(ownZone, start)})`;
    facts.push(['On your device', own]);
  }
  return facts;
}

/** A time to choose: the place's, and small below it the device's where that is another one. */
export function timeWords({ start, end }, zone, atHome) {
  const short = (at) => clock(at, zone).replace(/ [AP]M$/, '');
  const sameHalf = end && clock(start, zone).slice(-2) === clock(end, zone).slice(-2);
  const there =
    atHome && end ? `${sameHalf ? short(start) : clock(start, zone)} – ${clock(end, zone)}` : clock(start, zone);
  return [there, differs(start, zone) && el('small', {}, `${clock(start, ownZone)} for you`)];
}

const lastMealAt = (start, leastHours) => new Date(start).getTime() - leastHours * HOUR_MS;

/** Whether somebody who has just eaten can still fast for a draw. */
export const canBeginToFast = (start, leastHours) => Date.now() <= lastMealAt(start, leastHours);

/** That the last meal is over so many hours before the draw; or has to have been, where that hour has passed. */
export function lastMeal(start, zone, leastHours) {
  const there = zone ?? ownZone;
  const at = lastMealAt(start, leastHours);
  const when = `${clock(at, there)} on ${longDay(dayIn(there, at))}`;
  return canBeginToFast(start, leastHours)
    ? `No meal after ${when}.`
    : `The last meal must have been before ${when}. If it was later, please choose another time.`;
}
