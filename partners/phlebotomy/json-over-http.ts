/** The adapter for providers that speak docs/phlebotomy.md. */
import type { z } from 'zod';
import { callPartner } from '../http.ts';
import { PartnerUnreachable } from '../partner-unreachable.ts';
import {
  BookingRefused,
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

/** JSON over HTTP with that provider; `provider` is what errors call it. */
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
  const { provider, method, path, body, idempotency_key } = request;
  const partner = `Phlebotomy provider ${provider}`;
  const answer = await callPartner({
    partner,
    method,
    url: `${at.url.replace(/\/+$/, '')}${path}`,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${at.key}`,
      ...(body && { 'content-type': 'application/json' }),
      ...(idempotency_key && { 'idempotency-key': idempotency_key }),
    },
    ...(body && { body: JSON.stringify(body) }),
    timeoutMs: at.timeoutMs,
    longestAnswer: LONGEST_ANSWER,
    credentials: 'set the key that the provider gave you',
    signal,
  });
  const { status } = answer;
  if (status < 200 || status > 299) throw refusal(provider, partner, status, answer.body);
  const read = request.answer.safeParse(json(answer.body));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new PartnerUnreachable(partner, 'answer', {
    what: `answered ${status} with something that cannot be right (${issue?.path.join('.') || 'body'})`,
    toDo: 'ask the provider; the call will be retried',
    cause: read.error,
  });
}

/** What a status means that is no success and none that passes. */
function refusal(provider: string, partner: string, status: number, body: string): BookingRefused | PartnerUnreachable {
  const refused = RefusalAnswer.safeParse(json(body));
  if (status >= 400 && refused.success) {
    const { error, message } = refused.data;
    const code: RefusalCode = REFUSAL_CODES.find((known) => known === error) ?? 'invalid_request';
    return new BookingRefused(provider, code, message || `The provider refused: ${error}`);
  }
  return new PartnerUnreachable(partner, 'configuration', {
    what: `answered ${status} without saying why`,
    toDo: 'check the URL of its connection',
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
