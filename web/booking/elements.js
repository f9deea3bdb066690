/** The elements that the booking page is made of. */

/** An element; properties that start with `on` are listeners, the rest attributes. Children may be null. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null) element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A button that does something. */
export const button = (text, onclick, attributes = {}) =>
  el('button', { type: 'button', onclick, ...attributes }, text);

/** A link that leaves the page. */
export const away = (href, ...text) => el('a', { href, target: '_blank', rel: 'noopener noreferrer' }, ...text);

/** Labels and values; a value that is an element goes in as it is. */
export const factList = (facts) =>
  el(
    'dl',
    {},
    facts.map(([label, value]) => el('div', {}, el('dt', {}, label), el('dd', {}, value))),
  );

/** What the patient should do before the draw. */
export const preparation = (sentences) =>
  sentences.length > 0 &&
  el(
    'div',
    { class: 'prepare' },
    sentences.map((sentence) => el('p', {}, sentence)),
  );

/** A labeled box for some lines of text. */
export function textBox(id, label, hint, value) {
  const box = el('textarea', { id, rows: '3', maxlength: '1000', 'aria-describedby': `${id}-hint` });
  box.value = value;
  return [el('label', { for: id }, label), el('p', { class: 'hint', id: `${id}-hint` }, hint), box];
}

/** What was written into a box of a form. */
export const noteOf = (form, id) => form.querySelector(`#${id}`)?.value.trim() ?? '';

/** Whom to call, as the foot of the page has it. */
export function whomToCall() {
  const help = document.getElementById('help')?.cloneNode(true);
  help?.removeAttribute('id');
  help?.classList.add('help');
  return help ?? null;
}

/** In place of what a provider or the network did not answer: whom to call first, then what can be tried. */
export const outOfReach = (words, again) =>
  el('div', { class: 'away' }, whomToCall(), el('p', {}, words), again && button('Try again', again));

/** Lists by key, in the order in which keys first come; phones of some years ago have no `Map.groupBy`. */
export function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
