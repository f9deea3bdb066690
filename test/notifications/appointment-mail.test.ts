import type { AddressInfo } from 'node:net';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import { APPOINTMENT_MESSAGE_KINDS, type AppointmentMessageKind } from '../../domain/messages/messages.ts';
import { recipientOf } from '../../domain/messages/recipient.ts';
import { composeAppointmentMail, composeMail } from '../../notifications/compose.ts';
import { createMailer, type OutgoingMail } from '../../notifications/mailer.ts';
import { laboratory, labTests, markers, markersOf, orderOf, team as printed, wellness } from '../documents/examples.ts';
import { appointmentOf } from './appointment-example.ts';

const team = { ...printed, logo_url: null };
const base = orderOf(markersOf(wellness), { collection_method: 'at_home_phlebotomy' });
const order = { ...base, options: { ...base.options, sandbox: false } };
const recipient = recipientOf(order, new Date());
const booking_url = 'https://venule.example/book/abc';
/** Days before every appointment here. */
const written_at = new Date('2026-11-21T12:00:00Z');
const unsubscribe_url = 'https://venule.example/unsubscribe/abc';
const STORIES = {
  appointment_pending: ['pending'],
  appointment_confirmed: ['scheduled'],
  appointment_rescheduled: ['scheduled', 'scheduled'],
  appointment_cancelled: ['scheduled', 'scheduled', 'cancelled'],
} as const;

