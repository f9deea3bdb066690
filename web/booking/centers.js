/** Patient service centers: around the patient, or around any ZIP. */
import { away, button, el, outOfReach } from './elements.js';
import { ask } from './server.js';
import { during } from './steps.js';

const WEEK = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/**
 * Lists centers in a room of the page.
 * @param choose Told of the center that the patient would go to; null where no times can be booked.
 * @param zip Around which to look; undefined for the patient's own.
 */
export async function centers(room, laboratory, choose, zip) {
  if (!room.hasChildNodes()) room.replaceChildren(el('p', { class: 'loading' }, 'Looking for locations near you …'));
  const locator = el('p', {}, away(laboratory.locator_url, `All ${laboratory.name} locations`));
  const found = await ask(zip ? `centres?zip=${encodeURIComponent(zip)}` : 'centres').catch((error) => error);
  if (found instanceof Error) {
    if (zip && !found.isAway) throw found;
    const again = () => centers(room, laboratory, choose, zip);
    const words = found.isAway ? 'The list of locations is not available at the moment.' : found.message;
    room.replaceChildren(outOfReach(words, again), locator);
    return;
  }
  const near = found.zip;
  const list =
    found.centres.length > 0
      ? el(
          'ul',
          { class: 'centers' },
          found.centres.map((center) => card(center, choose && (() => choose(center)))),
        )
      : el('p', {}, `No ${laboratory.name} patient service center is listed within 50 miles of ${near}.`);
  const general = el(
    'p',
    {},
    `You can go to any ${laboratory.name} patient service center. Some accept walk-ins; others prefer an appointment. Questions about locations: `,
    el('a', { href: `tel:${laboratory.phone}` }, laboratory.phone),
    '.',
  );
  room.replaceChildren(
    el('h2', {}, `${laboratory.name} near ${near}`),
    search(near, (wanted) => centers(room, laboratory, choose, wanted)),
    list,
    ...(choose ? [] : [general]),
    locator,
  );
  if (zip) room.querySelector('h2').scrollIntoView({ block: 'nearest' });
}

function search(near, look) {
  const box = el('input', {
    id: 'zip',
    inputmode: 'numeric',
    autocomplete: 'postal-code',
    maxlength: '5',
    value: near,
  });
  const form = el(
    'form',
    {
      class: 'search',
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        during(event.submitter ?? form.querySelector('button'), async () => {
          await look(box.value.trim());
          document.getElementById('said').replaceChildren();
          document.getElementById('zip')?.focus();
        });
      },
    },
    el('label', { for: 'zip' }, 'Near ZIP code'),
    box,
    el('button', { type: 'submit' }, 'Search'),
  );
  return form;
}

/** Where a center is, on one line. */
export const placeOf = ({ metadata: { first_line, second_line, city, state, zip_code } }) =>
  [first_line, second_line, city, `${state} ${zip_code}`].filter(Boolean).join(', ');

function card(center, choose) {
  const { name, phone_number: phone } = center.metadata;
  return el(
    'li',
    {},
    el('h3', {}, name),
    el('p', {}, placeOf(center)),
    el(
      'p',
      { class: 'hint' },
      distanceWords(center.distance),
      phone && ' · ',
      phone && el('a', { href: `tel:${phone}` }, phoneWords(phone)),
      ' · ',
      away(center.directions_url, 'Directions'),
    ),
    openingHours(center.metadata.hours ?? {}),
    choose && button('Choose a time here', choose, { 'aria-label': `Choose a time here, at ${name}` }),
  );
}

function distanceWords(miles) {
  const whole = Math.round(miles);
  return whole < 1 ? 'Less than a mile away' : `About ${whole} ${whole === 1 ? 'mile' : 'miles'} away`;
}

function phoneWords(phone) {
  const [, area, exchange, line] = /^\+?1?(\d{3})(\d{3})(\d{4})$/.exec(phone) ?? [];
  return area ? `(${area}) ${exchange}-${line}` : phone;
}

/** `07:00-15:00` of each day, days in a row with the same hours as one line. */
function openingHours(byDay) {
  if (Object.keys(byDay).length === 0) return null;
  const lines = [];
  for (const day of WEEK) {
    const open = byDay[day] ?? 'Closed';
    const last = lines.at(-1);
    if (last?.open === open) last.to = day;
    else lines.push({ from: day, to: day, open });
  }
  const short = (day) => day[0].toUpperCase() + day.slice(1, 3);
  const words = (open) =>
    open
      .replace(/(\d{2}):(\d{2})/g, (_, hour, minute) => `${hour % 12 || 12}:${minute} ${hour < 12 ? 'AM' : 'PM'}`)
      .replace('-', ' to ');
  const text = lines.map(({ from, to, open }) => `${short(from)}${to === from ? '' : `–${short(to)}`} ${words(open)}`);
  return el('p', { class: 'hint' }, text.join(' · '));
}
