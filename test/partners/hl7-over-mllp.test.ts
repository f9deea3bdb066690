/** The conversation with a laboratory over MLLP, with a server that answers as labs do on good and bad days. */
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Acknowledges, ClientTls } from '../../domain/catalogue/lab-connection.ts';
import { writeAcknowledgement } from '../../partners/labs/formats/hl7v2/hl7-acknowledgement.ts';
import { orderMessage } from '../../partners/labs/formats/hl7v2/hl7-order-message.ts';
import { adapterFor } from '../../partners/labs/registry.ts';
import { PartnerUnreachable } from '../../partners/partner-unreachable.ts';
import { labOrder } from './lab-order.ts';

const order = labOrder('labcorp', ['glucose']);
const never = new AbortController().signal;
const sentAt = '2026-11-21T08:00:04.000Z';
const pem = (name: string) => readFileSync(join(import.meta.dirname, '../support/tls', name), 'utf8');
const frame = (text: string) => `\x0b${text}\x1c\r`;

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** A laboratory on a port of its own. */
async function laboratory(hear: (body: string, socket: Socket) => void, tls?: object): Promise<number> {
  const serve = (socket: Socket) => {
    let heard = '';
    socket.on('error', () => undefined);
    socket.on('data', (piece) => {
      heard += piece;
      if (heard.endsWith('\x1c\r')) hear(heard.slice(1, -2), socket);
    });
  };
  const server = tls ? createTlsServer(tls, serve) : createServer(serve);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function submit(
  port: number,
  more: { tls?: ClientTls; timeoutMs?: number; acknowledges?: Acknowledges; signal?: AbortSignal } = {},
) {
  const { tls = null, timeoutMs = 5_000, acknowledges = 'answer', signal = never } = more;
  const orders = { kind: 'mllp', host: '127.0.0.1', port, tls } as const;
  return adapterFor('labcorp', orders).submit(order, { orders, acknowledges, timeoutMs }, signal);
}

async function failure(...given: Parameters<typeof submit>): Promise<PartnerUnreachable> {
  const error = await submit(...given).then(
    (answer) => answer,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PartnerUnreachable) return error;
  throw error;
}

const answering =
  (code: 'AA' | 'AR', cut?: number) =>
  async (body: string, socket: Socket): Promise<void> => {
    const bytes = Buffer.from(frame(writeAcknowledgement(body, { code, text: 'words' }, sentAt)));
    const step = cut ?? bytes.length;
    for (let at = 0; at < bytes.length; at += step) {
      socket.write(bytes.subarray(at, at + step));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

test('A3: the order goes out in a frame, and the answer is the lab’s decision, in one piece or byte by byte', async () => {
  const heard: string[] = [];
  const port = await laboratory((body, socket) => {
    heard.push(body);
    answering(heard.length === 1 ? 'AA' : 'AR', heard.length === 1 ? undefined : 1)(body, socket);
  });
  expect(await submit(port)).toMatchObject({ code: 'AA', text: 'words' });
  expect(await submit(port)).toMatchObject({ code: 'AR', text: 'words' });
  expect(heard[0]).toBe(orderMessage({ ...order, purpose: 'NW' }));
});

test('what acknowledges another message is passed over', async () => {
  const port = await laboratory(async (body, socket) => {
    socket.write(frame('MSH|^~\\&|L|L|V|1|||ACK|1|P|2.5.1\rMSA|AR|0000'));
    await answering('AA')(body, socket);
  });
  expect(await submit(port)).toMatchObject({ code: 'AA' });
});

test('over TLS, with the authority of its connection and our certificate', async () => {
  const certificates: (string | undefined)[] = [];
  const port = await laboratory(
    (body, socket) => {
      certificates.push((socket as TLSSocket).getPeerX509Certificate()?.subject);
      answering('AA')(body, socket);
    },
    {
      cert: pem('server.cert.pem'),
      key: pem('server.key.pem'),
      ca: pem('laboratory.cert.pem'),
      requestCert: true,
      rejectUnauthorized: true,
    },
  );
  const ours = { certificate: pem('laboratory.cert.pem'), key: pem('laboratory.key.pem') };
  expect(await submit(port, { tls: { ca: pem('server.cert.pem'), ...ours } })).toMatchObject({ code: 'AA' });
  expect(certificates).toEqual(['CN=laboratory.example']);
  // A server that nobody vouches for is not told of patients.
  expect(await failure(port, { tls: { ca: null, ...ours } })).toMatchObject({ fault: 'connection' });
});

describe('F4: a laboratory that gives no decision is tried again', () => {
  test('when nothing listens', async () => {
    const port = await laboratory(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await failure(port)).toMatchObject({
      fault: 'connection',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('when it closes without an answer, or breaks off within one', async () => {
    const closing = await laboratory((_, socket) => socket.end());
    expect(await failure(closing)).toMatchObject({ fault: 'connection' });
    const breaking = await laboratory((_, socket) => socket.end('\x0bMSH|^~\\&|'));
    expect(await failure(breaking)).toMatchObject({ fault: 'connection' });
  });

  test('when no answer comes in time', async () => {
    const port = await laboratory(() => undefined);
    expect(await failure(port, { timeoutMs: 100 })).toMatchObject({ fault: 'timeout' });
  });

  test('when only other messages are acknowledged', async () => {
    const port = await laboratory((_, socket) => socket.write(frame('MSH|^~\\&|L|L|V|1|||ACK|1|P|2.5.1\rMSA|AA|0000')));
    expect(await failure(port, { timeoutMs: 200 })).toMatchObject({
      fault: 'answer',
      message: expect.stringContaining('MSA-2'),
    });
  });

  test('when the answer has no end, of which no more is kept than of any', async () => {
    const port = await laboratory((_, socket) => {
      socket.write('\x0b');
      const part = Buffer.alloc(1024 * 1024, 'A');
      const more = () => {
        while (!socket.destroyed && socket.write(part));
      };
      socket.on('drain', more);
      more();
    });
    expect(await failure(port, { timeoutMs: 500 })).toMatchObject({ fault: 'timeout' });
  });

  test('the caller’s own abort is passed on as it is', async () => {
    const stop = new AbortController();
    const port = await laboratory(() => stop.abort(new Error('worker stops')));
    await expect(submit(port, { signal: stop.signal })).rejects.toThrow('worker stops');
    await expect(submit(port, { signal: stop.signal })).rejects.toThrow('worker stops');
  });
});
