/** `/fhir/r4`: orders, results, and appointments as FHIR R4 has them, to be read (docs/fhir.md). */
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { Doors } from '../deps.ts';
import { admitTeams } from '../http/mount.ts';
import { capabilityStatement } from './capability-statement.ts';
import { FHIR_JSON, FhirRefusal } from './refusal.ts';
import { baseOf, read, search } from './search.ts';
import { RESOURCE_TYPES } from './search-parameters.ts';
import { readFormat, readSearch } from './search-request.ts';
import type { FhirDeps } from './served.ts';

/** Bytes of a search that is posted. */
const FORM_BYTES = 64 * 1024;
const FORM = 'application/x-www-form-urlencoded';

/** To be mounted under `/fhir/r4`; errors are thrown, for `answerFhirErrors`. */
export function fhirRouter(deps: FhirDeps, doors: Doors, version: string): Router {
  const router = express.Router();
  const base = baseOf(deps);
  const admitted = admitTeams(deps, doors);
  const form = express.urlencoded({ extended: false, limit: FORM_BYTES, parameterLimit: 1_000 });

  router.get('/metadata', named('/fhir/r4/metadata'), asJson, (_request, response) => {
    send(response, JSON.stringify(capabilityStatement(base, version)));
  });

  for (const type of RESOURCE_TYPES) {
    const find = async (request: Request, response: Response, sent: Record<string, unknown>) => {
      const isLenient = /(^|[;,\s])handling=lenient\b/.test(request.get('prefer') ?? '');
      const asked = readSearch(type, sent, base, isLenient);
      send(response, await search(deps, response.locals.team, asked));
    };
    router.get(`/${type}`, named(`/fhir/r4/${type}`), admitted, asJson, (request, response) =>
      find(request, response, request.query),
    );
    router.post(`/${type}/_search`, named(`/fhir/r4/${type}/_search`), admitted, asJson, form, (request, response) => {
      if (request.body === undefined && request.get('content-length') !== '0' && !request.is(FORM)) {
        throw new FhirRefusal(415, [{ code: 'not-supported', text: `Send the search as ${FORM}` }]);
      }
      return find(request, response, { ...request.query, ...request.body });
    });
    router.get(`/${type}/:id`, named(`/fhir/r4/${type}/:id`), admitted, asJson, async (request, response) => {
      const id = String(request.params.id);
      const resource = await read(deps, response.locals.team, type, id);
      if (!resource) throw new FhirRefusal(404, [{ code: 'not-found', text: `There is no ${type} ${id}` }]);
      response.set('last-modified', new Date(resource.meta?.lastUpdated ?? '').toUTCString());
      send(response, JSON.stringify(resource));
    });
  }
  return router;
}

const send = (response: Response, json: string) => void response.type(FHIR_JSON).send(json);

/** For the log, which has no ids. */
const named =
  (route: string): RequestHandler =>
  (_request, response, next) => {
    response.locals.route = route;
    next();
  };

/** Whoever asks for XML is told that there is none; `_format` counts before `Accept`. */
const asJson: RequestHandler = (request, _response, next) => {
  const { _format } = request.query;
  if (_format !== undefined) readFormat(String(_format));
  else if (!request.accepts([FHIR_JSON, 'json'])) readFormat('');
  next();
};