function compose(kind: AppointmentMessageKind, link: string | null = booking_url, sandbox = false) {
  const appointment = appointmentOf([...STORIES[kind]]);
  const event_number = appointment.events.length;
  const content = {
    order: { ...order, options: { ...order.options, sandbox } },
    recipient,
    team,
    laboratory,
    fasting: true,
    appointment,
    event_number,
    written_at,
    unsubscribe_url,
    booking_url: link,
  };
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

  it('G5: says in subject, text and calendar that it is of the sandbox, where it is', () => {
    const [marked, real] = [compose(kind, booking_url, true), compose(kind)];
    expect(marked.subject).toMatch(/^\[Sandbox\] /);
    expect(marked.text).toMatch(/^Sandbox\. This is a test/);
    if (marked.calendar) expect(marked.calendar.content).toMatch(/^SUMMARY:\[Sandbox\] /m);
    expect(`${real.subject} ${real.text} ${real.html} ${real.calendar?.content}`).not.toMatch(/sandbox/i);
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

describe('G6: who has to fast is told so, with the hours and the last meal on the clock of the place', () => {
  const told = (kind: AppointmentMessageKind, fasting: boolean, written = written_at.toISOString()) => {
    const booked = appointmentOf([...STORIES[kind]]);
    const appointment = { ...booked, events: booked.events.map((event) => ({ ...event, created_at: written })) };
    const event_number = appointment.events.length;
    const { html, text, calendar } = composeAppointmentMail(kind, {
      ...{ order, recipient, team, laboratory, appointment, event_number, unsubscribe_url, booking_url, fasting },
      written_at: new Date(written),
    });
    return { html, text, calendar: calendar?.content.replace(/\r\n /g, '').replace(/\\,/g, ',') ?? '' };
  };

  it.each(['appointment_confirmed', 'appointment_rescheduled'] as const)('%s', (kind) => {
    for (const part of Object.values(told(kind, true))) {
      expect(part).toContain('for 8 to 12 hours before the draw');
      expect(part).toContain('No meal after 1:00 AM on Tuesday, December 1');
    }
    for (const part of Object.values(told(kind, false))) expect(part).not.toMatch(/fast/i);
  });

  it.each([
    ['appointment_confirmed', '2026-12-01T08:00:00Z', '2026-12-01T08:00:01Z'],
    ['appointment_rescheduled', '2026-12-01T07:59:00Z', '2026-12-01T15:59:00Z'],
  ] as const)('%s of a visit for which a fast can no longer be begun asks about the last meal', (kind, early, late) => {
    for (const part of Object.values(told(kind, true, early))) {
      expect(part).toContain('No meal after 1:00 AM on Tuesday, December 1');
      expect(part).not.toContain('must have been');
    }
    for (const part of Object.values(told(kind, true, late))) {
      expect(part).toContain('The last meal must have been before 1:00 AM on Tuesday, December 1.');
      expect(part).toContain('please choose another time');
      expect(part).not.toContain('No meal after');
    }
  });

  it('appointment_pending, which has no time yet', () => {
    expect(told('appointment_pending', true).text).toContain('for 8 to 12 hours before the draw');
    expect(told('appointment_pending', true).text).not.toContain('No meal after');
  });

  it('nobody fasts for what was canceled', () => {
    expect(told('appointment_cancelled', true).text).not.toMatch(/fast:/);
  });
});

describe('G6: the mail about a minor’s appointment', () => {
  const guardian = { ...recipient, first_name: 'Linh', email: 'linh@example.com', guardian_of: 'Mai' };
  const mailed = (kind: AppointmentMessageKind) => {
    const appointment = appointmentOf([...STORIES[kind]], { type: 'patient_service_center' });
    const event_number = appointment.events.length;
    const content = { order, team, laboratory, appointment, event_number, unsubscribe_url, booking_url, written_at };
    return composeAppointmentMail(kind, { ...content, recipient: guardian, fasting: true });
  };

  it('goes to the guardian, who is told to come along', () => {
    const { to, subject, text, calendar } = mailed('appointment_confirmed');
    expect(to).toEqual({ name: `Linh ${recipient.last_name}`, address: 'linh@example.com' });
    expect(subject).toBe('Mai’s appointment on Tuesday, December 1, 2026 is confirmed');
    expect(text).toContain('Hello Linh,');
    expect(text).toContain('Please come along: Mai is a minor');
    expect(text).toContain('Mai must fast');
    expect(calendar?.content.replace(/\r\n /g, '')).toContain('Come along with Mai');
    expect(calendar?.content.replace(/\r\n /g, '')).toMatch(/^ATTENDEE.*linh@example\.com/m);
  });

  it.each(APPOINTMENT_MESSAGE_KINDS)('does not say that it is the reader’s own: %s', (kind) => {
    expect(mailed(kind).text).not.toMatch(
      /Hello Mai|[Yy]our (laboratory|appointment (on|is|has|was)|visit|requisition)/,
    );
  });
});

it('4.4: a visit at home names the window in which the phlebotomist arrives; a center, the way there', () => {
  const { text, html } = compose('appointment_confirmed');
  expect(text).toContain('Arrival window: 9:00 AM to 10:00 AM MST');
  expect(html).not.toContain('google.com/maps');
  const appointment = appointmentOf(['scheduled'], { type: 'patient_service_center' });
  const content = { order, recipient, team, laboratory, fasting: false, unsubscribe_url, booking_url, written_at };
  const center = composeAppointmentMail('appointment_confirmed', { ...content, appointment, event_number: 1 });
  expect(center.text).toContain('Time: 9:00 AM to 10:00 AM MST');
  expect(center.text).toContain('destination=12+Elm+Street%2C+Apt+4%2C+Phoenix%2C+AZ+85004');
  const gone = appointmentOf(['scheduled', 'cancelled'], { type: 'patient_service_center' });
  const canceled = composeAppointmentMail('appointment_cancelled', { ...content, appointment: gone, event_number: 2 });
  expect(canceled.text).not.toContain('No phlebotomist will come');
});

it('offers no other time where there is no page to choose one', () => {
  expect(compose('appointment_cancelled', null).text).not.toContain('Choose another time');
});

it('the requisition of an order at home leads to the booking page', () => {
  const mail = composeMail('requisition_ready', {
    order,
    recipient,
    team,
    laboratory,
    fasting: false,
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
