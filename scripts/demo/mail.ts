/** Mail to the demo’s patient, as the mail catcher gets it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Moment } from './heard-orders.ts';

interface CaughtMail {
  id: string;
  message_id: string | null;
  subject: string;
  attachments: { filename: string | null }[];
}

/** How long the last mails are waited for, in milliseconds. */
const PATIENCE = 20_000;

/**
 * Tells of every mail about an order that `isOurs`, until it is stopped.
 *
 * @returns the function that stops it, after having waited for that many mails
 * @throws Error from that function when they do not come, or from none when the catcher cannot be reached
 */
export function watchMail(
  catcher: string,
  isOurs: (orderId: string) => boolean,
  tell: (moment: Moment) => void,
): (expected: number) => Promise<void> {
  const seen = new Set<string>();
  let stopping = false;
  let reachable = true;
  const watching = (async () => {
    while (!stopping) {
      const mails = await fetch(`${catcher}/mails`)
        .then((response) => response.json() as Promise<CaughtMail[]>)
        .catch(() => undefined);
      reachable = mails !== undefined;
      for (const mail of (mails ?? []).toReversed()) {
        const [, orderId = '', kind = ''] = /^<?([\w-]+)\.(\w+)[\w.-]*@/.exec(mail.message_id ?? '') ?? [];
        if (seen.has(mail.id) || !isOurs(orderId)) continue;
        seen.add(mail.id);
        const attached = mail.attachments.flatMap(({ filename }) => filename ?? []).join(', ');
        tell({ at: new Date(), who: 'mail', what: kind, note: [mail.subject, attached].filter(Boolean).join(' + ') });
      }
      await pause(200);
    }
  })();
  return async (expected) => {
    const deadline = Date.now() + PATIENCE;
    while (reachable && seen.size < expected && Date.now() < deadline) await pause(50);
    stopping = true;
    await watching;
    if (reachable && seen.size < expected) {
      throw new Error(`${seen.size} of ${expected} mails arrived within ${PATIENCE / 1000} s; see ${catcher}`);
    }
  };
}
