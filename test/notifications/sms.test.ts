/** SMS: what they say, and how Twilio takes them, shown by a server that answers as Twilio does. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { APPOINTMENT_MESSAGE_KINDS, SMS_KINDS } from '../../domain/messages/messages.ts';
import { COLLECTION_METHODS } from '../../domain/orders/status.ts';
import { dialed, SmsDelayed, SmsRefused } from '../../notifications/sms.ts';
import { appointmentReminderSms, appointmentSms, bookingReminderSms, orderSms } from '../../notifications/sms-texts.ts';
import { twilioSms } from '../../notifications/twilio.ts';
import { labTests, markers, team } from '../documents/examples.ts';
import { appointmentOf } from './appointment-example.ts';

const booking_url = 'https://venule.example/book/abc';
const contents = COLLECTION_METHODS.map((collection_method) => ({
  order: { collection_method, options: { sandbox: false } },
  team,
  minor: null,
  fasting: true,
  written_at: new Date('2026-11-21T12:00:00Z'),
  booking_url,
}));
const [atHome = contents[0]] = contents.filter(({ order }) => order.collection_method === 'at_home_phlebotomy');
const visit = { ...(atHome as (typeof contents)[number]), appointment: appointmentOf(['scheduled']) };
const atCenter = { ...visit, appointment: appointmentOf(['scheduled'], { type: 'patient_service_center' }) };
/** Two hours before the visit begins. */
const late = { written_at: new Date('2026-12-01T14:00:00Z') };
const reminders = [
  bookingReminderSms(visit),
  appointmentReminderSms(visit),
  appointmentReminderSms(atCenter),
  appointmentReminderSms({ ...visit, ...late }),
  appointmentReminderSms({ ...atCenter, ...late }),
];
const texts = [
  ...contents.flatMap((content) => SMS_KINDS.map((kind) => orderSms(kind, content))),
  ...APPOINTMENT_MESSAGE_KINDS.flatMap((kind) => [appointmentSms(kind, visit), appointmentSms(kind, atCenter)]),
  ...reminders,
];

describe('F11: every SMS', () => {
  it('says first whose it is, and last whom to call', () => {
    for (const text of texts) expect(text).toMatch(/^Northwind Health: .*Questions\? \(212\) 555-0123$/);
  });

  it('names no test and no result', () => {
    const names = [...labTests.map(({ name }) => name), ...markers.map(({ name }) => name)];
    for (const text of texts) {
      for (const name of names) expect(` ${text.toLowerCase()} `).not.toContain(` ${name.toLowerCase()} `);
    }
  });

  it('is short, and of letters that every telephone has', () => {
    for (const text of texts) {
      expect(text.length).toBeLessThanOrEqual(306);
      expect(text).toMatch(/^[\x20-\x7e]+$/);
    }
  });

  it('that reminds says how to be left alone', () => {
    for (const text of reminders) expect(text).toContain('Reply STOP to opt out.');
  });

  it('about an appointment says when, and for a service center where and under which number', () => {
    expect(appointmentSms('appointment_confirmed', visit)).toContain('Tue, Dec 1, 9:00 AM to 10:00 AM MST');
    expect(appointmentSms('appointment_confirmed', visit)).not.toContain('Elm Street');
    expect(appointmentSms('appointment_confirmed', atCenter)).toContain(
      'at 12 Elm Street, Apt 4, Phoenix, AZ 85004 (appointment GL-001)',
    );
  });

  it('says who knows where and when, for a draw on site', () => {
    const [onSite] = contents.filter(({ order }) => order.collection_method === 'on_site_collection');
    const text = orderSms('requisition_ready', { ...visit, ...onSite, booking_url: null });
    expect(text).toContain('Northwind Health will tell you when and where the sample is taken.');
  });

  it('leads to the booking page', () => {
    expect(orderSms('requisition_ready', visit)).toContain(`Choose a time for the home visit: ${booking_url} `);
    expect(appointmentSms('appointment_cancelled', { ...visit, booking_url: null })).not.toContain('Book another');
  });
});

