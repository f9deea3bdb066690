/** A day and a time: a calendar of fourteen days and the times of the chosen one, on the clock of the place. */
import {
  canBeginToFast,
  dayIn,
  daysLater,
  dayWords,
  differs,
  hourOf,
  longDay,
  ownZone,
  timeWords,
  weekdayOf,
  zoneName,
} from './clock.js';
import { button, el, groupBy, outOfReach, whomToCall } from './elements.js';
import { ask } from './server.js';
import { say } from './steps.js';

const WINDOW_DAYS = 14;
const WEEK = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/**
 * Offers times in a room of the page.
 * @param choice.isMove Whether it is about another time for an appointment.
 * @param choice.present The appointment that is to be moved, where it is at the same place: its time is marked.
 * @param choice.pick Told of the slot, the zone of the place, and how to offer times anew.
 * @param choice.request Called where the provider finds the time.
 * @param first The first day shown; null for today.
 */
export async function picker(room, choice, first = null, wasTurned = false) {
  room.replaceChildren(el('p', { class: 'loading' }, 'Looking for times …'));
  const { site_code, atHome, present, fasting } = choice;
  const again = (from = first) => picker(room, choice, from);
  let times;
  try {
    times = await ask('times', { ...(first && { start_date: first }), ...(site_code && { site_code }) });
  } catch (error) {
    if (error.isAway) room.replaceChildren(outOfReach('Times are not available at the moment.', again));
    else {
      say(error.message, true);
      room.replaceChildren(button('Try again', () => again()));
    }
    return;
  }
  if (times.on_request) return choice.request(room);
  const zone = times.time_zone ?? ownZone;
  const today = dayIn(zone, Date.now());
  const begins = first ?? today;
  if (times.slots.length === 0 && begins === today && !times.time_zone) {
    room.replaceChildren(
      el('div', { class: 'away' }, whomToCall(), el('p', {}, 'No times can be booked here at the moment.')),
    );
    return;
  }
  const byDay = groupBy(withPresent(times.slots, present), ({ start }) => dayIn(zone, start));
  const timesRoom = el('div', {});
  const grid = calendar(begins, byDay, (day) => {
    for (const other of grid.querySelectorAll('button'))
      other.setAttribute('aria-pressed', String(other.dataset.day === day));
    timesRoom.replaceChildren(
      timeList(day, byDay.get(day), { zone, atHome, fasting }, (slot) => choice.pick(slot, zone, again)),
    );
  });
  room.replaceChildren(
    el('h2', {}, choice.isMove ? 'Your new day and time' : 'Pick a day and a time'),
    el('p', { class: 'hint' }, zoneWords(times.slots, zone)),
    ...times.warnings.map((warning) => el('p', { class: 'hint' }, warning)),
    turns(begins, today, (to) => picker(room, choice, to, true)),
    grid,
    timesRoom,
  );
  const firstFree = grid.querySelector('button:not(:disabled)');
  if (firstFree) firstFree.click();
  else timesRoom.replaceChildren(el('p', {}, 'No times are available on these days. Please look at later days.'));
  if (wasTurned) (firstFree ?? room.querySelector('.turn')).focus();
}

/** The time that the patient has, among those that are free: whether it is offered or not, it is marked and not chosen. */
function withPresent(slots, present) {
  if (!present?.start) return slots;
  const others = slots.filter(({ start }) => start !== present.start);
  const { start, end } = present;
  return [...others, { start, end, isPresent: true }].sort((one, other) => one.start.localeCompare(other.start));
}

function zoneWords(slots, zone) {
  const at = slots[0]?.start ?? Date.now();
  const there = `Times are in the location’s time zone, ${zoneName(zone, at)}.`;
  return differs(at, zone)
    ? `${there} Your device is in ${zoneName(ownZone, at)}; its times are shown below them.`
    : there;
}

