/** What the patient confirms: booking a time, requesting a visit, cancelling an appointment. */
import { dayIn, lastMeal, ownZone, whenFacts } from './clock.js';
import { button, el, factList, noteOf, preparation, textBox } from './elements.js';
import { ask } from './server.js';
import { back, during, next, say } from './steps.js';

const accessBox = (state) =>
  textBox(
    'access',
    'How do we get to your door? (optional)',
    'For example, a gate code, parking, or which entrance to use.',
    state.access_notes,
  );
const noteBox = (state) =>
  textBox(
    'notes',
    'Is there anything we should know about this visit? (optional)',
    'For example: left arm, please.',
    state.appointment?.notes ?? '',
  );

/**
 * What was chosen, with notes; the time is looked up once more when it is confirmed, as it may have gone meanwhile.
 * @param choice.done Told of the state that it led to.
 */
export function confirmation(choice) {
  const { state, slot, zone, wish, place, done, again } = choice;
  const isMove = wish === 'reschedule';
  const form = el('form', {
    onsubmit: (event) => {
      event.preventDefault();
      during(
        event.submitter,
        () => confirm(choice, noteOf(form, 'access'), noteOf(form, 'notes')),
        async (error) => {
          const now = await ask('state').catch(() => null);
          // No answer came, and yet it was done.
          if (now?.appointment?.start === slot.start) return done(now, 'Your appointment is booked.');
          if (error.isAway) return say(error.message, true, true);
          if (now && !(isMove ? now.can.reschedule : now.can.book)) await done(now);
          else {
            await back();
            await again();
          }
          say(error.message, true);
        },
      );
    },
  });
  form.append(
    ...(state.at_home ? accessBox(state) : []),
    ...noteBox(state),
    el(
      'div',
      { class: 'actions' },
      el('button', { type: 'submit', class: 'primary' }, isMove ? 'Move the appointment' : 'Book this time'),
      button('Choose another time', back, { class: 'quiet' }),
    ),
  );
  const { fasting } = state;
  next(
    el('h1', {}, isMove ? 'Move your appointment?' : 'Book this time?'),
    factList([
      ...whenFacts(slot, zone, state.at_home),
      ['Location', place ?? state.appointment?.place ?? state.address ?? ''],
    ]),
    preparation(fasting ? [`${fasting.rule} ${lastMeal(slot.start, zone, fasting.least_hours)}`] : []),
    form,
  );
}

async function confirm({ slot, zone, state, wish, site_code, done }, access_notes, notes) {
  const { slots } = await ask('times', {
    start_date: dayIn(zone ?? ownZone, slot.start),
    ...(state.at_home && { access_notes }),
    ...(site_code && { site_code }),
  });
  const offered = slots.find(({ start }) => start === slot.start);
  if (!offered) throw new Error('This time was just taken. Please choose another.');
  await done(
    await ask(wish, { key: offered.key, notes }),
    wish === 'reschedule' ? 'Your appointment was moved.' : 'Your appointment is booked.',
  );
}

/** For places where the provider finds the time. */
export function requestForm(room, state, done) {
  const form = el('form', {
    onsubmit: (event) => {
      event.preventDefault();
      during(event.submitter, async () => {
        const body = { access_notes: noteOf(form, 'access'), notes: noteOf(form, 'notes') };
        await done(await ask('request', body), 'Your home visit has been requested.');
      });
    },
  });
  form.append(
    el('p', {}, 'In your area, a phlebotomist will contact you to set a time. Request the visit here.'),
    ...accessBox(state),
    ...noteBox(state),
    el('div', { class: 'actions' }, el('button', { type: 'submit', class: 'primary' }, 'Request a visit')),
  );
  room.replaceChildren(form);
}

/** Why the patient cancels, and that it is meant. */
export function cancellation(state, done) {
  const { appointment, reasons } = state;
  const form = el('form', {
    onsubmit: (event) => {
      event.preventDefault();
      const reason = form.querySelector('input:checked');
      if (!reason) {
        say('Please choose a reason.', true);
        form.querySelector('input').focus();
        return;
      }
      during(event.submitter, async () => {
        const body = { reason_id: reason.value, notes: noteOf(form, 'notes') };
        await done(await ask('cancel', body), 'Your appointment was canceled.');
      });
    },
  });
  const radio = ({ id, words }) =>
    el('label', { class: 'choice' }, el('input', { type: 'radio', name: 'reason', value: id }), words);
  form.append(
    el('fieldset', {}, el('legend', {}, 'Why are you canceling?'), reasons.map(radio)),
    ...textBox('notes', 'Anything to add? (optional)', 'We will pass this on with the cancellation.', ''),
    el(
      'div',
      { class: 'actions' },
      el('button', { type: 'submit', class: 'danger' }, 'Cancel the appointment'),
      button('Keep it', back, { class: 'quiet' }),
    ),
  );
  const facts = appointment.start ? whenFacts(appointment, appointment.time_zone, state.at_home) : [];
  next(el('h1', {}, 'Cancel your appointment?'), factList([...facts, ['Location', appointment.place]]), form);
}
