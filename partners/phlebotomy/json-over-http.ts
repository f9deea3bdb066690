/** The adapter for companies that speak docs/phlebotomy.md. */
import type { z } from 'zod';
import { AnswerTooLong, boundedText, mayHaveArrived, networkCode, waitOf } from '../no-answer.ts';
import {
  BookingRefused,
  type PartnerFault,
  PartnerUnreachable,
  type PhlebotomyAdapter,
  type PhlebotomyEndpoint,
  REFUSAL_CODES,
  type RefusalCode,
  type VisitRequest,
} from './phlebotomy-adapter.ts';
import {
  AppointmentAnswer,
  AvailabilityAnswer,
  CoverageAnswer,
  LocationsAnswer,
  NearLocationsAnswer,
  RefusalAnswer,
  wireAddress,
} from './wire.ts';

interface Call<Answer> {
  provider: string;
  method: 'GET' | 'POST' | 'PATCH';
  path: string;
  body?: object;
  /** Given with every call that changes something, and with no other. */
  idempotency_key?: string;
  answer: z.ZodType<Answer>;
}

/** How long an answer may be, in bytes: two weeks of slots at a hundred places fit. */
export const LONGEST_ANSWER = 8 * 1024 * 1024;

/** JSON over HTTP with that company; `provider` is what errors call it. */
export function jsonOverHttp(provider: string): PhlebotomyAdapter {
  return {
    coverage: (zip, at, signal) =>
      call({ provider, method: 'GET', path: `/v1/coverage?${query({ zip })}`, answer: CoverageAnswer }, at, signal),

    locations: ({ zip, radius_miles }, at, signal) => {
      const path = `/v1/locations?${query({ zip, radius_miles: String(radius_miles) })}`;
      return call({ provider, method: 'GET', path, answer: NearLocationsAnswer }, at, signal);
    },

    locationsByCode: (codes, at, signal) => {
      const path = `/v1/locations?${query({ codes: codes.join(',') })}`;
      return call({ provider, method: 'GET', path, answer: LocationsAnswer }, at, signal);
    },

    availability: ({ start_date, days, ...place }, at, signal) => {
      const where = 'address' in place ? { address: wireAddress(place.address) } : place;
      const body = { ...where, start_date, days };
      return call({ provider, method: 'POST', path: '/v1/availability', body, answer: AvailabilityAnswer }, at, signal);
    },

    book: ({ booking_key, ...visit }, at, signal) => {
      const body = { ...visitBody(visit), booking_key };
      const idempotency_key = visit.reference;
      return call(
        { provider, method: 'POST', path: '/v1/appointments', body, idempotency_key, answer: AppointmentAnswer },
        at,
        signal,
      );
    },

    request: (visit, at, signal) => {
      const path = '/v1/appointment-requests';
      const body = visitBody(visit);
      const idempotency_key = visit.reference;
      return call({ provider, method: 'POST', path, body, idempotency_key, answer: AppointmentAnswer }, at, signal);
    },

    async findByReference(reference, at, signal) {
      const path = `/v1/appointments?${query({ reference })}`;
      try {
        return await call({ provider, method: 'GET', path, answer: AppointmentAnswer }, at, signal);
      } catch (error) {
        if (error instanceof BookingRefused && error.code === 'not_found') return null;
        throw error;
      }
    },

    reschedule: ({ appointment_id, idempotency_key, ...body }, at, signal) => {
      const path = `/v1/appointments/${encodeURIComponent(appointment_id)}`;
      return call({ provider, method: 'PATCH', path, body, idempotency_key, answer: AppointmentAnswer }, at, signal);
    },

    cancel: ({ appointment_id, idempotency_key, ...body }, at, signal) => {
      const path = `/v1/appointments/${encodeURIComponent(appointment_id)}/cancel`;
      return call({ provider, method: 'POST', path, body, idempotency_key, answer: AppointmentAnswer }, at, signal);
    },
  };
}

const query = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString();

function visitBody({ address, ...visit }: VisitRequest): object {
  return { ...visit, ...(address && { address: wireAddress(address) }) };
}

