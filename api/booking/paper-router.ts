/**
 * `/book/paper/:token`: the address in the code on a requisition. The birth date opens the booking page for half an hour,
 * at an address of its own, so that a shared computer is left with nothing that lasts.
 */
import express, { type Request, type Response, type Router } from 'express';
import { REQUEST_LIMITS } from '../../domain/limits.ts';
import type { OrderDocument, TeamDocument } from '../../store/documents.ts';
import { countWrongDate, type FoundPaper, findPaperLink, openFromPaper } from '../../store/paper-links.ts';
import type { ApiDeps, Doors } from '../deps.ts';
import { behindLink, pagePolicy, pageSender, sendPage, unnamedSender } from '../patient-page.ts';
import { birthDatePage, closedPaperPage } from './paper-pages.ts';

const POLICY = pagePolicy("form-action 'self'");

const CLOSED: Record<Exclude<FoundPaper['state'], 'valid'>, [status: number, title: string]> = {
  expired: [410, 'This link has expired'],
  revoked: [410, 'This link is no longer valid'],
  guessed: [410, 'This link was closed after too many wrong dates'],
};

/** Everything under `/book/paper`. */
export function paperRouter({ store, config }: ApiDeps, { doorkeeper, guesses }: Doors): Router {
  const router = express.Router();
  router.use('/:token', behindLink('/book/paper/:token'), doorkeeper.admit);

  router.get('/:token', async (request, response) => {
    const opened = await open(request, response);
    if (opened) sendPage(response, POLICY, birthDatePage(opened.sender, opened.path, null));
  });

  const readForm = express.urlencoded({ extended: false, limit: REQUEST_LIMITS.page_body_bytes });
  router.post('/:token', readForm, async (request, response) => {
    const opened = await open(request, response);
    if (!opened) return;
    const { link, order, sender, path } = opened;
    const { born } = (request.body ?? {}) as { born?: unknown };
    if (typeof born !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(born))
      return sendPage(response.status(400), POLICY, birthDatePage(sender, path, null));
    if (!(await countWrongDate(store, link._id))) return closed(response, 'guessed', sender);
    if (born === order.patient_dob)
      return response.redirect(303, `/book/${await openFromPaper(store, link, new Date())}`);
    const now = await findPaperLink(store, String(request.params.token), new Date());
    if (now?.state !== 'valid') return closed(response, now?.state ?? 'revoked', sender);
    sendPage(response.status(403), POLICY, birthDatePage(sender, path, { left: now.left }));
  });
  return router;

  async function open(request: Request, response: Response) {
    const token = String(request.params.token);
    const link = await findPaperLink(store, token, new Date());
    if (!link) await guesses.failed(request);
    const order = link && (await store.orders.findById(link.order_id).lean<OrderDocument>());
    const team = order && (await store.teams.findById(order.team_id).lean<TeamDocument>());
    if (!link || !order || !team) {
      const page = closedPaperPage('This link does not work', unnamedSender(config.standInContact));
      sendPage(response.status(404), POLICY, page);
      return null;
    }
    const sender = pageSender(team, config.standInContact);
    if (link.state === 'valid') return { link, order, sender, path: `/book/paper/${token}` };
    closed(response, link.state, sender);
    return null;
  }

  function closed(response: Response, state: keyof typeof CLOSED, sender: ReturnType<typeof pageSender>): void {
    const [status, title] = CLOSED[state];
    sendPage(response.status(status), POLICY, closedPaperPage(title, sender));
  }
}
