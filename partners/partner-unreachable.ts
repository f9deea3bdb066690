/** The one error for a partner that gave no decision, whatever is spoken with it and over what. */

/**
 * What kept the partner's decision from us: no connection, no answer in time, a failure of the partner, credentials or an
 * address or a format to be put right by an operator, or an answer that isn't one to our message.
 */
export type PartnerFault = 'connection' | 'timeout' | 'unavailable' | 'credentials' | 'configuration' | 'answer';

/**
 * No decision was had from the partner, which may still have done what it was asked. Always worth another try; `message`
 * says what to do meanwhile.
 */
export class PartnerUnreachable extends Error {
  /** What errors call it, such as `Lab labcorp`. */
  readonly partner: string;
  readonly fault: PartnerFault;
  /** How long the partner asked us to wait (`Retry-After`), in milliseconds; null when it didn't. */
  readonly retryAfterMs: number | null;

  /** @param details What happened and what to do, as the message says it. */
  constructor(
    partner: string,
    fault: PartnerFault,
    details: { what: string; toDo: string; retryAfterMs?: number | null; cause?: unknown },
  ) {
    super(`${partner} ${details.what}; ${details.toDo}`, { cause: details.cause });
    this.name = 'PartnerUnreachable';
    this.partner = partner;
    this.fault = fault;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}
