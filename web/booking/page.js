/** The patient's booking page: draws the state that the server answers with, and asks for what the patient wants. */

const base = location.pathname.replace(/\/$/, '');
const view = document.getElementById('view');
const said = document.getElementById('said');

/** The patient's own zone: every time on the page is in it. */
const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const WINDOW_DAYS = 14;
const DAY_MS = 86_400_000;
const WEEK = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** An element; properties that start with `on` are listeners, the rest attributes. Children may be null. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null) element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== false));
  return element;
}

const button = (text, onclick, attributes = {}) => el('button', { type: 'button', onclick, ...attributes }, text);

/** Shows something new and takes keyboard and screen reader there. */
function show(...parts) {
  say('');
  view.replaceChildren(...parts.flat().filter(Boolean));
  const heading = view.querySelector('h1');
  heading.tabIndex = -1;
  heading.focus();
  document.title = heading.textContent;
  window.scrollTo(0, 0);
}

function say(text, isTrouble = false) {
  said.className = isTrouble ? 'trouble' : '';
  said.textContent = text;
}

/** The server's answer. @throws Error in words for the patient */
async function ask(path, body) {
  const answer = await fetch(`${base}/${path}`, {
    ...(body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  }).catch(() => null);
  const json = await answer?.json().catch(() => null);
  if (answer?.ok && json) return json;
  const isOurs = answer && answer.status < 500 && json?.message;
  throw new Error(isOurs ? json.message : 'That did not work. Please try again in a moment.');
}

/** Does something while its button waits; what goes wrong is said. */
async function during(pressed, doing, trouble = (error) => say(error.message, true)) {
  if (pressed.getAttribute('aria-disabled') === 'true') return;
  pressed.setAttribute('aria-disabled', 'true');
  say('One moment, please …');
  try {
    await doing();
  } catch (error) {
    await trouble(error);
  } finally {
    pressed.removeAttribute('aria-disabled');
  }
}

/** Lists by key, in the order in which keys first come; phones of some years ago have no `Map.groupBy`. */
function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

// Days and times

const dayIn = (zone, instant) =>
  new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(
    new Date(instant),
  );
const atNoon = (day) => new Date(`${day}T12:00:00Z`);
const daysLater = (day, days) => new Date(atNoon(day).getTime() + days * DAY_MS).toISOString().slice(0, 10);
const dayWords = (day, options) =>
  new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', ...options }).format(atNoon(day));
const longDay = (day) => dayWords(day, { weekday: 'long', month: 'long', day: 'numeric' });
const clock = (instant, zone = ownZone) =>
  new Intl.DateTimeFormat('en-US', { timeZone: zone, hour: 'numeric', minute: '2-digit' }).format(new Date(instant));
const zoneName = (zone, instant) =>
  new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'long' })
    .formatToParts(new Date(instant))
    .find(({ type }) => type === 'timeZoneName').value;
const hourOf = (instant) =>
  Number(
    new Intl.DateTimeFormat('en-US', { timeZone: ownZone, hour: 'numeric', hourCycle: 'h23' }).format(
      new Date(instant),
    ),
  );

const isElsewhere = (instant, zone) =>
  Boolean(zone) && (clock(instant) !== clock(instant, zone) || dayIn(ownZone, instant) !== dayIn(zone, instant));

const hours = ({ start, end }, zone = ownZone) =>
  end ? `${clock(start, zone)} to ${clock(end, zone)}` : clock(start, zone);

/** Day and time for the patient, and there, where clocks differ. */
function whenFacts({ start, end }, zone) {
  const facts = [
    ['Day', longDay(dayIn(ownZone, start))],
    ['Time', `${hours({ start, end })} (${zoneName(ownZone, start)})`],
  ];
  if (isElsewhere(start, zone)) {
    const there = `${longDay(dayIn(zone, start))}, ${hours({ start, end }, zone)} (${zoneName(zone, start)})`;
    facts.push(['Local time of the visit', there]);
  }
  return facts;
}

const factList = (facts) =>
  el(
    'dl',
    {},
    facts.map(([label, value]) => el('div', {}, el('dt', {}, label), el('dd', {}, value))),
  );

function textBox(id, label, hint, value) {
  const box = el('textarea', { id, rows: '3', maxlength: '1000', 'aria-describedby': `${id}-hint` });
  box.value = value;
  return [el('label', { for: id }, label), el('p', { class: 'hint', id: `${id}-hint` }, hint), box];
}

// Where the patient stands

async function begin() {
  try {
    await overview(await ask('state'));
  } catch (error) {
    show(el('h1', {}, 'Your laboratory appointment'), button('Try again', begin, { class: 'primary' }));
    say(error.message, true);
  }
}

