/** A laboratory that sends over MLLP and never reads what it is answered: memory stays bounded, and others are served. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { pino } from 'pino';
import { type MllpServer, startMllpServer } from '../../api/inbound/mllp-server.ts';
import { setLabConnection } from '../../store/connections/lab-connections.ts';
import { rememberedProfiles } from '../../store/connections/lab-profiles.ts';
import { startTestApi, type TestApi } from '../support/api.ts';
import { until } from '../support/until.ts';

const pem = (name: string) => readFileSync(join(import.meta.dirname, '../support/tls', name), 'utf8');
const frame = (text: string) => Buffer.from(`\x0b${text}\x1c\r`);

let api: TestApi;
const servers: MllpServer[] = [];
const sockets: Socket[] = [];

beforeAll(async () => {
  api = await startTestApi();
  await setLabConnection(api.store, {
    lab_slug: 'labcorp',
    environment: 'sandbox',
    orders: { kind: 'mllp', host: '127.0.0.1', port: 9, tls: null },
    acknowledges: 'answer',
    http: null,
    sftp: null,
    mllp: { addresses: ['127.0.0.0/8'], certificate: null },
  });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await server.stop();
});
afterAll(() => api.close());

async function start(isSecure: boolean): Promise<MllpServer> {
  const tls = { cert: Buffer.from(pem('server.cert.pem')), key: Buffer.from(pem('server.key.pem')) };
  const inbox = {
    store: api.store,
    profiles: rememberedProfiles(api.store, api.catalogue.laboratoriesBySlug),
    logger: pino({ level: 'silent' }),
    laboratories: api.catalogue.laboratoriesBySlug,
  };
  const patience = { stalled: 3_000, stopping: 100 };
  const server = await startMllpServer(inbox, { host: '127.0.0.1', port: 0, tls: isSecure ? tls : null }, patience);
  servers.push(server);
  return server;
}

function connected(port: number, isSecure: boolean): Socket {
  const to = { host: '127.0.0.1', port };
  const socket = isSecure ? connectTls({ ...to, ca: pem('server.cert.pem') }) : connect(to);
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

/** A message whose acknowledgment is almost as long as itself: it goes back to whoever sent it. */
const longMessage = (number: number) =>
  [
    `MSH|^~\\&|${'A'.repeat(15_000)}|LABCORP BURLINGTON|VENULE|1|20261101080000||ADT^A01|U-${number}|P|2.5.1`,
    'PID|1||1||Bell^Ana||19850312|F',
  ].join('\r');
const messages = Array.from({ length: 1_000 }, (_, number) => longMessage(number));
const frameOfMany = frame(messages.join('\r'));

/** Sends as long as it is let, and reads nothing. */
function sendForever(socket: Socket): { sent(): number; isClosed(): boolean } {
  socket.pause();
  let isClosed = false;
  socket.on('close', () => {
    isClosed = true;
  });
  const send = () => {
    while (!isClosed && socket.write(frameOfMany));
  };
  socket.on('drain', send);
  send();
  return { sent: () => socket.bytesWritten - socket.writableLength, isClosed: () => isClosed };
}

/** The acknowledgment of a message on a connection of its own. */
async function acknowledged(port: number, isSecure: boolean): Promise<string> {
  const socket = connected(port, isSecure);
  let heard = '';
  socket.on('data', (piece) => {
    heard += piece;
  });
  socket.write(frame(longMessage(-1)));
  await until(() => heard.endsWith('\x1c\r'));
  socket.destroy();
  return heard;
}

test.each([
  ['over TCP', false],
  ['over TLS', true],
])('%s, it is stopped, waited for, and closed; who comes next is answered', async (_on, isSecure) => {
  const { port } = await start(isSecure);
  expect(await acknowledged(port, isSecure)).toContain('MSA|AR|U--1');
  const before = process.memoryUsage().rss;
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 10);
  const mute = Array.from({ length: 4 }, () => sendForever(connected(port, isSecure)));
  await until(() => mute.every(({ sent }) => sent() > frameOfMany.length));
  expect(await acknowledged(port, isSecure)).toContain('MSA|AR|U--1');
  await until(() => mute.every(({ isClosed }) => isClosed()));
  clearInterval(watch);
  expect(await acknowledged(port, isSecure)).toContain('MSA|AR|U--1');
  // What the systems' buffers hold, and no more: each goes on to send for as long as it is taken.
  for (const { sent } of mute) expect(sent()).toBeLessThan(4 * frameOfMany.length);
  expect(most - before).toBeLessThan(4 * 10 * frameOfMany.length);
});
