/** Ports that are free, and stay the same from one start to the next. */
import { createConnection } from 'node:net';
import getPort from 'get-port';

const host = '127.0.0.1';

/** A port on this machine that nobody listens on, and that this process was not given a moment ago. */
export const freePort = (): Promise<number> => getPort({ host });

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
 * one; else a free one. No two parts get the same.
 *
 * @throws Error naming the variable when the port that was asked for is taken
 */
export async function choosePort({ variable, asked, usual, last }: PortWish): Promise<number> {
  if (asked) {
    if ((await getPort({ host, port: asked })) === asked) return asked;
    throw new Error(`Port ${asked} is taken: set ${variable} to another port, or to 0 for a free one.`);
  }
  return getPort({ host, port: [...(last ? [last] : []), ...(asked === undefined ? [usual] : [])] });
}

/** Whether somebody on this machine listens on the port. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, host);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
