/** A server of the other side that can go away, and come back on the same port. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export abstract class ReceivingServer {
  #server: Server | undefined;
  #port = 0;

  /** Where it listens, without a path. */
  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens; after a `close` on the same port again. */
  async open(): Promise<void> {
    this.#server = createServer(async (request, response) => {
      this.receive(await buffer(request), request, response);
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (!this.#server) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
    this.#server = undefined;
  }

  /** Takes what was sent, and answers. */
  protected abstract receive(body: Buffer, request: IncomingMessage, response: ServerResponse): void;
}