/** The first view: the appointment if there is one, and whatever can be done. */
async function overview(state, message = '') {
  const { words, appointment, can } = state;
  const parts = [el('h1', {}, words.title), el('p', {}, words.text)];
  if (appointment) {
    const facts = appointment.start ? whenFacts(appointment, appointment.time_zone) : [];
    facts.push(['Place', appointment.place]);
    if (appointment.number) facts.push(['Appointment number', appointment.number]);
    if (appointment.notes) facts.push(['Your note', appointment.notes]);
    parts.push(factList(facts));
  } else if (can.book && state.address) {
    parts.push(factList([['Place', state.address]]));
  }
  const actions = [
    can.reschedule && button('Choose another time', () => anotherTime(state), { class: 'primary' }),
    can.cancel && button('Cancel the appointment', () => cancellation(state), { class: 'quiet' }),
  ].filter(Boolean);
  if (actions.length > 0) parts.push(el('div', { class: 'actions' }, actions));

  const room = el('div', {});
  parts.push(room);
  if (state.has_requisition) {
    const link = el(
      'a',
      { href: `${base}/requisition.pdf`, target: '_blank', rel: 'noopener' },
      'Open your requisition (PDF)',
    );
    parts.push(el('p', { class: 'requisition' }, link));
  }
  show(parts);
  say(message);
  if (!can.book && (appointment || state.at_home || !state.has_requisition)) return;
  if (state.at_home) await picker(room, { state, wish: 'book' });
  else await centres(room, state);
}

/** Another time for the appointment: at home at the same address, else at whichever service centre. */
async function anotherTime(state) {
  const room = el('div', {});
  const back = el(
    'div',
    { class: 'actions' },
    button('Keep the time I have', () => overview(state), { class: 'quiet' }),
  );
  show(
    el('h1', {}, 'Choose another time'),
    el('p', {}, 'At the moment your appointment is on:'),
    factList(whenFacts(state.appointment, state.appointment.time_zone)),
    room,
    back,
  );
  if (state.at_home) await picker(room, { state, wish: 'reschedule' });
  else await centres(room, state, 'reschedule');
}

// Service centres

async function centres(room, state, wish = 'book') {
  const { laboratory } = state;
  room.replaceChildren(el('p', { class: 'loading' }, 'Looking for places near you …'));
  const found = await ask('centres').then(
    (answer) => answer.centres,
    () => [],
  );
  const locator = el(
    'a',
    { href: laboratory.locator_url, target: '_blank', rel: 'noopener noreferrer' },
    `All ${laboratory.name} locations`,
  );
  if (found.length === 0) {
    room.replaceChildren(
      el(
        'p',
        {},
        `You can go to any ${laboratory.name} patient service center. Some take walk-ins, others prefer an appointment.`,
      ),
      el('p', {}, locator, ' or call ', el('a', { href: `tel:${laboratory.phone}` }, laboratory.phone), '.'),
    );
    return;
  }
  const canBook = wish === 'reschedule' || state.can.book;
  room.replaceChildren(
    el('h2', {}, `${laboratory.name} near you`),
    el(
      'ul',
      { class: 'centres' },
      found.map((centre) => centreCard(centre, canBook && (() => centreTimes(state, centre, wish)))),
    ),
    el('p', {}, locator),
  );
}

const placeOf = ({ metadata: { first_line, second_line, city, state, zip_code } }) =>
  [first_line, second_line, city, `${state} ${zip_code}`].filter(Boolean).join(', ');

function centreCard(centre, choose) {
  const { name, phone_number: phone } = centre.metadata;
  return el(
    'li',
    {},
    el('h3', {}, name),
    el('p', {}, placeOf(centre)),
    el(
      'p',
      { class: 'hint' },
      milesAway(centre.distance),
      phone && ' · ',
      phone && el('a', { href: `tel:${phone}` }, phoneWords(phone)),
    ),
    openingHours(centre.metadata.hours ?? {}),
    choose && button('Choose a time here', choose, { 'aria-label': `Choose a time here, at ${name}` }),
  );
}

/** @param miles Whole miles. */
function milesAway(miles) {
  if (miles < 1) return 'Less than a mile away';
  return miles === 1 ? 'About 1 mile away' : `About ${miles} miles away`;
}

function phoneWords(phone) {
  const [, area, exchange, line] = /^\+?1?(\d{3})(\d{3})(\d{4})$/.exec(phone) ?? [];
  return area ? `(${area}) ${exchange}-${line}` : phone;
}