function turns(begins, today, turn) {
  const to = (words, label, day) => button(words, () => turn(day), { class: 'turn', 'aria-label': label });
  const short = (day) => dayWords(day, { month: 'short', day: 'numeric' });
  const earlier = begins > daysLater(today, WINDOW_DAYS) ? daysLater(begins, -WINDOW_DAYS) : null;
  return el(
    'div',
    { class: 'turns' },
    begins > today ? to('← Earlier', 'Earlier days', earlier) : el('span'),
    el('strong', {}, `${short(begins)} – ${short(daysLater(begins, WINDOW_DAYS - 1))}`),
    to('Later →', 'Later days', daysLater(begins, WINDOW_DAYS)),
  );
}

function calendar(begins, byDay, choose) {
  const last = daysLater(begins, WINDOW_DAYS - 1);
  const known = [...[...byDay.keys()].filter((day) => day >= begins && day <= daysLater(last, 1)), begins, last].sort();
  const start = daysLater(known[0], -weekdayOf(known[0]));
  const end = daysLater(known.at(-1), 6 - weekdayOf(known.at(-1)));
  const cells = [];
  for (let day = start; day <= end; day = daysLater(day, 1)) {
    const isShown = day >= known[0] && day <= known.at(-1);
    cells.push(isShown ? dayButton(day, byDay.get(day) ?? [], choose) : el('span'));
  }
  const names = WEEK.map((name) => el('span', { class: 'weekday', 'aria-hidden': 'true' }, name));
  const grid = el('fieldset', { class: 'days' }, el('legend', {}, 'Day'), el('div', { class: 'grid' }, names, cells));
  grid.addEventListener('keydown', moveFocus);
  return grid;
}

function dayButton(day, slots, choose) {
  const isPresent = slots.some((slot) => slot.isPresent);
  const free = slots.filter((slot) => !slot.isPresent).length;
  const times = free === 0 ? 'no times' : `${free} ${free === 1 ? 'time' : 'times'}`;
  return el(
    'button',
    {
      type: 'button',
      'data-day': day,
      'data-month': day.endsWith('-01') && dayWords(day, { month: 'short' }),
      'data-present': isPresent,
      'aria-label': `${longDay(day)}, ${times}${isPresent ? ', the day of your appointment' : ''}`,
      'aria-pressed': 'false',
      disabled: free === 0,
      onclick: () => choose(day),
    },
    String(Number(day.slice(8))),
  );
}

/** Arrow keys go from day to day and from week to week, over days without times. */
function moveFocus(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
  const buttons = [...event.currentTarget.querySelectorAll('button')];
  let at = buttons.indexOf(document.activeElement);
  if (!step || at < 0) return;
  do at += step;
  while (buttons[at]?.disabled);
  if (!buttons[at]) return;
  event.preventDefault();
  buttons[at].focus();
}

function timeList(day, slots, { zone, atHome, fasting }, choose) {
  const parts = groupBy(slots, ({ start }) => {
    const hour = hourOf(start, zone);
    const part = hour < 12 ? 'Morning' : hour < 17 ? 'Afternoon' : 'Evening';
    if (!fasting) return part;
    if (!canBeginToFast(start, fasting.least_hours))
      return `${part}: only if you have had nothing but water for ${fasting.least_hours} hours by then`;
    return part === 'Morning' ? 'Morning: recommended because you need to fast' : part;
  });
  return el(
    'fieldset',
    { class: 'times' },
    el('legend', {}, `Times on ${longDay(day)}`),
    atHome && el('p', { class: 'hint' }, 'The phlebotomist will arrive within the window you choose.'),
    [...parts].flatMap(([name, list]) => [
      el('p', { class: 'hint' }, name),
      el(
        'div',
        { class: 'grid' },
        list.map((slot) => timeButton(slot, zone, atHome, choose)),
      ),
    ]),
  );
}

function timeButton(slot, zone, atHome, choose) {
  const words = timeWords(slot, zone, atHome);
  if (slot.isPresent) return el('p', { class: 'time present' }, words[0], el('small', {}, 'Your current time'));
  return el('button', { type: 'button', class: 'time', onclick: () => choose(slot) }, words);
}
