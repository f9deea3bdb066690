/** The views of the booking page, one after the other: Back shows the one before as it was left, with what was chosen and typed. */
import { whomToCall } from './elements.js';

const view = document.getElementById('view');
const said = document.getElementById('said');

/** What was on the page when a step was left, and how far it was scrolled. */
const left = [];
let at = 0;
/** Shows the first view anew, where a step is not remembered. */
let beginAgain = () => undefined;
/** Told when the browser has gone back. */
let wentBack = null;

history.scrollRestoration = 'manual';

/** Says something above the view; whom to call first, where nobody answered. */
export function say(text, isTrouble = false, isAway = false) {
  said.className = isTrouble ? 'trouble' : '';
  said.replaceChildren(...[isAway && whomToCall(), text].filter(Boolean));
}

/** Shows something in place of what is shown, and takes keyboard and screen reader there. */
export function show(...parts) {
  say('');
  view.replaceChildren(...parts.flat().filter(Boolean));
  arrive(0);
}

/** Shows the next step. */
export function next(...parts) {
  leave();
  left.length = at + 1;
  at += 1;
  history.pushState({ step: at }, '');
  show(...parts);
}

/** One step back, as the browser's own Back does; settles when it is shown. */
export function back() {
  return go(-1);
}

/** Back to the first step, of which nothing is remembered: to be shown anew. */
export async function home() {
  left.length = 0;
  if (at > 0) await go(-at);
  left.length = 0;
}

/** Sets what to do where a step is not remembered, as after a reload. */
export function beginWith(begin) {
  beginAgain = begin;
  history.replaceState({ step: 0 }, '');
}

function go(steps) {
  return new Promise((resolve) => {
    wentBack = resolve;
    history.go(steps);
  });
}

function leave() {
  left[at] = { nodes: [...view.childNodes], top: window.scrollY };
}

function arrive(top) {
  const heading = view.querySelector('h1');
  if (heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
    const sandbox = document.querySelector('.sandbox') ? '[Sandbox] ' : '';
    document.title = `${sandbox}${heading.textContent}`;
  }
  window.scrollTo(0, top);
}

window.addEventListener('popstate', ({ state }) => {
  leave();
  at = state?.step ?? 0;
  const was = left[at];
  if (was) {
    say('');
    view.replaceChildren(...was.nodes);
    arrive(was.top);
  } else if (!wentBack) beginAgain();
  wentBack?.();
  wentBack = null;
});

/** Does something while its button waits; what goes wrong is said. */
export async function during(pressed, doing, trouble = (error) => say(error.message, true, error.isAway)) {
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
