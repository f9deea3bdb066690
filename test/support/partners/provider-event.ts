/** Events as phlebotomy providers send them: docs/phlebotomy.md, "Events". */
import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

/** That a visit was completed just now, unless `changes` says otherwise. @param changes Of the appointment. */
export function providerEvent(reference: string, changes: object = {}): string {
  return JSON.stringify({
    type: 'appointment.updated',
    appointment: {
      id: 'gl_1',
      reference,
      status: 'completed',
      start: '2026-12-01T16:00:00Z',
      end: '2026-12-01T17:00:00Z',
      timezone: 'America/Phoenix',
      number: 'GL-001',
      access_notes: null,
      appointment_notes: null,
      ...changes,
    },
    occurred_at: new Date().toISOString(),
    data: { origin: 'provider' },
  });
}

/** The headers that prove an event to be its sender's. */
export function signedBy(
  secret: string,
  body: string | Buffer,
  { id = randomUUID() as string, at = new Date() } = {},
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body as string),
  };
}
