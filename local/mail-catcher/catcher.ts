/** An SMTP server that keeps every mail instead of sending it on, and a page that shows them, and SMS beside them. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import { SMTPServer } from 'smtp-server';
import { Mailbox } from './mailbox.ts';
import { attachmentName, htmlPart, listPage, mailAsJson, mailPage, wordsOf } from './pages.ts';
import type { SmsBox } from './sms-box.ts';

const HOST = '127.0.0.1';
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'; form-action 'self'";

/** A running mail catcher. */
export interface MailCatcher {
  smtpUrl: string;
  pageUrl: string;
  close(): Promise<void>;
}

/**
 * Starts one; port 0 takes a free one. Mail in the folder is kept and shown again.
 *
 * @param sms Where SMS are read; null where there are none to show.
 * @throws Error when a port is taken
 */
export async function startMailCatcher(
  folder: string,
  smtpPort: number,
  pagePort: number,
  sms: SmsBox | null = null,
): Promise<MailCatcher> {
  const mailbox = new Mailbox(folder);
  const smtp = catching(mailbox);
  const close = async () => {
    pages.closeAllConnections();
    await sms?.close();
    await Promise.all([pages, smtpListener].map((server) => new Promise((closed) => server.close(closed))));
  };
  const smtpListener = smtp.listen(smtpPort, HOST) as unknown as Server;
  const pages = createServer(showing(mailbox, sms)).listen(pagePort, HOST);
  try {
    await Promise.all([smtpListener, pages].map((server) => once(server, 'listening')));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    smtpUrl: `smtp://${HOST}:${(smtpListener.address() as AddressInfo).port}`,
    pageUrl: `http://${HOST}:${(pages.address() as AddressInfo).port}`,
    close,
  };
}

function catching(mailbox: Mailbox): SMTPServer {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onAuth: (_auth, _session, done) => done(null, { user: 'anyone' }),
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', done);
      stream.on('end', () => {
        try {
          mailbox.keep(Buffer.concat(chunks));
          done();
        } catch (error) {
          done(error as Error);
        }
      });
    },
  });
  // A client that hangs up is no reason to stop; a port that is taken is, and `listen` reports it.
  server.on('error', () => {});
  return server;
}

function showing(mailbox: Mailbox, smsBox: SmsBox | null): Express {
  const app = express();
  app.use((_request, response, next) => {
    response.set('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    response.set('X-Content-Type-Options', 'nosniff');
    next();
  });
  app.get('/', async (request, response) => {
    const words = wordsOf(request.query.q);
    const [mails, sms] = await Promise.all([mailbox.list(words), smsBox ? smsBox.list(words) : []]);
    response.type('html').send(listPage({ mails, sms }, words.join(' ')));
  });
  app.get('/mails', async (request, response) => {
    response.json((await mailbox.list(wordsOf(request.query.q))).map(mailAsJson));
  });
  app.get('/sms', async (request, response) => {
    const sms = smsBox ? await smsBox.list(wordsOf(request.query.q)) : [];
    if (sms) response.json(sms);
    else response.status(503).json({ message: 'The database is not responding.' });
  });
  app.get('/mail/:id', async (request, response, next) => {
    const mail = await mailbox.find(request.params.id);
    if (mail) response.type('html').send(mailPage(mail));
    else next();
  });
  app.get('/mail/:id/html', async (request, response, next) => {
    const mail = await mailbox.find(request.params.id);
    if (mail?.email.html) response.type('html').send(htmlPart(mail));
    else next();
  });
  app.get('/mail/:id/attachments/:number', async (request, response, next) => {
    const number = Number(request.params.number);
    const attachment = (await mailbox.find(request.params.id))?.email.attachments[number];
    if (!attachment) return next();
    response.attachment(attachmentName(attachment, number)).type(attachment.mimeType);
    response.send(Buffer.from(attachment.content as ArrayBuffer));
  });
  return app;
}
