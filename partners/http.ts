/** The one way to call a partner over HTTP: how long it may take, how much of its answer is read, and what a failure means. */
import { retryAfterMs } from '../domain/retry-after.ts';
import { BoundedBody, type Excess } from './bounded-body.ts';
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
  /**
   * Is waited for before more of an answer is read than so many bytes, each time that more has come.
   * @param signal Aborted when the call is over.
   */
  makeRoom?: (bytes: number, signal: AbortSignal) => Promise<void>;
  /** Ends the call; its reason is thrown. */
  signal?: AbortSignal;
}

/** What a partner answered: 2xx, a redirect (none is followed), or a refusal of what was asked. */
export interface PartnerAnswer<Body = string> {
  status: number;
  body: Body;
}

/** Statuses with which a partner says that it is the moment, and not the question, that is wrong. */
const isMomentary = (status: number) => status >= 500 || status === 408 || status === 429;

/**
 * Calls a partner, once; what it answers is text in UTF-8.
 * @throws PartnerUnreachable for no connection, no answer in time, an answer too long to be one, and the statuses 401, 403,
 * 408, 429 and 5xx; the reason of `signal` when it is aborted
 */
export async function callPartner(call: PartnerCall): Promise<PartnerAnswer> {
  const { status, body } = await callPartnerForBytes(call);
  if (Buffer.isBuffer(body)) return { status, body: new TextDecoder().decode(body) };
  throw new PartnerUnreachable(call.partner, 'answer', {
    what: 'answered with more than can be an answer',
    toDo: 'ask the partner; the call will be retried',
  });
}

/**
 * The same, with the bytes of the answer; of one that is too long only its beginning, and no more of it is read.
 * @throws as `callPartner`, except for the answer that is too long
 */
export async function callPartnerForBytes(call: PartnerCall): Promise<PartnerAnswer<Buffer | Excess>> {
  const { partner, method, url, headers, body, timeoutMs, signal } = call;
  const deadline = AbortSignal.timeout(timeoutMs);
  const over = signal ? AbortSignal.any([signal, deadline]) : deadline;
  try {
    const response = await fetch(url, { method, headers, body: body ?? null, redirect: 'manual', signal: over });
    const answer = { status: response.status, body: await boundedBody(response, call, over) };
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

async function boundedBody(
  response: Response,
  { longestAnswer: most, makeRoom }: PartnerCall,
  over: AbortSignal,
): Promise<Buffer | Excess> {
  const body = new BoundedBody(most);
  // To leave the loop cancels the stream, and with it the connection.
  for await (const part of response.body ?? []) {
    const room = most + 1 - body.length;
    body.add(Buffer.from(part.buffer, part.byteOffset, Math.min(part.byteLength, room)));
    if (body.length > most) break;
    await makeRoom?.(body.length, over);
  }
  return body.take();
}

/** The system's code for why `fetch` failed, from the cause of its `TypeError`. */
function networkCode(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } | null };
  return typeof cause?.code === 'string' ? cause.code : 'no connection';
}
