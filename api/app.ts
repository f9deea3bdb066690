/** The HTTP application: what answers under which path. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseQuery } from 'node:querystring';
import express, { type Express, type RequestHandler, type Router } from 'express';
import type { Config } from '../config/config.ts';
import { collectionOf } from '../store/collections/define.ts';
import { remembered } from '../store/remembered.ts';
import { wrongCodecAddress } from './codec.ts';
import type { ApiDeps, Doors } from './deps.ts';
import { endpoints } from './endpoints.ts';
import { answerFhirErrors } from './fhir/refusal.ts';
import { fhirRouter } from './fhir/router.ts';
import { healthRouter } from './health.ts';
import { type Home, homeRouter } from './home.ts';
import { answerHeaders } from './http/answer-headers.ts';
import { createDoorkeeper } from './http/doors/doorkeeper.ts';
import { createGuessLimit } from './http/doors/guess-limit.ts';
import { answerErrors, answerOptions, correlate, legible, logRequests, mount, noSuchRoute } from './http/mount.ts';
import { partnersRouter } from './inbound/router.ts';
import { managementEndpoints } from './management/endpoints.ts';
import { managementRouter } from './management/router.ts';
import { bookingRouter } from './patient/booking/router.ts';
import { unsubscribeRouter } from './patient/unsubscribe/router.ts';
import { openApiDocument } from './reference/openapi.ts';
import { referenceRouter } from './reference/reference.ts';

const PACKAGE = join(import.meta.dirname, '../package.json');

/** What the application needs beside what its endpoints do. */
export interface AppOptions extends Omit<ApiDeps, 'users'> {
  /** Whether webhooks may go to private addresses (`VENULE_WEBHOOK_ALLOW_PRIVATE`). */
  webhookAllowPrivate: boolean;
  config: ApiDeps['config'] & Home & Pick<Config, 'trustedProxies' | 'mostRequests'>;
  /** The codec endpoint for Temporal UI; absent in tests that have no Temporal. */
  codec?: Router;
}

/** A link that was garbled on its way to a patient is answered by its page, and not by the API. */
const exceptForPatients =
  (check: RequestHandler): RequestHandler =>
  (request, response, next) =>
    /^\/(book|unsubscribe)(\/|$)/.test(request.path) ? next() : check(request, response, next);

/** Makes the application; it opens nothing and listens to nothing. */
export function createApp(options: AppOptions): Express {
  const { webhookAllowPrivate, codec, ...given } = options;
  const users = remembered((id) => collectionOf(given.store.users).findOne({ _id: id }));
  const deps: ApiDeps & Pick<AppOptions, 'config'> = { ...given, users };
  const rules = { allowPrivate: webhookAllowPrivate };
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
  const document = openApiDocument(
    [
      { key: 'x-vital-api-key', endpoints },
      { key: 'X-Management-Key', endpoints: managementEndpoints(rules) },
    ],
    version,
    deps.config.publicUrl,
  );

  const { publicUrl, trustedProxies, mostRequests } = deps.config;
  const doors: Doors = { doorkeeper: createDoorkeeper(mostRequests), guesses: createGuessLimit(deps.store) };
  const app = express();
  app.set('trust proxy', trustedProxies);
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', (text: string) => parseQuery(text, '&', '=', { maxKeys: 0 }));
  app.use(correlate, answerHeaders(publicUrl), logRequests(deps), exceptForPatients(legible));
  app.use(homeRouter(version, deps.config));
  app.use(healthRouter(deps));
  app.use(referenceRouter(document));
  app.use('/codec', ...(codec ? [codec] : []), wrongCodecAddress(doors.guesses));
  app.use(answerOptions(app));
  app.use('/book', bookingRouter(deps, doors));
  app.use('/unsubscribe', unsubscribeRouter(deps, doors.guesses));
  app.use(doors.doorkeeper.admit);
  app.use('/partners', partnersRouter(deps, doors.guesses));
  app.use(managementRouter(deps, rules, doors.guesses));
  app.use('/fhir/r4', fhirRouter(deps, doors, version));
  app.use(mount(endpoints, deps, doors));
  app.use(noSuchRoute(app));
  app.use(['/fhir', '/partners/labs/:lab/fhir'], answerFhirErrors(deps));
  app.use(answerErrors(deps));
  return app;
}
