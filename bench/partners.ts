/** A laboratory that acknowledges whatever it is sent, and a mail server that forgets whatever it is given. */
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { text } from 'node:stream/consumers';

/** They answer at once, so that what is measured is Venule. */
export interface Partners {
  labUrl: string;
  smtpUrl: string;
  /** How many mails were handed over so far. */
  mails(): number;
  close(): Promise<void>;
}

/** Starts both on free ports. */
export async function startPartners(): Promise<Partners> {
  let mails = 0;
  const lab = createServer(async (request, response) => {
    response.setHeader('content-type', 'application/hl7-v2; charset=utf-8');
    response.end(acknowledgementOf(await text(request)));
  });
  const sockets = new Set<import('node:net').Socket>();
  const smtp = createTcpServer((socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    socket.on('error', () => socket.destroy());
    speakSmtp(socket, () => {
      mails += 1;
    });
  });
  const [labPort, smtpPort] = await Promise.all([lab, smtp].map(listen));
  return {
    labUrl: `http://127.0.0.1:${labPort}`,
    smtpUrl: `smtp://127.0.0.1:${smtpPort}`,
    mails: () => mails,
    async close() {
      lab.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await Promise.all([lab, smtp].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

/** `AA` to any message: MSH with the ends exchanged, and MSA with its control id. */
function acknowledgementOf(message: string): string {
  const msh = message.slice(0, message.indexOf('\r')).split('|');
  const [, encoding, app, facility, toApp, toFacility, time, , type = '', controlId] = msh;
  const [, trigger] = type.split('^');
  const head = ['MSH', encoding, toApp, toFacility, app, facility, time, '', `ACK^${trigger}^ACK`, `A${controlId}`];
  return `${[...head, 'P', '2.5.1'].join('|')}\rMSA|AA|${controlId}|\r`;
}

/** As much of SMTP as a mail needs. */
function speakSmtp(socket: import('node:net').Socket, delivered: () => void): void {
  const say = (line: string) => socket.write(`${line}\r\n`);
  let inMail = false;
  let rest = '';
  say('220 bench');
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    rest += chunk;
    for (;;) {
      const end = rest.indexOf(inMail ? '\r\n.\r\n' : '\r\n');
      if (end < 0) return;
      const line = rest.slice(0, end);
      rest = rest.slice(end + (inMail ? 5 : 2));
      if (inMail) {
        inMail = false;
        delivered();
        say('250 taken');
      } else if (/^DATA/i.test(line)) {
        inMail = true;
        say('354 go on');
      } else if (/^QUIT/i.test(line)) {
        say('221 bye');
        socket.end();
      } else say('250 ok');
    }
  });
}

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
