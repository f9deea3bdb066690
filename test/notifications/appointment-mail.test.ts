import type { AddressInfo } from 'node:net';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { APPOINTMENT_MESSAGE_KINDS, type AppointmentMessageKind } from '../../domain/messages.ts';
import { composeAppointmentMail, composeMail } from '../../notifications/compose.ts';
import { createMailer, type OutgoingMail } from '../../notifications/mailer.ts';
import { laboratory, labTests, markers, markersOf, orderOf, team as printed, wellness } from '../documents/examples.ts';
import { appointmentOf } from './appointment-example.ts';

const team = { ...printed, logo_url: null };
const order = orderOf(markersOf(wellness), { collection_method: 'at_home_phlebotomy' });
const booking_url = 'https://venule.example/book/abc';
const unsubscribe_url = 'https://venule.example/unsubscribe/abc';
const STORIES = {
  appointment_pending: ['pending'],
  appointment_confirmed: ['scheduled'],
  appointment_rescheduled: ['scheduled', 'scheduled'],
  appointment_cancelled: ['scheduled', 'scheduled', 'cancelled'],
} as const;

function compose(kind: AppointmentMessageKind, link: string | null = booking_url) {
  const appointment = appointmentOf([...STORIES[kind]]);
  const event_number = appointment.events.length;
  const content = { order, team, laboratory, appointment, event_number, unsubscribe_url, booking_url: link };
  return composeAppointmentMail(kind, content);
}

describe.each(APPOINTMENT_MESSAGE_KINDS)('F11: the mail %s', (kind) => {
  it('says where to go next and whom to call, in both twins', () => {
    const { html, text } = compose(kind);
    expect(html).toContain(`href="${booking_url}"`);
    expect(text).toContain(booking_url);
    expect(text).toContain('call (212) 555-0123 or write to care@northwind.example');
  });

  it('names no test and keeps the access notes to itself', () => {
    const { subject, text, calendar } = compose(kind);
    const written = ` ${[subject, text, calendar?.content].join('\n').toLowerCase()} `;
    for (const { name } of [...labTests, ...markers]) expect(written).not.toContain(` ${name.toLowerCase()} `);
    expect(written).not.toContain('gate code');
  });

  it('has a Message-ID for its event, the same whenever it is made (F10)', () => {
    expect(compose(kind).message_id).toBe(compose(kind).message_id);
  });
});

it('each event of an appointment has a mail of its own', () => {
  expect(
    new Set((['appointment_confirmed', 'appointment_rescheduled'] as const).map((kind) => compose(kind).message_id))
      .size,
  ).toBe(2);
});

it('says when, where and under which number', () => {
  const { subject, text } = compose('appointment_confirmed');
  expect(subject).toBe('Your appointment on Tuesday, December 1, 2026 is confirmed');
  for (const fact of ['9:00 AM to 10:00 AM MST', '12 Elm Street, Apt 4, Phoenix, AZ 85004', 'GL-001']) {
    expect(text).toContain(fact);
  }
});

it('offers no other time where there is no page to choose one', () => {
  expect(compose('appointment_cancelled', null).text).not.toContain('Choose another time');
});

it('the requisition of an order at home leads to the booking page', () => {
  const mail = composeMail('requisition_ready', {
    order,
    team,
    laboratory,
    booking_url,
    unsubscribe_url,
    requisition_pdf: Buffer.from('%PDF-1.7'),
  });
  expect(mail.html).toContain(`href="${booking_url}"`);
});

describe('the calendar file of the mail', () => {
  it('goes with what changes the calendar, and with nothing else', () => {
    const methods = APPOINTMENT_MESSAGE_KINDS.map((kind) => compose(kind).calendar?.method);
    expect(methods).toEqual([undefined, 'REQUEST', 'REQUEST', 'CANCEL']);
  });

  it('arrives as an invitation and as a file', async () => {
    const received = await PostalMime.parse(await delivered(compose('appointment_confirmed')));
    const parts = received.attachments.map(({ mimeType, filename, method }) => ({ mimeType, filename, method }));
    expect(parts).toEqual([
      expect.objectContaining({ mimeType: 'text/calendar', method: 'REQUEST' }),
      expect.objectContaining({ filename: 'appointment.ics' }),
    ]);
    expect(received.text).toContain('Your appointment is confirmed');
  });
});

/** The mail as a server takes it. */
async function delivered(mail: OutgoingMail): Promise<string> {
  let raw = '';
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _session, done) {
      stream.on('data', (chunk: Buffer) => {
        raw += chunk.toString();
      });
      stream.on('end', () => done());
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const mailer = createMailer({
    smtpUrl: `smtp://127.0.0.1:${port}`,
    from: 'Northwind Health <lab@northwind.example>',
  });
  try {
    await mailer.send(mail);
  } finally {
    mailer.close();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
  return raw;
}
