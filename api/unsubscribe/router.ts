/**
 * `/unsubscribe/:token`: where a patient ends a team's mail, and takes that back. Looking changes nothing, as programs
 * that check mail open every link; a POST does, from the page or from the mail program itself (RFC 8058).
 */
import express, { type Request, type RequestHandler, type Router } from 'express';
import type { TeamDocument } from '../../store/documents.ts';
import {
  findUnsubscribeLink,
  hasUnsubscribed,
  type Recipient,
  resubscribe,
  unsubscribe,
} from '../../store/unsubscriptions.ts';
import type { ApiDeps } from '../deps.ts';
import { answerTrouble, behindLink, pagePolicy, sendPage } from '../patient-page.ts';
import { subscribedPage, unknownPage, unsubscribedPage } from './pages.ts';

const POLICY = pagePolicy("form-action 'self'");

/** Whose link was opened. */
interface Opened {
  recipient: Recipient;
  team: TeamDocument;
  /** The link's own path. */
  path: string;
}

/** Everything under `/unsubscribe`. */
export function unsubscribeRouter(deps: Pick<ApiDeps, 'store' | 'logger'>): Router {
  const { store } = deps;
  const router = express.Router();
  router.use('/:token', behindLink('/unsubscribe/:token'));

  router.get(
    '/:token',
    page(async ({ recipient, team, path }) =>
      (await hasUnsubscribed(store, recipient)) ? unsubscribedPage(team, path) : subscribedPage(team, path),
    ),
  );

  router.post(
    '/:token',
    page(async ({ recipient, team, path }) => {
      await unsubscribe(store, recipient);
      return unsubscribedPage(team, path);
    }),
  );

  router.post(
    '/:token/undo',
    page(async ({ recipient, team, path }) => {
      await resubscribe(store, recipient);
      return subscribedPage(team, path, `You will receive mail from ${team.name} again.`);
    }),
  );

  router.use('/:token', answerTrouble(deps, 'To do this twice does no harm.'));
  return router;

  function page(make: (opened: Opened) => Promise<string>): RequestHandler {
    return async (request: Request, response) => {
      const token = String(request.params.token);
      const recipient = await findUnsubscribeLink(store, token);
      const team = recipient && (await store.teams.findById(recipient.team_id).lean<TeamDocument>());
      if (recipient && team) sendPage(response, POLICY, await make({ recipient, team, path: `/unsubscribe/${token}` }));
      else sendPage(response.status(404), POLICY, unknownPage());
    };
  }
}
