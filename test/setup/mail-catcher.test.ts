/** The mail catcher of `npm start`: what would have reached a patient can be read on a page. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import nodemailer from 'nodemailer';
import { type MailCatcher, startMailCatcher } from '../../scripts/mail-catcher/catcher.ts';
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
