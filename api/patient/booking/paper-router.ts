/**
 * `/book/paper/:token`: the address in the code on a requisition. The birth date opens the booking page for half an hour,
 * at an address of its own, so that a shared computer is left with nothing that lasts.
 */
import express, { type ErrorRequestHandler, type Request, type Response, type Router } from 'express';
import { REQUEST_LIMITS } from '../../../domain/limits.ts';
import {
  countWrongDate,
  type FoundPaper,
  findPaperLink,
  noteGuessed,
  openFromPaper,
} from '../../../store/access/paper-links.ts';
import type { ApiDeps, Doors } from '../../deps.ts';
import { birthDate } from '../../http/fields.ts';
import { checkBytes } from '../../http/request-checks.ts';
import { answerTrouble, behindLink, pagePolicy, pageSender, sendPage } from '../patient-page.ts';
import { answerClosedLink, ClosedLink, EXPIRED, GUESSED, REVOKED } from './closed-link.ts';
import { behind } from './opened-link.ts';
import { birthDatePage } from './paper-pages.ts';

const POLICY = pagePolicy("form-action 'self'");

const CLOSED: Record<Exclude<FoundPaper['state'], 'valid'>, string> = {
  expired: EXPIRED,
  revoked: REVOKED,
  guessed: GUESSED,
};

/** Everything under `/book/paper`. */
export function paperRouter(deps: ApiDeps, { doorkeeper, guesses }: Doors): Router {
  const { store } = deps;
  const { standInContact } = deps.config;
  const router = express.Router();
  router.use('/:token', behindLink('/book/paper/:token'), doorkeeper.admit);

  router.get('/:token', async (request, response) => {
    const { team, path } = await opened(request);
    sendPage(response, POLICY, birthDatePage(pageSender(team, standInContact), path, null));
  });

  const readForm = express.urlencoded({ extended: false, limit: REQUEST_LIMITS.page_body_bytes, verify: checkBytes });
  router.post('/:token', readForm, takeAsEmpty, async (request: Request, response: Response) => {
    const { link, order, team, path } = await opened(request);
    const ask = (status: number, wrong: Parameters<typeof birthDatePage>[2]) =>
      sendPage(response.status(status), POLICY, birthDatePage(pageSender(team, standInContact), path, wrong));
    const born = birthDate.safeParse(request.body?.born);
    if (!born.success) return ask(400, 'no_date');

    await guesses.passed(request);
    const left = await countWrongDate(store, link);
    if (left === null) throw new ClosedLink(GUESSED, team);
    if (born.data === order.patient_dob)
      return response.redirect(303, `/book/${await openFromPaper(store, link, new Date())}`);
    if (left === 0) await noteGuessed(store, link, team._id);
    await guesses.failed(request);
    if (left === 0) throw new ClosedLink(GUESSED, team);
    ask(403, { left });
  });

  router.get(/.*/, () => {
    throw new ClosedLink();
  });
  router.use(
    answerClosedLink(standInContact, POLICY, () => true),
    answerTrouble(deps, 'Your appointment, if you have one, stays as it is.'),
  );
  return router;

  /** @throws ClosedLink when the link opens nothing */
  async function opened(request: Request) {
    const token = String(request.params.token);
    const found = await findPaperLink(store, token, new Date());
    const { link, order, team } = await behind(store, found, () => guesses.failed(request));
    if (link.state !== 'valid') throw new ClosedLink(CLOSED[link.state], team);
    return { link, order, team, path: `/book/paper/${token}` };
  }
}

/** A form that cannot be read says nothing. */
const takeAsEmpty: ErrorRequestHandler = (_error, request, _response, next) => {
  request.body = {};
  next();
};
