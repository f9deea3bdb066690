/** What has become of an order so far, as its journey knows it. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { Order, RecordedEvent } from '../../domain/orders/order.ts';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';
import { isEnded, mayFollow } from '../../domain/orders/transitions.ts';

export class OrderHistory {
  readonly #method: Order['collection_method'];
  readonly #events: RecordedEvent[];

  /** @param events What is recorded already. */
  constructor({ collection_method }: Order, events: readonly RecordedEvent[]) {
    this.#method = collection_method;
    this.#events = [...events];
  }

  get events(): RecordedEvent[] {
    return this.#events;
  }

  /** @throws ApplicationFailure before the first event */
  get last(): RecordedEvent {
    const last = this.#events.at(-1);
    if (!last) throw ApplicationFailure.nonRetryable('The order has no event yet', 'IllegalTransition');
    return last;
  }

  get status(): OrderLowLevelStatus {
    return this.last.status;
  }

  get isEnded(): boolean {
    return this.#events.length > 0 && this.isEnd(this.status);
  }

  /** Whether nothing but a correction follows a status. */
  isEnd(status: OrderLowLevelStatus): boolean {
    return isEnded(status, this.#method);
  }

  /** Whether the order was ever in a status. */
  has(status: OrderLowLevelStatus): boolean {
    return this.#events.some((event) => event.status === status);
  }

  mayBecome(status: OrderLowLevelStatus): boolean {
    return mayFollow(this.#method, this.status, status);
  }
}
