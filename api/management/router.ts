/** The Management API's own way in: an operator's key, and the team in the path. */
import express, { type RequestHandler, type Router } from 'express';
import { REQUEST_LIMITS } from '../../domain/limits.ts';
import { findTeam, managementKeyOf, ORGANISATION } from '../../store/access/teams.ts';
import type { ApiDeps } from '../deps.ts';
import type { GuessLimit } from '../http/doors/guess-limit.ts';
import { type Endpoint, nothing } from '../http/endpoint.ts';
import { ApiError } from '../http/errors.ts';
import { checkBytes } from '../http/request-checks.ts';
import { managementEndpoints } from './endpoints.ts';

/** Routes of the Management API. Errors are thrown, for the application's one handler to answer. */
export function managementRouter(deps: ApiDeps, rules: { allowPrivate: boolean }, guesses: GuessLimit): Router {
  const router = express.Router();
  const readJson = express.json({
    limit: REQUEST_LIMITS.management_body_bytes,
    verify: checkBytes,
    type: () => true,
    strict: false,
  });
  for (const endpoint of managementEndpoints(rules)) {
    router[endpoint.method](endpoint.path, identify(deps, endpoint, guesses), readJson, answer(deps, endpoint));
  }
  return router;
}

/** @throws ApiError `unauthorized` before anything else is looked at, then `not_found` when the path leads to no team */
function identify({ store }: ApiDeps, { path }: Endpoint, guesses: GuessLimit): RequestHandler {
  return async (request, response, next) => {
    response.locals.route = path;
    const key = request.get('x-management-key');
    if (!key) throw new ApiError('unauthorized', 'Send the management key in the header X-Management-Key.');
    const by = await managementKeyOf(store, key);
    if (!by) {
      await guesses.failed(request);
      throw new ApiError('unauthorized', 'This management key is not valid.');
    }
    const { org, team: id, environment } = request.params as Record<string, string>;
    const team = org === ORGANISATION && id ? await findTeam(store, id.toLowerCase()) : null;
    if (team?.environment !== environment) {
      throw new ApiError('not_found', `There is no team ${id} in ${environment} of organization ${org}.`);
    }
    response.locals.team = team;
    response.locals.by = by;
    response.locals.teamId = team?._id;
    next();
  };
}

function answer(deps: ApiDeps, endpoint: Endpoint): RequestHandler {
  return async ({ params, query, headers, body }, response) => {
    const { team, by, correlationId } = response.locals;
    const reply = await endpoint.run({ deps, team, by, params, query, headers, body, correlationId });
    if (endpoint.response === nothing) response.status(204).end();
    else response.json(reply);
  };
}
