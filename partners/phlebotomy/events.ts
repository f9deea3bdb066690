/** What a provider tells us of its own accord: proven to be the provider's, read, and nothing more. */
import type { IncomingHttpHeaders } from 'node:http';
import { Webhook } from 'standardwebhooks';
import type { AppointmentReport } from '../../domain/appointments/appointment.ts';
import { EventBody } from './wire.ts';

/** An event of `POST /partners/phlebotomy/{provider}/events`. */
export interface PhlebotomyEvent {
  /** `webhook-id`: the same again is the same event. */
  event_id: string;
  /** Ours, from the booking. */
  reference: string;
  report: AppointmentReport;
}

/** The signature is missing, wrong or too old: nobody knows who sent this. To be answered 401, and not stored. */
export class ForgedEvent extends Error {
  constructor(cause: unknown) {
    super('The event is not signed with this provider’s secret', { cause });
    this.name = 'ForgedEvent';
  }
}

/** The provider's own, and not an event as docs/phlebotomy.md has it. To be kept, and answered 400. */
export class UnreadableEvent extends Error {
  /** Paths of what is wrong, without what stands there. */
  readonly fields: string[];

  constructor(fields: string[]) {
    super(`The event cannot be read: ${fields.join(', ') || 'it is not JSON'}. See docs/phlebotomy.md`);
    this.name = 'UnreadableEvent';
    this.fields = fields;
  }
}

/**
 * The event in a request.
 * @param rawBody as it came, byte for byte: what was signed.
 * @param secrets of the provider, `whsec_…`; two while one is being replaced.
 * @throws {ForgedEvent} unless one of the secrets signed it in the last five minutes.
 * @throws {UnreadableEvent} when it says nothing that can be understood.
 */
export function readPhlebotomyEvent(
  headers: IncomingHttpHeaders,
  rawBody: string | Buffer,
  secrets: readonly string[],
): PhlebotomyEvent {
  verify(headers, rawBody, secrets);
  const body = EventBody.safeParse(json(rawBody.toString()));
  if (!body.success) throw new UnreadableEvent(body.error.issues.map(({ path }) => path.join('.')));
  const { appointment, occurred_at, data } = body.data;
  return {
    event_id: String(headers['webhook-id']),
    // Ours is a UUID, which a provider may write in capitals.
    reference: appointment.reference.toLowerCase(),
    report: {
      status: appointment.status,
      start_at: appointment.start,
      end_at: appointment.end,
      time_zone: appointment.time_zone,
      external_id: appointment.number,
      provider_appointment_id: appointment.id,
      site_code: appointment.location_code,
      occurred_at,
      data,
    },
  };
}

function verify(headers: IncomingHttpHeaders, rawBody: string | Buffer, secrets: readonly string[]): void {
  const given = Object.fromEntries(
    ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [name, String(headers[name] ?? '')]),
  );
  let refusal: unknown;
  for (const secret of secrets) {
    try {
      new Webhook(secret).verify(rawBody, given, { jsonParse: false });
      return;
    } catch (error) {
      refusal = error;
    }
  }
  throw new ForgedEvent(refusal);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
