/** Sends SMS, and says whether trying again can help. */
import twilio from 'twilio';

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

/** An account at Twilio. */
export interface TwilioAccount {
  accountSid: string;
  authToken: string;
  /** A number (`+1…`) or a messaging service (`MG…`). */
  from: string;
  /** How long one call may take, in milliseconds. */
  timeoutMs: number;
  /** Where Twilio is, if not where it always is. */
  url?: string;
}

const OPTED_OUT = 21610;
/** Twilio's codes for what is wrong with the recipient or the text: https://www.twilio.com/docs/api/errors */
const HOPELESS = [21211, 21214, 21217, 21219, 21408, 21602, 21612, 21614, 21617, 21635, OPTED_OUT];

/** SMS through Twilio. It has no memory for `reference`: a message sent twice arrives twice. */
export function twilioSms({ accountSid, authToken, from, timeoutMs, url }: TwilioAccount): SmsSender {
  const client = twilio(accountSid, authToken, { httpClient: new TwilioConnection({ timeout: timeoutMs }, url) });
  const sender = from.startsWith('MG') ? { messagingServiceSid: from } : { from };
  return {
    async send({ to, text }) {
      const number = dialed(to);
      if (number === null) throw new SmsRefused(null);
      try {
        await client.messages.create({ ...sender, to: number, body: text });
      } catch (error) {
        throw failureOf(error as { status?: number; code?: number | string });
      }
    },
  };
}

/** How long an answer of Twilio may be, in bytes; what it says of one message has some hundred. */
const LONGEST_ANSWER = 256 * 1024;

/** Twilio's own client, which can be pointed elsewhere, and reads no more than an answer. */
class TwilioConnection extends twilio.RequestClient {
  readonly #url: string | undefined;

  constructor(options: { timeout: number }, url: string | undefined) {
    super(options);
    this.axios.defaults.maxContentLength = LONGEST_ANSWER;
    this.#url = url;
  }

  override request<Body>(options: Parameters<twilio.RequestClient['request']>[0] & { data?: Body }) {
    const uri = this.#url ? options.uri.replace('https://api.twilio.com', this.#url) : options.uri;
    return super.request({ ...options, uri });
  }
}

/** Final is only what is said about the recipient or the text; a wrong password is the operator's to mend. */
function failureOf({ status, code }: { status?: number; code?: number | string }): SmsRefused | SmsDelayed {
  const known = typeof code === 'number' ? code : null;
  if (known !== null && HOPELESS.includes(known)) return new SmsRefused(known, { optedOut: known === OPTED_OUT });
  return new SmsDelayed(known ?? status ?? null);
}
