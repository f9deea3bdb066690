/** What operators are written about what waits or is silent (G9): counts, laboratories and ids, never a patient or a result. */
import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { COUNTED, MATTERS, type Matter } from '../domain/alerts.ts';
import { type Mailer, MailRefused, type OutgoingMail } from './mailer.ts';

/** A matter with when it began. */
type Told = Matter & { began_at: Date };

/** What is told in one mail. */
interface News {
  begun: readonly Told[];
  over: readonly Told[];
}

/**
 * How operators are told.
 * @param operators Mail addresses.
 * @returns sends a mail to each; throws `MailDelayed` when that is to be tried again
 */
export function operatorMail(parts: {
  mailer: Mailer;
  operators: readonly string[];
  publicUrl: string;
  logger: Logger;
}): (news: News) => Promise<void> {
  const { mailer, operators, publicUrl, logger } = parts;
  return async (news) => {
    for (const operator of operators) {
      try {
        await mailer.send(composeOperatorMail(operator, news, publicUrl));
      } catch (error) {
        if (!(error instanceof MailRefused)) throw error;
        logger.error({ code: error.code }, 'operator.mail.refused');
      }
    }
  };
}

/** The mail about what has begun and what is over; the same again has the same identity (F10). @param to A mail address. */
function composeOperatorMail(to: string, { begun, over }: News, publicUrl: string): OutgoingMail {
  const [first] = [...begun, ...over];
  const more = begun.length + over.length - 1;
  const subject = `${first && begun.length === 0 ? 'Over: ' : ''}${first ? titleOf(first) : ''}${more > 0 ? ` and ${more} more` : ''}`;
  const identity = [...begun.map((one) => ['begun', one]), ...over.map((one) => ['over', one])]
    .map(
      ([what, one]) =>
        `${what} ${(one as Told).kind} ${(one as Told).lab_slug} ${(one as Told).began_at.toISOString()}`,
    )
    .join('\n');
  return {
    message_id: `<operator.${createHash('sha256').update(`${to}\n${identity}`).digest('hex').slice(0, 32)}@venule>`,
    from_name: 'Venule',
    to: { name: '', address: to },
    reply_to: null,
    subject: `[Venule] ${subject}`,
    html: null,
    text: [
      ...begun.map(lines),
      ...(over.length > 0
        ? [['Over:', ...over.map((one) => `- ${titleOf(one)}, since ${timeOf(one.began_at)}`)].join('\n')]
        : []),
      `--\nVenule at ${publicUrl}. Everything that waits: npm run admin -- inbox`,
      '',
    ].join('\n\n'),
    unsubscribe_url: null,
    attachments: [],
  };
}

const titleOf = ({ kind, lab_slug }: Matter) => `${MATTERS[kind].what}${lab_slug === null ? '' : ` (${lab_slug})`}`;
const timeOf = (instant: Date) => `${instant.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

function lines(matter: Told): string {
  const { kind, count, since, ids } = matter;
  return [
    titleOf(matter),
    `  How many: ${count >= COUNTED ? `${COUNTED} or more` : count}`,
    `  Since: ${timeOf(since)}`,
    `  The first: ${ids.join(', ')}`,
    `  What to do: ${MATTERS[kind].to_do}`,
  ].join('\n');
}
