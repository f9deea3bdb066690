/** The mail catcher of `npm start`: what would have reached a patient can be read on a page. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import nodemailer from 'nodemailer';
import { type MailCatcher, startMailCatcher } from '../../local/mail-catcher/catcher.ts';
import { openSmsBox } from '../../local/mail-catcher/sms-box.ts';
import { loggedSms } from '../../store/messages/message-log.ts';
import { closeStore, openStore } from '../../store/open.ts';
import { until } from '../support/until.ts';

describe('the mail catcher', () => {
  let folder: string;
  let catcher: MailCatcher;
  const mails = async () =>
    (await (await fetch(`${catcher.pageUrl}/mails`)).json()) as { id: string; attachments: { url: string }[] }[];
  const newest = async () => (await mails())[0] as Awaited<ReturnType<typeof mails>>[number];
  const text = async (path: string) => (await fetch(`${catcher.pageUrl}${path}`)).text();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'venule-mail-'));
    catcher = await startMailCatcher(folder, 0, 0);
    const transport = nodemailer.createTransport(catcher.smtpUrl);
    await transport.sendMail({
      from: 'Venule <no-reply@venule.example>',
      to: 'Ann <ann@patient.example>',
      subject: 'Your requisition <is ready>',
      text: 'Plain & simple',
      html: '<p>Fancy</p><script>alert(1)</script>',
      attachments: [
        { filename: 'requisition.pdf', content: Buffer.from('%PDF-1.7 test'), contentType: 'application/pdf' },
      ],
    });
    transport.close();
  });

  afterAll(async () => {
    await catcher.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('lists what it caught, with nothing of the mail taken for markup', async () => {
    const page = await text('/');
    expect(page).toContain('Your requisition &#60;is ready&#62;');
    expect(page).toContain('ann@patient.example');
  });

  test('shows the HTML part, the text part and the attachments', async () => {
    const mail = await newest();
    expect(mail).toMatchObject({ to: ['ann@patient.example'], text: expect.stringContaining('Plain & simple') });
    const page = await text(`/mail/${mail.id}`);
    expect(page).toContain('Plain &#38; simple');
    expect(page).toContain(`<iframe sandbox src="/mail/${mail.id}/html"`);
    expect(await text(`/mail/${mail.id}/html`)).toContain('<p>Fancy</p>');
    const attachment = await fetch(`${catcher.pageUrl}${mail.attachments[0]?.url}`);
    expect(attachment.headers.get('content-type')).toContain('application/pdf');
    expect(attachment.headers.get('content-disposition')).toContain('requisition.pdf');
    expect(await attachment.text()).toBe('%PDF-1.7 test');
  });

  test('runs no script of a mail, and knows no other file than its mails', async () => {
    const mail = await newest();
    const { headers } = await fetch(`${catcher.pageUrl}/mail/${mail.id}/html`);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect((await fetch(`${catcher.pageUrl}/mail/..%2F..%2Fetc%2Fpasswd`)).status).toBe(404);
  });

  test('5.5: shows a logo that a mail brings along, and fetches none from elsewhere', async () => {
    const transport = nodemailer.createTransport(catcher.smtpUrl);
    const png = Buffer.from('iVBORw0KGgo=', 'base64');
    await transport.sendMail({
      from: 'Northwind via Venule <no-reply@venule.example>',
      to: 'bea@patient.example',
      subject: 'With a logo',
      html: '<img src="cid:logo@venule"><img src="cid:unknown@venule"><img src="https://elsewhere.example/x.png">',
      attachments: [{ filename: 'logo.png', content: png, contentType: 'image/png', cid: 'logo@venule' }],
    });
    transport.close();
    const { id } = await newest();
    const answer = await fetch(`${catcher.pageUrl}/mail/${id}/html`);
    expect(await answer.text()).toContain(`<img src="data:image/png;base64,${png.toString('base64')}">`);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(/img-src ([^;]*)/.exec(policy)?.[1]).toBe('data:');
  });

  test('5.5: shows SMS beside the mail, and finds both by words in any order', async () => {
    const uri = new URL(process.env.MONGODB_URI ?? '');
    uri.pathname = `/test_sms_${randomBytes(6).toString('hex')}`;
    const store = await openStore(uri.href);
    const smsFolder = mkdtempSync(join(tmpdir(), 'venule-sms-'));
    const both = await startMailCatcher(smsFolder, 0, 0, openSmsBox(uri.href));
    try {
      await loggedSms(store).send({
        to: '+16025550143',
        text: 'Northwind: Your <visit> is booked',
        reference: 'o-1.sms',
      });
      await loggedSms(store).send({ to: '+16025550144', text: 'Northwind: canceled', reference: 'o-2.sms' });
      const transport = nodemailer.createTransport(both.smtpUrl);
      await transport.sendMail({
        from: 'a@venule.example',
        to: 'Cleo <cleo@patient.example>',
        subject: 'Booked',
        text: 'Hi',
      });
      transport.close();
      const found = async (words: string) => (await fetch(`${both.pageUrl}/?q=${encodeURIComponent(words)}`)).text();
      const all = await found('');
      for (const part of ['Your &#60;visit&#62; is booked', '+16025550144', 'cleo@patient.example']) {
        expect(all).toContain(part);
      }
      const booked = await found('BOOKED');
      expect(booked).toContain('+16025550143');
      expect(booked).toContain('cleo@patient.example');
      expect(booked).not.toContain('+16025550144');
      expect(await found('booked northwind')).not.toContain('cleo');
      expect(await found('<nobody>')).toContain('No message contains “&#60;nobody&#62;”');
      expect(await (await fetch(`${both.pageUrl}/sms?q=canceled`)).json()).toMatchObject([{ to: '+16025550144' }]);
    } finally {
      await both.close();
      rmSync(smsFolder, { recursive: true, force: true });
      await store.connection.dropDatabase();
      await closeStore(store);
    }
  });

  test('5.5: shows its mail while the database of the SMS is away, and says so', async () => {
    const emptyFolder = mkdtempSync(join(tmpdir(), 'venule-sms-'));
    const alone = await startMailCatcher(emptyFolder, 0, 0, openSmsBox('mongodb://127.0.0.1:1/none'));
    try {
      const page = await (await fetch(alone.pageUrl)).text();
      expect(page).toContain('SMS cannot be shown at the moment');
      expect((await fetch(`${alone.pageUrl}/sms`)).status).toBe(503);
    } finally {
      await alone.close();
      rmSync(emptyFolder, { recursive: true, force: true });
    }
  });

  test('keeps its mail when it is started again', async () => {
    await catcher.close();
    catcher = await startMailCatcher(folder, 0, 0);
    await until(async () => (await text('/')).includes('ann@patient.example'));
  });

  test('says when its port is taken', async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
    });
    await expect(startMailCatcher(folder, port, 0)).rejects.toThrow('EADDRINUSE');
    other.close();
  });
});
