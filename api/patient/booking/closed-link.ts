/** A link that opens nothing, and what it is answered with. */
import type { ErrorRequestHandler, Request } from 'express';
import type { Contact } from '../../../store/access/teams.ts';
import type { TeamDocument } from '../../../store/collections/access.ts';
import { pageSender, sendPage, unnamedSender } from '../patient-page.ts';
import { closedPage } from './pages.ts';

export const EXPIRED = 'This link has expired';
export const REVOKED = 'This link is no longer valid';
export const GUESSED = 'This link was closed after too many wrong dates';
export const SCAN_AGAIN = 'Please scan the code on your paper again';
const UNKNOWN = 'This link does not work';

/** The link opens nothing; says nothing about the order, and whom to call where that is known. */
export class ClosedLink extends Error {
  override name = 'ClosedLink';
  readonly status: 404 | 410;
  readonly team: TeamDocument | null;

  constructor(message = UNKNOWN, team: TeamDocument | null = null) {
    super(message);
    this.status = team ? 410 : 404;
    this.team = team;
  }
}

/**
 * Answers a link that opens nothing, or that was cut or garbled on its way: a page for a person, a sentence for the
 * page's script.
 * @param policy The content security policy of the page.
 */
export function answerClosedLink(
  standIn: Contact,
  policy: string,
  isForPerson: (request: Request) => boolean,
): ErrorRequestHandler {
  return (error, request, response, next) => {
    const closed = error instanceof URIError ? new ClosedLink() : error;
    if (!(closed instanceof ClosedLink)) return next(error);
    const sender = closed.team ? pageSender(closed.team, standIn) : unnamedSender(standIn);
    response.status(closed.status);
    if (isForPerson(request)) sendPage(response, policy, closedPage(closed.message, sender));
    else response.json({ message: closed.message });
  };
}
