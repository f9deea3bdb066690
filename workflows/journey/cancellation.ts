/** The cancellation of an order: whoever asks for it waits until the journey comes to it. */
import { ApplicationFailure, CancellationScope, condition, setHandler } from '@temporalio/workflow';
import { positionOf } from '../../domain/orders/journey-position.ts';
import type { RecordedEvent } from '../../domain/orders/order.ts';
import { refusedTransition } from '../../domain/orders/transitions.ts';
import { AN_ENGINEER, type Principal, THE_JOURNEY } from '../../domain/principal.ts';
import type { Collection } from '../collection/collection.ts';
import { cancelOrder } from '../messages.ts';
import { shielded } from '../shielded.ts';
import type { JourneyContext } from './context.ts';
import type { EventLog } from './event-log.ts';
import type { LabOrdering } from './laboratory/lab-ordering.ts';

export class Cancellation {
  readonly #journey: JourneyContext;
  readonly #log: EventLog;
  readonly #laboratory: LabOrdering;
  readonly #collection: Collection;
  #isRequested = false;
  #requestedBy: Principal = THE_JOURNEY;

  constructor(journey: JourneyContext, log: EventLog, laboratory: LabOrdering, collection: Collection) {
    this.#journey = journey;
    this.#log = log;
    this.#laboratory = laboratory;
    this.#collection = collection;
  }

  /** Hears callers from now on, and an engineer who cancels the workflow: that means the order. */
  listen(): void {
    const { rules, history } = this.#journey;
    setHandler(
      cancelOrder,
      shielded(rules, async (by: Principal | undefined) => {
        this.#request(by);
        await condition(() => !this.#isRequested);
        if (history.status !== 'cancelled') throw this.#refusal();
        return history.status;
      }),
      {
        validator: (_by) => {
          if (history.events.length > 0 && !history.mayBecome('cancelled')) throw this.#refusal();
        },
      },
    );
    CancellationScope.current().cancelRequested.catch(() => this.#request(AN_ENGINEER));
  }

  get isRequested(): boolean {
    return this.#isRequested;
  }

  /**
   * Does what a caller asked, if it may still be done; answers the caller either way.
   * @returns The order's last event; undefined when it goes on.
   */
  async decide(): Promise<RecordedEvent | undefined> {
    const { history } = this.#journey;
    if (history.mayBecome('cancelled')) {
      await this.#log.propose({ status: 'cancelled', reason: 'Canceled on request.', by: this.#requestedBy });
    }
    if (!history.mayBecome('cancelled')) this.#isRequested = false;
    return history.isEnded ? history.last : undefined;
  }

  /** The order has ended, whoever brought that about: callers are answered. */
  orderEnded(): void {
    this.#isRequested = false;
  }

  /** Tells the laboratory and whoever collects that the order is cancelled; doing it again changes nothing (F10). */
  carryOut(): void {
    const { backgroundTasks } = this.#journey;
    if (this.#laboratory.mayHoldOrder) backgroundTasks.runInBackground(this.#laboratory.cancel());
    const undo = this.#collection.orderCancelled?.();
    if (undo) backgroundTasks.runInBackground(undo);
  }

  #request(by: Principal = THE_JOURNEY): void {
    if (this.#journey.history.isEnded) return;
    if (!this.#isRequested) this.#requestedBy = by;
    this.#isRequested = true;
    this.#laboratory.interrupt();
  }

  /** A refusal says what the journey knows, as the store may hold more (docs/decisions/0001). */
  #refusal(): ApplicationFailure {
    const { history } = this.#journey;
    const message = refusedTransition(history.status, 'cancelled');
    const known = positionOf(history.events, this.#collection.appointment ?? null);
    return ApplicationFailure.nonRetryable(message, 'OrderNotCancellable', known);
  }
}
