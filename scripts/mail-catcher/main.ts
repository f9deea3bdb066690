/**
 * Catches mail instead of sending it on, and shows it on a page. `GET /mails` gives the same as JSON.
 * SMTP_PORT and MAIL_PORT say where, VENULE_DATA_DIR where the mail is kept.
 */
import type { Server } from 'node:http';
import { join } from 'node:path';
import express from 'express';
import { SMTPServer } from 'smtp-server';
import { loadConfig } from '../../config.ts';
import { Mailbox } from './mailbox.ts';
import { attachmentName, listPage, mailAsJson, mailPage } from './pages.ts';

const HOST = '127.0.0.1';

function catchMail(mailbox: Mailbox, port: number): SMTPServer {
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
  server.on('error', (error: NodeJS.ErrnoException) => {
    if (error.syscall === 'listen') throw error;
  });
  server.listen(port, HOST);
  return server;
}

function showMail(mailbox: Mailbox, port: number): Server {
  const app = express();
  app.use((_request, response, next) => {
    response.set(
      'Content-Security-Policy',
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-src 'self'",
    );
    response.set('X-Content-Type-Options', 'nosniff');
    next();
  });
  app.get('/', async (_request, response) => void response.type('html').send(listPage(await mailbox.list())));
  app.get('/mails', async (_request, response) => void response.json((await mailbox.list()).map(mailAsJson)));
  app.get('/mail/:id', async (request, response, next) => {
    const mail = await mailbox.find(request.params.id);
    return mail ? void response.type('html').send(mailPage(mail)) : next();
  });
  app.get('/mail/:id/html', async (request, response, next) => {
    const mail = await mailbox.find(request.params.id);
    return mail?.email.html ? void response.type('html').send(mail.email.html) : next();
  });
  app.get('/mail/:id/attachments/:number', async (request, response, next) => {
    const number = Number(request.params.number);
    const attachment = (await mailbox.find(request.params.id))?.email.attachments[number];
    if (!attachment) return next();
    response.attachment(attachmentName(attachment, number)).type(attachment.mimeType);
    response.send(
      typeof attachment.content === 'string' ? attachment.content : Buffer.from(attachment.content as ArrayBuffer),
    );
  });
  return app.listen(port, HOST);
}

function main(): void {
  const { dataDir, ports } = loadConfig();
  const mailbox = new Mailbox(join(dataDir, 'mail'));
  const smtp = catchMail(mailbox, ports.smtp ?? 1025);
  const pages = showMail(mailbox, ports.mail ?? 8025);
  process.stdout.write('{"msg":"ready"}\n');
  const stop = () => {
    pages.close();
    pages.closeAllConnections();
    smtp.close();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main();
