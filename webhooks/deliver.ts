/** One attempt to hand a webhook to its receiver. */
import { Agent, request } from 'undici';
import { retryAfterMs } from '../domain/retry-after.ts';
import { DestinationRefused, guardedLookup, refusalOfUrl } from './destination.ts';
import { signatureHeaders } from './signature.ts';

/** What is sent, and where. */
export interface Outgoing {
  url: string;
  messageId: string;
  /** Sent byte for byte as it is (E3). */
  body: string;
  /** Every secret that is valid now. */
  secrets: readonly string[];
  /** The endpoint's own headers. */
  headers: Record<string, string>;
}

/** How an attempt ended. */
export interface AttemptOutcome {
  at: Date;
  delivered: boolean;
  /** Null when there was no answer. */
  statusCode: number | null;
  /** A code, when there was no answer: `timeout`, `refused`, `ECONNREFUSED` …; never what the receiver said. */
  error: string | null;
  durationMs: number;
  /** For how long the receiver asked to be left alone, in milliseconds; null when it did not. */
  retryAfterMs: number | null;
}

/** Sends webhooks over connections that are kept open from one to the next. */
export interface Deliverer {
  /** Makes one attempt; never throws. Aborting it counts as no answer. */
  deliver(outgoing: Outgoing, abort?: AbortSignal): Promise<AttemptOutcome>;
  close(): Promise<void>;
}

/** Headers that an endpoint cannot set: those that make the request what it is. */
const RESERVED_HEADER =
  /^(svix|webhook|content|proxy)-|^(host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|user-agent)$/i;

/** Whether an endpoint may send a header of this name with its webhooks. */
export function isAllowedHeader(name: string): boolean {
  return /^[!#$%&'*+.^_`|~\w-]+$/.test(name) && !RESERVED_HEADER.test(name);
}

/** How much of an answer is read; a connection on which more is coming is closed. */
const ANSWER_BYTES = 4096;

interface Answer {
  statusCode: number;
  retryAfterMs: number | null;
}

/**
 * @param timeoutMs for the whole attempt: finding the address, connecting, sending, and the answer's head and body
 */
export function createDeliverer(options: { allowPrivate: boolean; timeoutMs: number }): Deliverer {
  const { allowPrivate, timeoutMs } = options;
  const agent = new Agent({
    pipelining: 1,
    connect: { lookup: guardedLookup({ allowPrivate }), timeout: timeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });

  async function post(outgoing: Outgoing, at: Date, signal: AbortSignal): Promise<Answer> {
    const refusal = refusalOfUrl(outgoing.url, { allowPrivate });
    if (refusal) throw new DestinationRefused(refusal);
    const { statusCode, headers, body } = await request(outgoing.url, {
      method: 'POST',
      dispatcher: agent,
      signal,
      headers: {
        ...outgoing.headers,
        'content-type': 'application/json',
        'user-agent': 'Venule-Webhooks/1',
        ...signatureHeaders(outgoing.messageId, at, outgoing.body, outgoing.secrets),
      },
      body: outgoing.body,
    });
    await body.dump({ limit: ANSWER_BYTES, signal }).catch(() => undefined);
    return { statusCode, retryAfterMs: retryAfterMs([headers['retry-after']].flat()[0] ?? null, at.getTime()) };
  }

  return {
    async deliver(outgoing, abort) {
      const at = new Date();
      const started = performance.now();
      const outcome = (answer: Answer | null, error: string | null): AttemptOutcome => ({
        at,
        delivered: answer !== null && answer.statusCode >= 200 && answer.statusCode < 300,
        statusCode: answer?.statusCode ?? null,
        retryAfterMs: answer?.retryAfterMs ?? null,
        error,
        durationMs: Math.round(performance.now() - started),
      });
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        return outcome(await post(outgoing, at, abort ? AbortSignal.any([timeout, abort]) : timeout), null);
      } catch (error) {
        return outcome(null, timeout.aborted ? 'timeout' : codeOf(error));
      }
    },
    close: () => agent.destroy(),
  };
}

function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: string };
  return typeof code === 'string' ? code : (name ?? 'unknown');
}
