/** The laboratories' side of MLLP: orders come in, results go out, each in a frame. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { finished } from 'node:stream/promises';

const VT = '\x0b';
const END = '\x1c\r';
/** How long a message can be, in characters. */
const LONGEST = 1024 * 1024;

/** A server for orders. */
export interface MllpOrders {
  port: number;
  close(): Promise<void>;
}

/** @param answer What is answered to a message; null to break the connection off. */
export async function openMllp(
  { port, host }: { port: number; host: string },
  answer: (message: string) => Promise<string | null>,
): Promise<MllpOrders> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    void (async () => {
      for await (const message of messagesOf(socket)) {
        const text = await answer(message);
        if (text === null) return;
        socket.write(VT + text + END);
      }
    })()
      .catch(() => undefined)
      .finally(() => socket.destroySoon());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** Sends one message, and gives back its answer. @throws when there is none */
export async function sendByMllp(address: string, message: string, signal: AbortSignal): Promise<string> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  const end = () => socket.destroy(new Error('no answer in time'));
  signal.addEventListener('abort', end);
  try {
    socket.write(VT + message + END);
    for await (const answer of messagesOf(socket)) return answer;
    throw new Error('the connection was closed without an answer');
  } finally {
    signal.removeEventListener('abort', end);
    socket.destroy();
  }
}

/** Sends one message that is not answered. @throws when it could not be sent */
export async function sendUnanswered(address: string, message: string, signal: AbortSignal): Promise<void> {
  const { hostname, port } = new URL(address);
  const socket = connect({ port: Number(port), host: hostname, signal });
  socket.end(VT + message + END);
  await finished(socket.resume());
}

async function* messagesOf(socket: Socket): AsyncGenerator<string> {
  let heard = '';
  for await (const piece of socket.setEncoding('utf8') as AsyncIterable<string>) {
    heard += piece;
    if (heard.length > LONGEST) throw new Error('the message is too long');
    for (let end = heard.indexOf(END); end >= 0; end = heard.indexOf(END)) {
      const start = heard.indexOf(VT);
      if (start >= 0 && start < end) yield heard.slice(start + 1, end);
      heard = heard.slice(end + END.length);
    }
  }
}
