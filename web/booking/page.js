/** The patient's booking page: draws the state that the server answers with, and asks for what the patient wants. */
import { centers, placeOf } from './centers.js';
import { whenFacts } from './clock.js';
import { away, button, el, factList, outOfReach, preparation } from './elements.js';
import { cancellation, confirmation, requestForm } from './forms.js';
import { picker } from './picker.js';
import { ask, base } from './server.js';
import { back, beginWith, home, next, say, show } from './steps.js';

async function begin() {
  try {
    await overview(await ask('state'));
  } catch (error) {
    show(el('h1', {}, 'Your laboratory appointment'), outOfReach(error.message, begin));
  }
}

/** Shows the state that something led to, as the first step. */
async function done(state, message = '') {
  await home();
  await overview(state, message);
}

/** The first view: the appointment if there is one, and whatever can be done. */
async function overview(state, message = '') {
  const { words, appointment, can } = state;
  const actions = [
    can.reschedule && button('Choose another time', () => anotherTime(state), { class: 'primary' }),
    appointment?.status === 'scheduled' &&
      !appointment.is_overdue &&
      el('a', { href: `${base}/appointment.ics`, class: 'button' }, 'Add to calendar'),
    can.cancel && button('Cancel the appointment', () => cancellation(state, done), { class: 'quiet' }),
  ].filter(Boolean);
  const room = el('div', {});
  show(
    el('h1', {}, words.title),
    el('p', {}, words.text),
    facts(state),
    preparation(state.prepare),
    actions.length > 0 && el('div', { class: 'actions' }, actions),
    room,
    state.has_requisition &&
      el('p', { class: 'requisition' }, away(`${base}/requisition.pdf`, 'Open your requisition (PDF)')),
  );
  say(message);
  if (!can.book && (appointment || state.at_home || !state.has_requisition)) return;
  await offers(room, state, 'book');
}

function facts({ appointment, can, address, access_notes, at_home }) {
  if (!appointment && !(can.book && address)) return null;
  const list = appointment?.start ? whenFacts(appointment, appointment.time_zone, at_home) : [];
  list.push(['Location', placeWithDirections(appointment, address)]);
  if (access_notes) list.push(['How to get to your door', access_notes]);
  if (appointment?.number) list.push(['Appointment number', appointment.number]);
  if (appointment?.notes) list.push(['Your note', appointment.notes]);
  return factList(list);
}

const placeWithDirections = (appointment, address) =>
  appointment?.directions_url
    ? el('span', {}, `${appointment.place} `, away(appointment.directions_url, 'Directions'))
    : (appointment?.place ?? address);

/** Another time for the appointment: at home at the same address, else at whichever service center. */
async function anotherTime(state) {
  const { appointment, at_home } = state;
  const room = el('div', {});
  next(
    el('h1', {}, 'Choose another time'),
    el('p', {}, 'Your current appointment:'),
    factList([...whenFacts(appointment, appointment.time_zone, at_home), ['Location', appointment.place]]),
    room,
    el('div', { class: 'actions' }, button('Keep my current time', back, { class: 'quiet' })),
  );
  await offers(room, state, 'reschedule');
}

/** Times at home, or the service centers to choose one at. */
async function offers(room, state, wish) {
  if (state.at_home) return times(room, state, { wish });
  const canBook = wish === 'reschedule' || state.can.book;
  await centers(room, state.laboratory, canBook && ((center) => centerTimes(state, center, wish)));
}

async function centerTimes(state, center, wish) {
  const room = el('div', {});
  next(
    el('h1', {}, `Choose a time at ${center.metadata.name}`),
    factList([['Location', el('span', {}, `${placeOf(center)} `, away(center.directions_url, 'Directions'))]]),
    room,
    el('div', { class: 'actions' }, button('Back', back, { class: 'quiet' })),
  );
  await times(room, state, { wish, site_code: center.site_code, place: placeOf(center) });
}

function times(room, state, { wish, site_code, place }) {
  const { appointment, at_home: atHome, fasting } = state;
  const isSamePlace = atHome || appointment?.site_code === site_code;
  const present = wish === 'reschedule' && isSamePlace ? appointment : null;
  return picker(room, {
    atHome,
    site_code,
    fasting,
    present,
    isMove: wish === 'reschedule',
    pick: (slot, zone, again) => confirmation({ state, slot, zone, again, wish, site_code, place, done }),
    request: (to) => {
      requestForm(to, state, done);
      document.querySelector('h1').textContent = 'Request your home visit';
    },
  });
}

beginWith(begin);
begin();
