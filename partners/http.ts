/** The one way to call a partner over HTTP: how long it may take, how much of its answer is read, and what a failure means. */
import { retryAfterMs } from '../domain/retry-after.ts';
import { PartnerUnreachable } from './partner-unreachable.ts';

/** One call to a partner. */
export interface PartnerCall {
  /** What errors call it, such as `Lab labcorp`. */
  partner: string;
  method: 'GET' | 'POST' | 'PATCH';
  url: string;
  headers: Record<string, string>;
  body?: string;
  /** How long the call may take in all, in milliseconds. */
  timeoutMs: number;
  /** How long an answer can be, in bytes. No partner can fill our memory: what is longer is read no further. */
  longestAnswer: number;
  /** What an operator does about refused credentials, as errors say it. */
  credentials: string;
  /** Makes text of the answer's bytes; UTF-8 unless told. */
  decode?: (answer: Buffer) => string;
  /** Ends the call; its reason is thrown. */
  signal?: AbortSignal;
}

/** What a partner answered: 2xx, a redirect (none is followed), or a refusal of what was asked. */
export interface PartnerAnswer {
  status: number;
  body: string;
}

/** Statuses with which a partner says that it is the moment, and not the question, that is wrong. */
const isMomentary = (status: number) => status >= 500 || status === 408 || status === 429;

/**
 * Calls a partner, once.
 * @throws PartnerUnreachable for no connection, no answer in time, an answer too long to be one, and the statuses 401, 403,
 * 408, 429 and 5xx; the reason of `signal` when it is aborted
 */
export async function callPartner(call: PartnerCall): Promise<PartnerAnswer> {
  const { partner, method, url, headers, body, timeoutMs, signal } = call;
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method,
      headers,
      body: body ?? null,
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
    const answer = { status: response.status, body: await boundedText(response, call) };
    throwIfUnavailable(call, answer.status, response.headers.get('retry-after'));
    return answer;
  } catch (cause) {
    if (cause instanceof PartnerUnreachable) throw cause;
    signal?.throwIfAborted();
    if (deadline.aborted) {
      throw new PartnerUnreachable(partner, 'timeout', {
        what: `did not respond within ${timeoutMs} ms`,
        toDo: 'the call will be retried',
        cause,
      });
    }
    if (cause instanceof AnswerTooLong) {
      throw new PartnerUnreachable(partner, 'answer', {
        what: 'answered with more than can be an answer',
        toDo: 'ask the partner; the call will be retried',
        cause,
      });
    }
    throw new PartnerUnreachable(partner, 'connection', {
      what: `can't be reached (${networkCode(cause)})`,
      toDo: 'check that it is up and that the URL of its connection is right',
      cause,
    });
  }
}

function throwIfUnavailable({ partner, credentials }: PartnerCall, status: number, retryAfter: string | null): void {
  if (status === 401 || status === 403) {
    throw new PartnerUnreachable(partner, 'credentials', {
      what: `answered ${status}: it rejects the credentials of its connection`,
      toDo: credentials,
    });
  }
  if (!isMomentary(status)) return;
  throw new PartnerUnreachable(partner, 'unavailable', {
    what: `answered ${status}`,
    toDo: 'the call will be retried',
    retryAfterMs: retryAfterMs(retryAfter, Date.now()),
  });
}

/** The partner's answer is longer than any that means something. */
class AnswerTooLong extends Error {
  override name = 'AnswerTooLong';
}

async function boundedText(
  response: Response,
  { longestAnswer: most, decode = (answer) => new TextDecoder().decode(answer) }: PartnerCall,
): Promise<string> {
  if (response.body === null) return '';
  const parts: Uint8Array[] = [];
  let length = 0;
  // To leave the loop cancels the stream, and with it the connection.
  for await (const part of response.body) {
    length += part.byteLength;
    if (length > most) throw new AnswerTooLong(`The answer is longer than ${most} bytes`);
    parts.push(part);
  }
  return decode(Buffer.concat(parts));
}

/** The system's code for why `fetch` failed, from the cause of its `TypeError`. */
function networkCode(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } | null };
  return typeof cause?.code === 'string' ? cause.code : 'no connection';
}
