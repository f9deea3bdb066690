/** Endpoints become routes: key, body, validation, answer; and one place turns errors into answers. */
import { randomUUID } from 'node:crypto';
import express, {
  type ErrorRequestHandler,
  type Express,
  type RequestHandler,
  type Response,
  type Router,
} from 'express';
import { REQUEST_LIMITS } from '../../domain/limits.ts';
import type { ApiDeps, Doors } from '../deps.ts';
import { allowedMethods } from './allowed-methods.ts';
import { authenticator } from './doors/authentication.ts';
import { type Endpoint, file, nothing, pdf, type SentFile } from './endpoint.ts';
import { ApiError, asApiError, ERRORS, errorEnvelope, loggable, ReplayedRefusal } from './errors.ts';
import { checkBytes } from './request-checks.ts';

const CORRELATION_HEADER = 'x-request-id';

/** Gives every request an id, its own if it brought one, which the answer and the log carry. */
export const correlate: RequestHandler = (request, response, next) => {
  const brought = request.get(CORRELATION_HEADER);
  response.locals.correlationId = brought && /^[\w.:-]{1,64}$/.test(brought) ? brought : randomUUID();
  response.set(CORRELATION_HEADER, response.locals.correlationId);
  next();
};

/** One line for each request that was answered: what, how, how long; never what was said. */
export function logRequests({ logger }: Pick<ApiDeps, 'logger'>): RequestHandler {
  return (request, response, next) => {
    const began = performance.now();
    response.on('finish', () => {
      logger.info(
        {
          method: request.method,
          route: response.locals.route,
          status: response.statusCode,
          team_id: response.locals.teamId,
          correlation_id: response.locals.correlationId,
          ms: Math.round(performance.now() - began),
        },
        'request',
      );
    });
    next();
  };
}

/** Callers leave a field out or set it to null: both are read as absent (contract §1). */
const readJson = express.json({
  limit: REQUEST_LIMITS.body_bytes,
  verify: checkBytes,
  type: () => true,
  reviver: (_key: string, value: unknown) => (value === null ? undefined : value),
});

/** Lets teams in by their API keys, each as often as it may be there at once; `response.locals` then has team and caller. */
export function admitTeams({ store }: Pick<ApiDeps, 'store'>, { doorkeeper, guesses }: Doors): RequestHandler {
  const teamOf = authenticator(store, guesses);
  return async (request, response, next) => {
    const { team, by } = await teamOf(request);
    doorkeeper.admitTeam(team._id, response);
    Object.assign(response.locals, { team, by });
    response.locals.teamId = team._id;
    next();
  };
}

/** Routes for all endpoints; where two paths match, the one that was listed first answers. */
export function mount(endpoints: readonly Endpoint[], deps: ApiDeps, doors: Doors): Router {
  const router = express.Router();
  const authenticate = admitTeams(deps, doors);
  for (const endpoint of endpoints) {
    const name: RequestHandler = (_request, response, next) => {
      response.locals.route = endpoint.path;
      next();
    };
    const parse = endpoint.body ? [readJson] : [];
    router[endpoint.method](endpoint.path, name, authenticate, ...parse, answer(endpoint, deps));
  }
  return router;
}

function answer(endpoint: Endpoint, deps: ApiDeps): RequestHandler {
  return async (request, response) => {
    const { team, by, correlationId } = response.locals;
    const { params, query, headers, body } = request;
    const reply = await endpoint.run({ deps, team, by, params, query, headers, body, correlationId });
    if (endpoint.response === nothing) response.status(204).end();
    else if (endpoint.response === pdf || Buffer.isBuffer(reply)) response.type('application/pdf').send(reply);
    else if (endpoint.response === file) sendFile(response, reply as SentFile);
    else response.json(reply);
  };
}

/** A browser runs nothing of it, guesses nothing about it, and keeps what it may not show. */
function sendFile(response: Response, { content, media_type, filename, isShown }: SentFile): void {
  response.set('content-disposition', `${isShown ? 'inline' : 'attachment'}; filename="${filename}"`);
  if (!isShown) response.set('content-security-policy', "default-src 'none'; sandbox");
  response.type(media_type).send(content);
}

/** Addresses that cannot be decoded would be read with signs put in for what is wrong: they are refused (contract §1). */
export const legible: RequestHandler = (request, _response, next) => {
  const isPlain = /^[\x21-\x7e]*$/.test(request.url);
  if (!isPlain || !isDecodable(request.url)) {
    throw new ApiError('malformed_request', 'The URL must be percent-encoded UTF-8.');
  }
  next();
};

function isDecodable(url: string): boolean {
  try {
    return decodeURIComponent(url) !== undefined;
  } catch {
    return false;
  }
}

/** What no route takes: another method would do, or there is nothing there. */
export function noSuchRoute(app: Express): RequestHandler {
  return (request, response) => {
    const allowed = allowedMethods(app, request.path);
    if (allowed.length === 0) throw new ApiError('not_found', `There is no ${request.method} ${request.path}.`);
    response.set('allow', allowed.join(', '));
    throw new ApiError('method_not_allowed', `${request.path} takes ${allowed.join(', ')} only.`);
  };
}

/** `OPTIONS` of an address that exists: which methods it takes. */
export function answerOptions(app: Express): RequestHandler {
  return (request, response, next) => {
    if (request.method !== 'OPTIONS') return next();
    const allowed = allowedMethods(app, request.path);
    if (allowed.length === 0) throw new ApiError('not_found', `There is no ${request.path}.`);
    response.set('allow', allowed.join(', ')).status(204).end();
  };
}

/** Answers with our envelope. */
function sendEnvelope(response: Response, refusal: ApiError): void {
  response.status(ERRORS[refusal.code].status).json(errorEnvelope(refusal, response.locals.correlationId));
}

/**
 * The one place where an error becomes an answer.
 * @param send How it is written; as our envelope unless given.
 */
export function answerErrors({ logger }: Pick<ApiDeps, 'logger'>, send = sendEnvelope): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) return next(error);
    if (error instanceof ReplayedRefusal) {
      response.status(error.status).json(error.body);
      return;
    }
    const refusal = asApiError(error);
    const { correlationId, route } = response.locals;
    if (refusal.code === 'internal_error' || refusal.code === 'unavailable') {
      const frames = (error as Error).stack?.split('\n').filter((line) => line.startsWith('    at '));
      logger.error({ correlation_id: correlationId, route, ...loggable(error), frames }, refusal.code);
    }
    if (refusal.retryAfter !== undefined) response.set('retry-after', String(refusal.retryAfter));
    send(response, refusal);
  };
}
