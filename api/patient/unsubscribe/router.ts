/**
 * `/unsubscribe/:token`: where a patient ends a team's mail, and takes that back. Looking changes nothing, as programs
 * that check mail open every link; a POST does, from the page or from the mail program itself (RFC 8058).
 */
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Router } from 'express';
import type { TeamDocument } from '../../../store/collections/access.ts';
import {
  findUnsubscribeLink,
  hasUnsubscribed,
  type Recipient,
  resubscribe,
  unsubscribe,
} from '../../../store/messages/unsubscriptions.ts';
import type { ApiDeps } from '../../deps.ts';
import type { GuessLimit } from '../../http/doors/guess-limit.ts';
import {
  answerTrouble,
  behindLink,
  type PageSender,
  pagePolicy,
  pageSender,
  sendPage,
  unnamedSender,
} from '../patient-page.ts';
import { subscribedPage, unknownPage, unsubscribedPage } from './pages.ts';

const POLICY = pagePolicy("form-action 'self'");

/** What is answered to a link that a mail program garbled, so that it is not even an address. */
const unreadable =
  (unknown: RequestHandler): ErrorRequestHandler =>
  (error, request, response, next) =>
    error instanceof URIError ? unknown(request, response, next) : next(error);

/** Whose link was opened. */
interface Opened {
  recipient: Recipient;
  sender: PageSender;
  /** The link's own path. */
  path: string;
}

/** Everything under `/unsubscribe`. */
export function unsubscribeRouter(deps: Pick<ApiDeps, 'store' | 'logger' | 'config'>, guesses: GuessLimit): Router {
  const { store } = deps;
  const { standInContact } = deps.config;
  const router = express.Router();
  router.use(behindLink('/unsubscribe'));
  router.use('/:token', behindLink('/unsubscribe/:token'));

  router.get(
    '/:token',
    page(async ({ recipient, sender, path }) =>
      (await hasUnsubscribed(store, recipient)) ? unsubscribedPage(sender, path) : subscribedPage(sender, path),
    ),
  );

  router.post(
    '/:token',
    page(async ({ recipient, sender, path }) => {
      await unsubscribe(store, recipient);
      return unsubscribedPage(sender, path);
    }),
  );

  router.post(
    '/:token/undo',
    page(async ({ recipient, sender, path }) => {
      await resubscribe(store, recipient);
      return subscribedPage(sender, path, `You will receive mail from ${sender.name} again.`);
    }),
  );

  const unknown: RequestHandler = (_request, response) =>
    sendPage(response.status(404), POLICY, unknownPage(unnamedSender(standInContact)));
  router.get(/.*/, unknown);
  router.use(unreadable(unknown), answerTrouble(deps, 'It is safe to do this twice.'));
  return router;

  function page(make: (opened: Opened) => Promise<string>): RequestHandler {
    return async (request: Request, response) => {
      const token = String(request.params.token);
      const recipient = await findUnsubscribeLink(store, token);
      if (!recipient) await guesses.failed(request);
      const team = recipient && (await store.teams.findById(recipient.team_id).lean<TeamDocument>());
      if (!recipient || !team) return unknown(request, response, () => undefined);
      const opened = { recipient, sender: pageSender(team, standInContact), path: `/unsubscribe/${token}` };
      sendPage(response, POLICY, await make(opened));
    };
  }
}
