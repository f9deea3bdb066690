/** SMS through Twilio. Loaded only where an account is given: the package takes several megabytes of memory. */
import twilio from 'twilio';
import { dialed, SmsDelayed, SmsRefused, type SmsSender } from './sms.ts';

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