/** `07:00-15:00` of each day, days in a row with the same hours as one line. */
function openingHours(byDay) {
  const lines = [];
  for (const day of [...WEEK.slice(1), 'sunday']) {
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

async function centreTimes(state, centre, wish) {
  const room = el('div', {});
  show(
    el('h1', {}, `Choose a time at ${centre.metadata.name}`),
    factList([['Place', placeOf(centre)]]),
    room,
    el(
      'div',
      { class: 'actions' },
      button('Back', () => overview(state), { class: 'quiet' }),
    ),
  );
  await picker(room, { state, wish, site_code: centre.site_code, place: placeOf(centre) });
}

// A day and a time

/** A calendar of fourteen days from `first`, null for today, and the times of the chosen one. */
async function picker(room, choice, first = null, wasTurned = false) {
  room.replaceChildren(el('p', { class: 'loading' }, 'Looking for times …'));
  const { site_code, state, wish } = choice;
  let times;
  try {
    times = await ask('times', { ...(first && { start_date: first }), ...(site_code && { site_code }) });
  } catch (error) {
    say(error.message, true);
    room.replaceChildren(button('Try again', () => picker(room, choice, first)));
    return;
  }
  if (times.on_request) {
    requestForm(room, state);
    return;
  }
  const today = dayIn(times.time_zone ?? ownZone, Date.now());
  const begins = first ?? today;
  if (times.slots.length === 0 && begins === today && !times.time_zone) {
    room.replaceChildren(
      el('p', {}, 'No times can be booked here at the moment. Please contact us: we find a way together.'),
    );
    return;
  }
  const byDay = groupBy(times.slots, ({ start }) => dayIn(ownZone, start));
  const timesRoom = el('div', {});
  const [firstFree] = byDay.keys();

  const grid = calendar(begins, byDay, (day) => {
    for (const other of grid.querySelectorAll('button'))
      other.setAttribute('aria-pressed', String(other.dataset.day === day));
    timesRoom.replaceChildren(
      timeList(day, byDay.get(day), (slot) => confirmation({ ...choice, slot, zone: times.time_zone })),
    );
  });
  const turn = (words, label, to) =>
    button(words, () => picker(room, choice, to, true), { class: 'turn', 'aria-label': label });
  const last = daysLater(begins, WINDOW_DAYS - 1);
  room.replaceChildren(
    el('h2', {}, wish === 'reschedule' ? 'Your new day and time' : 'Pick a day and a time'),
    el('p', { class: 'hint' }, zoneWords(times)),
    ...times.warnings.map((warning) => el('p', { class: 'hint' }, warning)),
    el(
      'div',
      { class: 'turns' },
      begins > today
        ? turn(
            '← Earlier',
            'Earlier days',
            begins > daysLater(today, WINDOW_DAYS) ? daysLater(begins, -WINDOW_DAYS) : null,
          )
        : el('span'),
      el(
        'strong',
        {},
        `${dayWords(begins, { month: 'short', day: 'numeric' })} – ${dayWords(last, { month: 'short', day: 'numeric' })}`,
      ),
      turn('Later →', 'Later days', daysLater(begins, WINDOW_DAYS)),
    ),
    grid,
    timesRoom,
  );
  if (firstFree) grid.querySelector('button:not(:disabled)').click();
  else timesRoom.replaceChildren(el('p', {}, 'Nothing is free on these days. Please look at later ones.'));
  if (wasTurned) (grid.querySelector('button:not(:disabled)') ?? room.querySelector('.turn')).focus();
}

function zoneWords({ slots, time_zone }) {
  const at = slots[0]?.start ?? Date.now();
  const own = `Times are in your time zone, ${zoneName(ownZone, at)}.`;
  return isElsewhere(at, time_zone)
    ? `${own} The appointment is in ${zoneName(time_zone, at)}; you will see both before you confirm.`
    : own;
}

function calendar(begins, byDay, choose) {
  const known = [...byDay.keys(), begins, daysLater(begins, WINDOW_DAYS - 1)].sort();
  const weekday = (day) => atNoon(day).getUTCDay();
  const start = daysLater(known[0], -weekday(known[0]));
  const end = daysLater(known.at(-1), 6 - weekday(known.at(-1)));
  const cells = [];
  for (let day = start; day <= end; day = daysLater(day, 1)) {
    const isShown = day >= known[0] && day <= known.at(-1);
    cells.push(isShown ? dayButton(day, byDay.get(day)?.length ?? 0, choose) : el('span'));
  }
  const names = WEEK.map((name) =>
    el('span', { class: 'weekday', 'aria-hidden': 'true' }, name[0].toUpperCase() + name.slice(1, 3)),
  );
  const grid = el('fieldset', { class: 'days' }, el('legend', {}, 'Day'), el('div', { class: 'grid' }, names, cells));
  grid.addEventListener('keydown', moveFocus);
  return grid;
}

function dayButton(day, free, choose) {
  const label = `${longDay(day)}, ${free === 0 ? 'nothing free' : `${free} ${free === 1 ? 'time' : 'times'}`}`;
  return el(
    'button',
    {
      type: 'button',
      'data-day': day,
      'data-month': day.endsWith('-01') && dayWords(day, { month: 'short' }),
      'aria-label': label,
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

function timeList(day, slots, choose) {
  const parts = groupBy(slots, ({ start }) => {
    const hour = hourOf(start);
    return hour < 12 ? 'Morning' : hour < 17 ? 'Afternoon' : 'Evening';
  });
  return el(
    'fieldset',
    { class: 'times' },
    el('legend', {}, `Times on ${longDay(day)}`),
    [...parts].flatMap(([name, list]) => [
      el('p', { class: 'hint' }, name),
      el(
        'div',
        { class: 'grid' },
        list.map((slot) => button(clock(slot.start), () => choose(slot), { class: 'time' })),
      ),
    ]),
  );
}

// Confirming

/** What was chosen, with notes; the time is looked up once more when it is confirmed, as it may have gone meanwhile. */
function confirmation(choice) {
  const { state, slot, zone, wish, site_code, place } = choice;
  const isMove = wish === 'reschedule';
  const back = () => (isMove ? anotherTime(state) : overview(state));
  const form = el('form', {
    onsubmit: (event) => {
      event.preventDefault();
      during(
        event.submitter,
        () => confirm(choice, noteOf(form, 'access'), noteOf(form, 'notes')),
        async (error) => {
          const now = await ask('state').catch(() => state);
          // No answer came, and yet it was done.
          if (now.appointment?.start === slot.start) return overview(now, 'Your appointment is booked.');
          await (isMove && now.can.reschedule ? anotherTime(now) : overview(now));
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
  show(
    el('h1', {}, isMove ? 'Move your appointment?' : 'Book this time?'),
    factList([
      ...whenFacts(slot, zone),
      ['Place', place ?? (site_code ? '' : (state.appointment?.place ?? state.address))],
    ]),
    form,
  );
  say('');
}

const noteOf = (form, id) => form.querySelector(`#${id}`)?.value.trim() ?? '';

const accessBox = (state) =>
  textBox('access', 'How do we reach you? (optional)', 'A gate code, parking, which entrance.', state.access_notes);
const noteBox = (state) =>
  textBox(
    'notes',
    'Anything to know about this visit? (optional)',
    'For example: left arm, please.',
    state.appointment?.notes ?? '',
  );

async function confirm({ state, slot, zone, wish, site_code }, access_notes, notes) {
  const { slots } = await ask('times', {
    start_date: dayIn(zone ?? ownZone, slot.start),
    ...(state.at_home && { access_notes }),
    ...(site_code && { site_code }),
  });
  const again = slots.find(({ start }) => start === slot.start);
  if (!again) throw new Error('This time has just been taken. Please choose another.');
  await overview(
    await ask(wish, { key: again.key, notes }),
    wish === 'reschedule' ? 'Your appointment was moved.' : 'Your appointment is booked.',
  );
}

/** For places where the company finds the time. */
function requestForm(room, state) {
  const form = el('form', {
    onsubmit: (event) => {
      event.preventDefault();
      during(event.submitter, async () => {
        const body = { access_notes: noteOf(form, 'access'), notes: noteOf(form, 'notes') };
        await overview(await ask('request', body), 'Your visit is requested.');
      });
    },
  });
  form.append(
    el('p', {}, 'In your area a phlebotomist contacts you to settle the time. Ask for the visit here.'),
    ...accessBox(state),
    ...noteBox(state),
    el('div', { class: 'actions' }, el('button', { type: 'submit', class: 'primary' }, 'Request a visit')),
  );
  room.replaceChildren(form);
  view.querySelector('h1').textContent = 'Request your home visit';
  document.title = 'Request your home visit';
}

// Cancelling

function cancellation(state) {
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
        await overview(await ask('cancel', body), 'Your appointment was cancelled.');
      });
    },
  });
  const radio = ({ id, words }) =>
    el('label', { class: 'choice' }, el('input', { type: 'radio', name: 'reason', value: id }), words);
  form.append(
    el('fieldset', {}, el('legend', {}, 'Why do you cancel?'), reasons.map(radio)),
    ...textBox('notes', 'Anything to add? (optional)', 'Passed on with the cancellation.', ''),
    el(
      'div',
      { class: 'actions' },
      el('button', { type: 'submit', class: 'danger' }, 'Cancel the appointment'),
      button('Keep it', () => overview(state), { class: 'quiet' }),
    ),
  );
  const facts = appointment.start ? whenFacts(appointment, appointment.time_zone) : [];
  show(el('h1', {}, 'Cancel your appointment?'), factList([...facts, ['Place', appointment.place]]), form);
  say('');
}

begin();
