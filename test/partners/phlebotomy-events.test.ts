import { randomBytes } from 'node:crypto';
import { ForgedEvent, readPhlebotomyEvent, UnreadableEvent } from '../../partners/phlebotomy/events.ts';
import { providerEvent, signedBy } from '../support/partners/provider-event.ts';

const secret = `whsec_${randomBytes(32).toString('base64')}`;
const another = `whsec_${randomBytes(32).toString('base64')}`;
const MINUTE = 60_000;

const event = {
  ...JSON.parse(providerEvent('order-1:visit-1', { status: 'scheduled' })),
  occurred_at: '2026-11-30T09:00:00-07:00',
  data: { origin: 'patient' },
};
const signed = (text: string, { by = secret, at = new Date() } = {}) => signedBy(by, text, { id: 'evt_1', at });
const body = JSON.stringify(event);

describe('an event of a phlebotomy provider', () => {
  it('is read when the provider signed it', () => {
    expect(readPhlebotomyEvent(signed(body), Buffer.from(body), [another, secret])).toEqual({
      event_id: 'evt_1',
      reference: 'order-1:visit-1',
      report: {
        status: 'scheduled',
        start_at: '2026-12-01T16:00:00.000Z',
        end_at: '2026-12-01T17:00:00.000Z',
        time_zone: 'America/Phoenix',
        external_id: 'GL-001',
        provider_appointment_id: 'gl_1',
        site_code: null,
        occurred_at: '2026-11-30T16:00:00.000Z',
        data: { origin: 'patient' },
      },
    });
  });

  it('6.2: knows our reference in capitals, too', () => {
    const shouted = body.replace('order-1:visit-1', 'ORDER-1:VISIT-1');
    expect(readPhlebotomyEvent(signed(shouted), shouted, [secret]).reference).toBe('order-1:visit-1');
  });

  const forged: [why: string, headers: Record<string, string>, text: string][] = [
    ['unsigned', {}, body],
    ['signed by somebody else', signed(body, { by: `whsec_${randomBytes(32).toString('base64')}` }), body],
    ['changed on the way', signed(body), body.replace('scheduled', 'completed')],
    ['old', signed(body, { at: new Date(Date.now() - 6 * MINUTE) }), body],
    ['from the future', signed(body, { at: new Date(Date.now() + 6 * MINUTE) }), body],
    ['signed for another id', { ...signed(body), 'webhook-id': 'evt_2' }, body],
    ['signed with rubbish', { ...signed(body), 'webhook-signature': 'v1,??? v2 ,' }, body],
  ];
  it.each(forged)('is forged when it is %s', (_why, headers, text) => {
    expect(() => readPhlebotomyEvent(headers, text, [secret])).toThrow(ForgedEvent);
  });

  it('is forged when no secret is known', () => {
    expect(() => readPhlebotomyEvent(signed(body), body, [])).toThrow(ForgedEvent);
  });

  const unreadable: [why: string, text: string, field: string | null][] = [
    ['no JSON', 'appointment!', null],
    ['empty', '', null],
    ['of another type', JSON.stringify({ ...event, type: 'appointment.deleted' }), 'type'],
    [
      'of an unknown status',
      JSON.stringify({ ...event, appointment: { ...event.appointment, status: 'gone' } }),
      'appointment.status',
    ],
    ['without a time', JSON.stringify({ ...event, occurred_at: 'noon' }), 'occurred_at'],
  ];
  it.each(unreadable)('cannot be read when it is %s', (_why, text, field) => {
    const read = () => readPhlebotomyEvent(signed(text), text, [secret]);
    expect(read).toThrow(UnreadableEvent);
    if (field) expect(read).toThrow(field);
  });
});
