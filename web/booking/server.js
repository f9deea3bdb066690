/** What the booking page asks of the server that it came from. */

/** The link itself; everything is asked for below it. */
export const base = location.pathname.replace(/\/$/, '');

/**
 * The server's answer.
 * @throws Error in words for the patient; `isAway` when nothing that can be answered for stands behind it
 */
export async function ask(path, body) {
  const answer = await fetch(`${base}/${path}`, {
    ...(body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  }).catch(() => null);
  const json = await answer?.json().catch(() => null);
  if (answer?.ok && json) return json;
  const isOurs = answer && answer.status < 500 && json?.message;
  const words = isOurs ? json.message : 'That did not work. Please try again in a moment.';
  throw Object.assign(new Error(words), { isAway: !isOurs });
}