async function call<Answer>(request: Call<Answer>, at: PhlebotomyEndpoint, signal: AbortSignal): Promise<Answer> {
  const { status, retryAfterMs, body } = await send(request, at, signal);
  if (status < 200 || status > 299) throw refusal(request, status, retryAfterMs, body);
  const answer = request.answer.safeParse(json(body));
  if (answer.success) return answer.data;
  const [issue] = answer.error.issues;
  throw unreachable(request, 'answer', {
    what: `answered ${status} with something that cannot be right (${issue?.path.join('.') || 'body'})`,
    toDo: 'ask the provider; the call will be retried',
    mayHaveHappened: true,
    cause: answer.error,
  });
}

async function send(request: Call<unknown>, at: PhlebotomyEndpoint, signal: AbortSignal) {
  const { method, path, body, idempotency_key } = request;
  const deadline = AbortSignal.timeout(at.timeoutMs);
  try {
    const response = await fetch(`${at.url.replace(/\/+$/, '')}${path}`, {
      method,
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${at.key}`,
        ...(body && { 'content-type': 'application/json' }),
        ...(idempotency_key && { 'idempotency-key': idempotency_key }),
      },
      body: body ? JSON.stringify(body) : null,
      redirect: 'manual',
      signal: AbortSignal.any([signal, deadline]),
    });
    const retryAfterMs = waitOf(response.headers.get('retry-after'), Date.now());
    return { status: response.status, retryAfterMs, body: await boundedText(response, LONGEST_ANSWER) };
  } catch (cause) {
    signal.throwIfAborted();
    if (deadline.aborted) {
      throw unreachable(request, 'timeout', {
        what: `did not respond within ${at.timeoutMs} ms`,
        toDo: 'the call will be retried',
        mayHaveHappened: true,
        cause,
      });
    }
    if (cause instanceof AnswerTooLong) {
      throw unreachable(request, 'answer', {
        what: 'answered with more than can be an answer',
        toDo: 'ask the company; the call will be made again',
        mayHaveHappened: true,
        cause,
      });
    }
    const code = networkCode(cause);
    throw unreachable(request, 'connection', {
      what: `can't be reached (${code})`,
      toDo: 'check that the provider is up and that the URL of its connection is right',
      mayHaveHappened: mayHaveArrived(code),
      cause,
    });
  }
}

/** What a status other than 2xx means. */
function refusal(
  request: Call<unknown>,
  status: number,
  retryAfterMs: number | null,
  body: string,
): BookingRefused | PartnerUnreachable {
  if (status === 401 || status === 403) {
    return unreachable(request, 'credentials', {
      what: `answered ${status}: it rejects the key of its connection`,
      toDo: 'set the key that the provider gave you',
      mayHaveHappened: false,
    });
  }
  if (status >= 500 || status === 408 || status === 429) {
    return unreachable(request, 'unavailable', {
      what: `answered ${status}`,
      toDo: 'the call will be retried',
      mayHaveHappened: status !== 429,
      retryAfterMs,
    });
  }
  const refused = RefusalAnswer.safeParse(json(body));
  if (status >= 400 && refused.success) {
    const { error, message } = refused.data;
    const code: RefusalCode = REFUSAL_CODES.find((known) => known === error) ?? 'invalid_request';
    return new BookingRefused(request.provider, code, message || `The provider refused: ${error}`);
  }
  return unreachable(request, 'configuration', {
    what: `answered ${status} without saying why`,
    toDo: 'check the URL of its connection',
    mayHaveHappened: false,
  });
}

function unreachable(
  { provider, method }: Call<unknown>,
  fault: PartnerFault,
  how: { what: string; toDo: string; mayHaveHappened: boolean; retryAfterMs?: number | null; cause?: unknown },
): PartnerUnreachable {
  return new PartnerUnreachable(`Phlebotomy provider ${provider} ${how.what}; ${how.toDo}`, {
    provider,
    fault,
    mayHaveHappened: how.mayHaveHappened && method !== 'GET',
    retryAfterMs: how.retryAfterMs ?? null,
    cause: how.cause,
  });
}

/** The text as JSON; undefined when it is none. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
