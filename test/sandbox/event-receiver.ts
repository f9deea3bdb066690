/** The other side of the sandbox phlebotomy providers: takes their events. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { ReceivingServer } from './receiving-server.ts';

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
export class EventReceiver extends ReceivingServer {
  readonly taken: ReceivedEvent[] = [];
  /** Ids of all deliveries, those that were not taken included. */
  readonly deliveries: string[] = [];
  /** Answers for the deliveries to come; 204 when none is left. */
  answers: number[] = [];
  readonly #webhook: Webhook;

  /** Answers 401 to what is not signed with this secret. */
  constructor(secret: string) {
    super();
    this.#webhook = new Webhook(secret);
  }

  /** What the providers are given as the address for events. */
  get url(): string {
    return `${this.origin}/{provider}`;
  }

  get statuses(): string[] {
    return this.taken.map(({ appointment }) => appointment.status);
  }

  protected override receive(body: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const id = String(request.headers['webhook-id']);
    this.deliveries.push(id);
    response.statusCode = this.answers.shift() ?? 204;
    try {
      const event = this.#webhook.verify(body, request.headers as Record<string, string>);
      if (response.statusCode === 204) {
        this.taken.push({ ...(event as ReceivedEvent), id, path: request.url ?? '' });
      }
    } catch {
      response.statusCode = 401;
    }
    response.end();
  }
}
