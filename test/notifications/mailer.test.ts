import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { recipientOf } from '../../domain/messages/recipient.ts';
import { composeMail } from '../../notifications/compose.ts';
import { createMailer, MailDelayed, MailRefused, senderOf } from '../../notifications/mailer.ts';
import { laboratory, markersOf, orderOf, team as printed, wellness } from '../documents/examples.ts';

const order = orderOf(markersOf(wellness));
const mail = composeMail('requisition_ready', {
  order,
  recipient: recipientOf(order, new Date()),
  team: { ...printed, logo: null },
  laboratory,
  unsubscribe_url: 'https://venule.example/unsubscribe/abc',
  requisition_pdf: Buffer.from('%PDF-1.7 a requisition'),
  fasting: true,
});

/** Runs `use` against a mail server on a free port; collects the messages that it takes. */
async function withServer(
  options: SMTPServerOptions,
  use: (url: string, received: { from: string; to: string[]; raw: string }[]) => Promise<void>,
): Promise<void> {
  const received: { from: string; to: string[]; raw: string }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString(),
        });
        done();
      });
    },
    ...options,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`, received);
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** Sends the mail and answers the error it fails with, if any. */
async function attempt(smtpUrl: string, sent = mail): Promise<unknown> {
  const mailer = createMailer({ smtpUrl, from: 'Northwind Health <lab@northwind.example>' });
  try {
    await mailer.send(sent);
    return null;
  } catch (error) {
    return error;
  } finally {
    mailer.close();
  }
}

const answering = (responseCode: number) => Object.assign(new Error('<mai@example.com> no'), { responseCode });

describe('A4: a mail on its way', () => {
  it('arrives with its headers, both twins and the requisition', async () => {
    await withServer({}, async (url, received) => {
      expect(await attempt(url)).toBeNull();
      const [message] = received;
      expect(message?.from).toBe('lab@northwind.example');
      expect(message?.to).toEqual(['mai@example.com']);
      const raw = message?.raw ?? '';
      const header = (name: string) => new RegExp(`^${name}: (.*(?:\\r\\n[ \\t].*)*)`, 'im').exec(raw)?.[1];
      expect(header('Message-ID')).toBe(mail.message_id);
      expect(header('From')).toBe('Northwind Health <lab@northwind.example>');
      expect(header('To')).toMatch(/=\?UTF-8\?.*\?= <mai@example\.com>/);
      expect(header('Reply-To')).toBe('Northwind Health <care@northwind.example>');
      expect(header('Subject')).toBe(mail.subject);
      expect(header('List-Unsubscribe')).toBe('<https://venule.example/unsubscribe/abc>');
      expect(header('List-Unsubscribe-Post')).toBe('List-Unsubscribe=One-Click');
      expect(header('Auto-Submitted')).toBe('auto-generated');
      expect(raw).toMatch(/multipart\/mixed[\s\S]*multipart\/alternative[\s\S]*text\/plain[\s\S]*text\/html/);
      expect(raw).toMatch(/Content-Type: application\/pdf; name=requisition-VN4K7Q2M9X\.pdf/);
      expect(raw).toContain(Buffer.from('%PDF-1.7 a requisition').toString('base64'));
    });
  });

  it('is recognized by its Message-ID when it is sent again (F10)', async () => {
    await withServer({}, async (url, received) => {
      await attempt(url);
      await attempt(url);
      const ids = received.map(({ raw }) => /^Message-ID: (.*)$/im.exec(raw)?.[1]);
      expect(ids).toHaveLength(2);
      expect(new Set(ids)).toEqual(new Set([mail.message_id]));
    });
  });

  it('takes no header from what people typed', async () => {
    await withServer({}, async (url, received) => {
      const to = { name: 'Mai\r\nBcc: thief@example.com', address: mail.to.address };
      await attempt(url, { ...mail, to, subject: 'Ready\r\nBcc: thief@example.com' });
      expect(received[0]?.to).toEqual(['mai@example.com']);
      expect(received[0]?.raw).not.toMatch(/^Bcc:/im);
    });
  });
});

describe('A4: a mail that is not taken', () => {
  it('is refused for good when the server does not know the recipient', async () => {
    await withServer({ onRcptTo: (_to, _session, done) => done(answering(550)) }, async (url) => {
      const error = await attempt(url);
      expect(error).toBeInstanceOf(MailRefused);
      expect(error).toMatchObject({ code: 550 });
    });
  });

  it('is refused for good when the address is none', async () => {
    await withServer({}, async (url) => {
      const nowhere = { ...mail, to: { name: 'Mai', address: '' } };
      expect(await attempt(url, nowhere)).toBeInstanceOf(MailRefused);
    });
  });

  it('can be tried again when the server is busy', async () => {
    await withServer({ onRcptTo: (_to, _session, done) => done(answering(451)) }, async (url) => {
      const error = await attempt(url);
      expect(error).toBeInstanceOf(MailDelayed);
      expect(error).toMatchObject({ code: 451 });
    });
  });

  it('can be tried again when the server takes no mail from us yet, which an operator can mend', async () => {
    await withServer({ onMailFrom: (_from, _session, done) => done(answering(553)) }, async (url) => {
      expect(await attempt(url)).toBeInstanceOf(MailDelayed);
    });
    await withServer({ authOptional: false }, async (url) => {
      expect(await attempt(url)).toBeInstanceOf(MailDelayed);
    });
  });

  it('can be tried again when there is no server', async () => {
    let gone = '';
    await withServer({}, async (url) => {
      gone = url;
    });
    expect(await attempt(gone)).toBeInstanceOf(MailDelayed);
  });

  it('names nobody in its error', async () => {
    for (const code of [451, 550]) {
      await withServer({ onRcptTo: (_to, _session, done) => done(answering(code)) }, async (url) => {
        expect(String(await attempt(url))).not.toMatch(/mai@example|Mai |Nguyễn/);
      });
    }
  });
});

it.each([
  ['Venule <no-reply@venule.example>', 'Northwind Health via Venule'],
  ['"Labs, Inc." <no-reply@labs.example>', 'Northwind Health via Labs, Inc.'],
  ['no-reply@labs.example', 'Northwind Health via labs.example'],
  ['Northwind Health <lab@labs.example>', 'Northwind Health'],
])('4.5: mail of a team, sent as %s, comes from %s', async (from, name) => {
  expect(senderOf('Northwind Health', from)).toEqual({
    name,
    address: expect.stringMatching(/^[a-z-]+@\w+\.example$/),
  });
});
