/** The other side of the sandbox phlebotomy providers: takes their events. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** An event as it arrived. */
export interface ReceivedEvent {
  id: string;
  path: string;
  type: string;
  occurred_at: string;
  data: object;
  appointment: { id: string; status: string; start: string | null; updated_at: string };
}

/** Keeps the events that it took, and answers as told. */
export class EventReceiver {
  readonly taken: ReceivedEvent[] = [];
  /** Ids of all deliveries, those that were not taken included. */
  readonly deliveries: string[] = [];
  /** Answers for the deliveries to come; 204 when none is left. */
  answers: number[] = [];
  readonly #webhook: Webhook;
  #server: Server | undefined;
  #port = 0;

  /** Answers 401 to what is not signed with this secret. */
  constructor(secret: string) {
    this.#webhook = new Webhook(secret);
  }

  /** What the providers are given as the address for events. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/{provider}`;
  }

  get statuses(): string[] {
    return this.taken.map(({ appointment }) => appointment.status);
  }

  /** Listens; after a `close` on the same port again. */
  async open(): Promise<void> {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const id = String(request.headers['webhook-id']);
      this.deliveries.push(id);
      response.statusCode = this.answers.shift() ?? 204;
      try {
        const body = this.#webhook.verify(Buffer.concat(chunks), request.headers as Record<string, string>);
        if (response.statusCode === 204) {
          this.taken.push({ ...(body as ReceivedEvent), id, path: request.url ?? '' });
        }
      } catch {
        response.statusCode = 401;
      }
      response.end();
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
}
