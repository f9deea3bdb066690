/** Ports that are free, and stay the same from one start to the next. */
import { createConnection, createServer } from 'node:net';

/** A port on this machine that nobody listens on. */
export function freePort(): Promise<number> {
  return listenOn(0) as Promise<number>;
}

/** What is known about a part’s port before it starts. */
export interface PortWish {
  /** The variable that sets it, for the message. */
  variable: string;
  /** What the variable says: 0 for any free one, undefined where it is not set. */
  asked: number | undefined;
  /** Taken when nothing was asked for. */
  usual: number;
  /** The port at the last start with this data folder. */
  last: number | undefined;
}

/**
 * The port for a part: the one asked for; else that of the last start; else the usual one, unless 0 asks for a free
 * one; else a free one.
 *
 * @throws Error naming the variable when the port that was asked for is taken
 */
export async function choosePort({ variable, asked, usual, last }: PortWish): Promise<number> {
  if (asked) {
    if (await listenOn(asked)) return asked;
    throw new Error(`Port ${asked} is taken: set ${variable} to another port, or to 0 for a free one.`);
  }
  if (last && (await listenOn(last))) return last;
  if (asked === undefined && (await listenOn(usual))) return usual;
  return freePort();
}

/** Whether somebody on this machine listens on the port. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function listenOn(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const { port: bound } = server.address() as { port: number };
      server.close(() => resolve(bound));
    });
  });
}
