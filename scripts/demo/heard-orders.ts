/** What the demo hears of its orders, told as it comes and waited for. */
import { setTimeout as pause } from 'node:timers/promises';
import type { News, ToldOrder } from './news.ts';

/** How long the demo waits for one thing to happen, in milliseconds. */
const PATIENCE = 60_000;

/** One line of the timeline. */
export interface Moment {
  at: Date;
  /** Whose doing it was: ours, an order’s, or the mail server’s. */
  who: 'demo' | 'initial' | 'redraw' | 'mail';
  /** The order’s new status, what we did, or what the mail is for. */
  what: string;
  note: string;
}

/** Something is not as it should be; the message says what. */
export class NotAsExpected extends Error {
  override name = 'NotAsExpected';
}

/** The demo’s orders as news tell of them. */
export class Orders {
  readonly #tell: (moment: Moment) => void;
  readonly #orders = new Map<string, ToldOrder>();
  #failure: Error | undefined;

  constructor(tell: (moment: Moment) => void) {
    this.#tell = tell;
  }

  knows(orderId: string): boolean {
    return this.#orders.has(orderId);
  }

  /** Webhooks may come twice and in any order: each event counts once, when it is first heard of. */
  hear({ order, webhook }: News): void {
    const known = this.#orders.get(order.id);
    const fresh = order.events.slice(known?.events.length ?? 0);
    if (known && fresh.length === 0) return;
    this.#orders.set(order.id, order);
    for (const event of fresh) {
      const status = lowLevel(event.status);
      const latest = event === fresh.at(-1);
      const told = webhook && latest ? webhook : webhook ? 'partial: no webhook is sent' : '';
      const why = [event.status_detail, event.reason].filter(Boolean).join(': ');
      this.#tell({
        at: new Date(event.created_at),
        who: order.origin === 'redraw' ? 'redraw' : 'initial',
        what: status,
        note: [MEANING[status], why, told && `(${told})`].filter(Boolean).join(' '),
      });
    }
  }

  fail(failure: Error): void {
    this.#failure ??= failure;
  }

  /** Waits until the order has that status. @throws NotAsExpected when it takes too long or the order ends elsewhere */
  async reaches(orderId: string, status: string): Promise<ToldOrder> {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      if (this.#failure) throw this.#failure;
      const order = this.#orders.get(orderId);
      const statuses = order?.events.map((event) => lowLevel(event.status)) ?? [];
      if (order && statuses.includes(status)) return order;
      const last = statuses.at(-1) ?? 'unheard of';
      expect(!ENDINGS.includes(last), `Order ${orderId} ended ${last} instead of reaching ${status}`);
      expect(Date.now() < deadline, `Order ${orderId} is ${last} after a minute; ${status} was expected`);
      await pause(25);
    }
  }
}

const ENDINGS = ['cancelled', 'completed', 'sample_error', 'redraw_available'];

const MEANING: Record<string, string> = {
  ordered: 'accepted',
  requisition_created: 'the lab has the order',
  appointment_pending: 'a visit was requested',
  appointment_scheduled: 'the visit is scheduled',
  draw_completed: 'the specimen was drawn',
  partial_results: 'some results are in',
  redraw_available: 'a redraw was ordered for the rest',
  completed: 'all results are in',
};

const lowLevel = (status: string) => status.split('.').at(-1) ?? status;

/** @throws NotAsExpected with these words when it does not hold */
export function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new NotAsExpected(otherwise);
}
