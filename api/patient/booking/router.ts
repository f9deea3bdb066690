/**
 * `/book/:token`: the patient's booking page and what it asks for. There is no account: whoever has the link may do what
 * the patient may do. Nothing here names a test or a result.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import express, { type NextFunction, type Request, type RequestHandler, type Response, type Router } from 'express';
import { z } from 'zod';
import { SLOT_TAKEN } from '../../../domain/appointments/appointment-refusals.ts';
import { REQUEST_LIMITS } from '../../../domain/limits.ts';
import { findOffer } from '../../../store/appointments/availabilities.ts';
import { activeAppointment } from '../../../store/appointments/read-appointments.ts';
import type { TeamDocument } from '../../../store/collections/access.ts';
import type { OrderDocument } from '../../../store/collections/orders.ts';
import { calendarDate, uuid } from '../../../wire/fields.ts';
import { type Asked, book, cancel, request, reschedule } from '../../appointments/commands.ts';
import type { ApiDeps, Doors } from '../../deps.ts';
import { mayBeKept } from '../../http/answer-headers.ts';
import { ApiError } from '../../http/errors.ts';
import { checkBytes, unreadable } from '../../http/request-checks.ts';
import { answerTrouble, behindLink, pagePolicy, pageSender, sendPage } from '../patient-page.ts';
import { appointmentFile } from './appointment-file.ts';
import { bookingState, typeOf, visitAddress } from './booking-state.ts';
import { answerClosedLink, ClosedLink } from './closed-link.ts';
import { centersNear, onRequest, timesFor } from './offers.ts';
import { type OpenedLink, openLink } from './opened-link.ts';
import { bookingPage, nothingThere } from './pages.ts';
import { paperRouter } from './paper-router.ts';
import { providerLimit } from './provider-limit.ts';

const WEB = join(import.meta.dirname, '../../../web/booking');

const POLICY = pagePolicy("script-src 'self'", "connect-src 'self'", "form-action 'none'");

const notes = z.string().trim().max(1000).optional();
const key = z.string().max(2000);
const timesBody = z.object({
  start_date: calendarDate.optional(),
  access_notes: notes,
  site_code: z.string().max(100).optional(),
});
const centersQuery = z.object({
  zip: z
    .string()
    .trim()
    .regex(/^\d{5}$/)
    .optional(),
});
const bookBody = z.object({ key, notes });
const requestBody = z.object({ access_notes: notes, notes });
const cancelBody = z.object({ reason_id: uuid, notes });

/** Everything under `/book`. */
export function bookingRouter(deps: ApiDeps, doors: Doors): Router {
  const { doorkeeper, guesses } = doors;
  const { store } = deps;
  const { publicUrl, standInContact } = deps.config;
  const router = express.Router();
  router.use('/assets', express.static(WEB, { index: false, cacheControl: false, setHeaders: mayBeKept }));
  router.use(behindLink('/book'));
  router.use('/paper', paperRouter(deps, doors));
  const limited = providerLimit(store, (response) => linkOf(response).order._id);
  router.use('/:token', behindLink('/book/:token'), doorkeeper.admit, async (asked, response, next) => {
    response.locals.link = await openLink(store, String(asked.params.token), () => guesses.failed(asked));
    next();
  });

  router.get('/:token', (_asked, response) => {
    sendPage(response, POLICY, bookingPage(pageSender(linkOf(response).team, standInContact)));
  });

  router.get('/:token/requisition.pdf', async (asked, response) => {
    const { order, team } = linkOf(response);
    const { has_requisition } = await bookingState(deps, order);
    const pdf = has_requisition ? await deps.documents.requisition(order._id) : null;
    if (!pdf) return answerNothing(response, team, 'There is no requisition', asked.params.token);
    response.set('content-disposition', 'inline; filename="requisition.pdf"').type('pdf').send(pdf);
  });

  router.get('/:token/appointment.ics', async (asked, response) => {
    const link = linkOf(response);
    const { token } = asked.params;
    const file = await appointmentFile(deps, link, `${publicUrl}/book/${token}`);
    if (!file) return answerNothing(response, link.team, 'There is no appointment to add to a calendar', token);
    response.set('content-disposition', `inline; filename="${file.filename}"`).type('text/calendar').send(file.content);
  });

  router.get('/:token/state', async (_asked, response) => {
    response.json(await bookingState(deps, linkOf(response).order));
  });

  router.get('/:token/centres', limited, async (asked, response) => {
    const question = centersQuery.safeParse(asked.query);
    if (!question.success) throw new ApiError('malformed_request', 'Please enter a ZIP code of five digits.');
    response.json(await centersNear(deps, linkOf(response), question.data.zip));
  });

  question('times', [limited], timesBody, (link, question) => timesFor(deps, link, question));

  wish('book', [limited], bookBody, async (link, { key, notes }) => {
    await mustBeOffered(link, key);
    await book(askedOf(link), { appointment_id: randomUUID(), booking_key: key, notes: notes || undefined });
  });

  wish('request', [limited], requestBody, async (link, { access_notes: said, notes }) => {
    const active = await activeAppointment(store, link.order._id, 'phlebotomy');
    const { second_line, access_notes, ...place } = visitAddress(link.order, active);
    const provider = await onRequest(deps, link.team, place.zip_code);
    if (!provider) throw new ApiError('rule_broken', 'No phlebotomist serves this address.');
    const how = said ?? access_notes;
    const address = { ...place, ...(second_line && { second_line }), ...(how && { access_notes: how }) };
    await request(askedOf(link), { appointment_id: randomUUID(), address, provider, notes: notes || undefined });
  });

  wish('reschedule', [limited], bookBody, async (link, { key, notes }) => {
    await mustBeOffered(link, key);
    await reschedule(askedOf(link), { booking_key: key, notes });
  });

  // Never too often: there is one appointment to cancel, and no harm in it.
  wish('cancel', [], cancelBody, async (link, { reason_id, notes }) => {
    await cancel(askedOf(link), { reason_id, notes: notes || undefined });
  });

  router.use((asked, _response, next) => next(isNavigation(asked) ? new ClosedLink() : undefined));
  const trouble = answerTrouble(deps, 'Your appointment, if you have one, stays as it is.');
  router.use(
    answerClosedLink(standInContact, POLICY, isNavigation),
    (error: unknown, request: Request, response: Response, next: NextFunction) =>
      isNavigation(request) ? trouble(error, request, response, next) : next(error),
  );
  return router;

  function answerNothing(response: Response, team: TeamDocument, title: string, token: string): void {
    const page = nothingThere(title, pageSender(team, standInContact), `/book/${token}`);
    sendPage(response.status(404), POLICY, page);
  }

  /** A wish as JSON, answered with the state that it led to. */
  function wish<Schema extends z.ZodType>(
    name: string,
    guards: RequestHandler[],
    schema: Schema,
    grant: (link: OpenedLink, body: z.infer<Schema>) => Promise<void>,
  ): void {
    question(name, guards, schema, async (link, body) => {
      await grant(link, body);
      return bookingState(deps, await store.orders.findById(link.order._id).orFail().lean<OrderDocument>());
    });
  }

  /** A question as JSON. */
  function question<Schema extends z.ZodType>(
    name: string,
    guards: RequestHandler[],
    schema: Schema,
    answer: (link: OpenedLink, body: z.infer<Schema>) => Promise<object>,
  ): void {
    const readJson = express.json({ limit: REQUEST_LIMITS.page_body_bytes, verify: checkBytes });
    router.post(`/:token/${name}`, sameOrigin, readJson, ...guards, async (asked, response) => {
      const body = schema.safeParse(asked.body);
      if (!body.success || unreadable(asked.body, []).length > 0)
        throw new ApiError('malformed_request', 'The page sent a request that cannot be read.');
      response.json(await answer(linkOf(response), body.data));
    });
  }

  function askedOf({ team, order, by }: OpenedLink): Asked {
    return { deps, team, by, order, type: typeOf(order) };
  }

  /** An old page's key is a time that is gone, in the patient's words. */
  async function mustBeOffered({ team }: OpenedLink, bookingKey: string): Promise<void> {
    const offer = await findOffer(deps, team._id, bookingKey);
    if (!offer || offer === 'unreadable' || Date.parse(offer.slot.expires_at) <= Date.now())
      throw new ApiError('rule_broken', SLOT_TAKEN);
  }
}

/** The link that a request came by. */
const linkOf = ({ locals }: Response) => locals.link as OpenedLink;

/** Only our own page asks: a browser says where a request comes from, and a form elsewhere cannot send JSON. */
const sameOrigin: RequestHandler = (request, _response, next) => {
  const site = request.get('sec-fetch-site');
  const origin = request.get('origin');
  const isOurs = site ? site === 'same-origin' : origin !== undefined && hostOf(origin) === request.get('host');
  if (!isOurs) throw new ApiError('forbidden', 'Only the booking page can make this request.');
  if (!request.is('application/json')) throw new ApiError('malformed_request', 'The body must be JSON.');
  next();
};

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

/** What the page's script asks for with GET. Whatever else is got, a person looks at. */
const FOR_SCRIPTS = /^\/[^/]+\/(state|centres)$/;

const isNavigation = ({ method, path }: Request) => (method === 'GET' || method === 'HEAD') && !FOR_SCRIPTS.test(path);