describe('G6: an SMS', () => {
  const fasts = (fasting: boolean) => {
    const content = { ...visit, fasting };
    return [
      appointmentSms('appointment_pending', content),
      appointmentSms('appointment_confirmed', content),
      appointmentSms('appointment_rescheduled', content),
      appointmentReminderSms(content),
      bookingReminderSms(content),
      orderSms('requisition_ready', content),
    ];
  };

  it('says to fast, and for how long, wherever something lies ahead', () => {
    for (const text of fasts(true)) expect(text).toContain('Fast for 8 to 12 hours before the draw, water only.');
    for (const text of fasts(false)) expect(text).not.toMatch(/fast/i);
    expect(appointmentSms('appointment_cancelled', visit)).not.toMatch(/fast/i);
  });

  it('about a visit for which a fast can no longer be begun asks about the last meal', () => {
    const content = { ...visit, ...late };
    const about = [
      appointmentSms('appointment_confirmed', content),
      appointmentSms('appointment_rescheduled', content),
      appointmentReminderSms(content),
    ];
    for (const text of about) {
      expect(text).toContain('Fasting: only water since 1:00 AM. If there was more, choose another time.');
      expect(text).not.toContain('Fast for');
    }
    for (const text of [bookingReminderSms(content), appointmentSms('appointment_pending', content)]) {
      expect(text).toContain('Fast for 8 to 12 hours before the draw');
    }
  });

  it('about a minor speaks to the guardian, who is told to come along', () => {
    const minor = { ...atCenter, minor: 'Mai' };
    const all = [
      ...SMS_KINDS.map((kind) => orderSms(kind, minor)),
      ...APPOINTMENT_MESSAGE_KINDS.map((kind) => appointmentSms(kind, minor)),
      bookingReminderSms(minor),
      appointmentReminderSms(minor),
    ];
    for (const text of all) {
      expect(text).toContain('Mai');
      expect(text).not.toMatch(/[Yy]our (visit|appointment|order|laboratory|sample|health|new)|ordered for you/);
    }
    expect(appointmentReminderSms(minor)).toContain('Please come along.');
  });
});

it('G5: an SMS of the sandbox says so first', () => {
  const order = { collection_method: 'walk_in_test', options: { sandbox: true } } as const;
  expect(orderSms('requisition_ready', { ...visit, order })).toMatch(/^\[Sandbox\] Northwind Health: /);
});

it.each([
  ['(602) 555-0123', '+16025550123'],
  ['1-602-555-0123', '+16025550123'],
  ['+44 20 7946 0958', '+442079460958'],
  ['555-0123', null],
  ['not a number', null],
])('dials %s as %s', (written, number) => {
  expect(dialed(written)).toBe(number);
});

describe('SMS through Twilio', () => {
  interface Heard {
    path: string;
    headers: IncomingHttpHeaders;
    form: Record<string, string>;
  }

  /** What happens to a message when Twilio answers so; `null` hangs up. */
  async function sent(answer: { status: number; body: object } | null, to = '(602) 555-0123', from = '+15005550006') {
    const heard: Heard[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
        heard.push({ path: request.url ?? '', headers: request.headers, form });
        if (!answer) response.destroy();
        else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const account = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'secret', from, timeoutMs: 5_000, url };
    try {
      const error = await twilioSms(account)
        .send({ to, text: 'Northwind Health: hello', reference: 'order-1:sms' })
        .then(
          () => null,
          (thrown: unknown) => thrown,
        );
      return { error, heard };
    } finally {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  }
  const refusing = (status: number, code: number) => ({ status, body: { status, code, message: 'no', more_info: '' } });

  it('is handed over with the number as it is dialed', async () => {
    const { error, heard } = await sent({ status: 201, body: { sid: 'SM1', status: 'queued' } });
    expect(error).toBeNull();
    expect(heard).toMatchObject([
      {
        path: `/2010-04-01/Accounts/AC${'0'.repeat(32)}/Messages.json`,
        form: { To: '+16025550123', From: '+15005550006', Body: 'Northwind Health: hello' },
      },
    ]);
    expect(heard[0]?.headers.authorization).toMatch(/^Basic /);
  });

  it('may go through a messaging service', async () => {
    const { heard } = await sent({ status: 201, body: { sid: 'SM1' } }, '6025550123', `MG${'1'.repeat(32)}`);
    expect(heard[0]?.form).toMatchObject({ MessagingServiceSid: `MG${'1'.repeat(32)}` });
    expect(heard[0]?.form).not.toHaveProperty('From');
  });

  it.each([21211, 21614])('is given up when the number takes none: %i', async (code) => {
    const { error } = await sent(refusing(400, code));
    expect(error).toBeInstanceOf(SmsRefused);
    expect(error).toMatchObject({ code, optedOut: false });
  });

  it('is given up when the patient has opted out', async () => {
    const { error } = await sent(refusing(400, 21610));
    expect(error).toBeInstanceOf(SmsRefused);
    expect(error).toMatchObject({ optedOut: true });
  });

  it('is not even offered to a number that cannot be dialed', async () => {
    const { error, heard } = await sent({ status: 201, body: {} }, '555-0123');
    expect(error).toBeInstanceOf(SmsRefused);
    expect(heard).toEqual([]);
  });

  it.each([
    [401, 20003],
    [429, 20429],
    [500, 20500],
    [400, 21606],
  ])('waits when it is not the patient’s fault: %i, %i', async (status, code) => {
    const { error } = await sent(refusing(status, code));
    expect(error).toBeInstanceOf(SmsDelayed);
    expect(error).toMatchObject({ code });
  });

  it('2.5: waits when more comes than can be an answer', async () => {
    const { error } = await sent({ status: 201, body: { sid: 'SM1', status: 'x'.repeat(1024 * 1024) } });
    expect(error).toBeInstanceOf(SmsDelayed);
  });

  it('waits when nobody answers, and names no number', async () => {
    const { error } = await sent(null);
    expect(error).toBeInstanceOf(SmsDelayed);
    expect((error as Error).message).not.toContain('602');
  });
});
