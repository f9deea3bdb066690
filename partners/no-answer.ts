/** How `fetch` fails, how much of an answer is read, and what a partner asks of us when it is busy: the same for every wire over HTTP. */

/** Failures of `fetch` that come before the first byte of the message leaves. */
const BEFORE_SENDING = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Whether the partner may have received the message although `fetch` failed with that code. */
export const mayHaveArrived = (code: string) => !BEFORE_SENDING.has(code);

/** The system's code for why `fetch` failed, from the cause of its `TypeError`. */
export function networkCode(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } | null };
  return typeof cause?.code === 'string' ? cause.code : 'no connection';
}

/** `Retry-After`, seconds or an HTTP date, in milliseconds from `now`; null when absent or unreadable. */
export function waitOf(retryAfter: string | null, now: number): number | null {
  if (retryAfter === null) return null;
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const instant = Date.parse(retryAfter);
  return Number.isNaN(instant) ? null : Math.max(0, instant - now);
}

/** The partner's answer is longer than any that means something; the rest of it was not read. */
export class AnswerTooLong extends Error {
  override name = 'AnswerTooLong';
}

/**
 * The text of an answer. No partner can fill our memory: what is longer than `most` bytes is read no further.
 * @throws AnswerTooLong
 */
export async function boundedText(response: Response, most: number): Promise<string> {
  if (response.body === null) return '';
  const parts: Uint8Array[] = [];
  let length = 0;
  // To leave the loop cancels the stream, and with it the connection.
  for await (const part of response.body) {
    length += part.byteLength;
    if (length > most) throw new AnswerTooLong(`The answer is longer than ${most} bytes`);
    parts.push(part);
  }
  return new TextDecoder().decode(Buffer.concat(parts));
}
