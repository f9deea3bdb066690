/** Sending SMS, and whether trying again can help. */

/** A finished SMS. */
export interface OutgoingSms {
  /** As the patient wrote it; a number without a country is one of the United States. */
  to: string;
  text: string;
  /** What identifies the message however often it is sent (F10), where the way it goes can tell. */
  reference: string;
}

export interface SmsSender {
  /**
   * Hands the message over.
   * @throws {SmsRefused} on a permanent failure.
   * @throws {SmsDelayed} on any other.
   */
  send(sms: OutgoingSms): Promise<void>;
}

/** This message will never be delivered. Do not try again. Names no number, so that it can be logged. */
export class SmsRefused extends Error {
  /** The carrier's own code; null when the message was not offered. */
  readonly code: number | null;
  /** Whether the patient asked for no more messages. */
  readonly optedOut: boolean;

  constructor(code: number | null, { optedOut = false } = {}) {
    super(
      optedOut
        ? `The patient asked for no more SMS (${code}).`
        : `No SMS can be sent to the patient's number (${code ?? 'it cannot be dialed'}). Correct it.`,
    );
    this.name = 'SmsRefused';
    this.code = code;
    this.optedOut = optedOut;
  }
}

/** The message could not be handed over now; trying again may help. Names no number, so that it can be logged. */
export class SmsDelayed extends Error {
  /** The carrier's own code, or the HTTP status; null when no answer came. */
  readonly code: number | null;

  constructor(code: number | null) {
    super(
      code === null
        ? 'The SMS service could not be reached. Check the connection to it.'
        : `The SMS service did not take the message now (${code}). Check its account if this stays so.`,
    );
    this.name = 'SmsDelayed';
    this.code = code;
  }
}

/** The number as `+16025550123`; null when it cannot be dialed. */
export function dialed(number: string): string | null {
  const digits = number.replace(/\D/g, '');
  if (number.trim().startsWith('+')) return /^\d{8,15}$/.test(digits) ? `+${digits}` : null;
  if (/^1?\d{10}$/.test(digits)) return `+1${digits.slice(-10)}`;
  return null;
}
