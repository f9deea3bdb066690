/** What a journey says to its laboratory: the order, until it is decided, and its cancellation (F4). */
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
} from '@temporalio/workflow';
import type { Activities, Fulfilment } from '../../../activities/types.ts';
import type { Order } from '../../../domain/orders/order.ts';
import type { JourneyPolicy } from '../../../domain/policy.ts';
import { rootMessage } from '../../failures.ts';
import type { BackgroundTask } from '../background-tasks.ts';

export class LabOrdering {
  readonly #order: Order;
  readonly #policy: JourneyPolicy;
  readonly #rules: number;
  readonly #trouble: (message: string) => void;
  #mayHoldOrder: boolean;
  #submission: CancellationScope | undefined;
  /** Settled when the order message that is under way is decided. */
  #decision: Promise<unknown> | undefined;

  /**
   * @param journey `rules` is the number of its rules (domain/rules.ts), `trouble` notes for engineers what did not
   * succeed, and `mayHoldOrder` says whether the laboratory may have been told of the order before.
   */
  constructor(
    order: Order,
    policy: JourneyPolicy,
    { rules, trouble, mayHoldOrder }: { rules: number; trouble: (message: string) => void; mayHoldOrder: boolean },
  ) {
    this.#order = order;
    this.#policy = policy;
    this.#rules = rules;
    this.#trouble = trouble;
    this.#mayHoldOrder = mayHoldOrder;
  }

  /** Whether the laboratory may hold the order, so that a cancellation has to reach it too. */
  get mayHoldOrder(): boolean {
    return this.#mayHoldOrder;
  }

  /** Sends the order to the lab until the lab has decided, or the policy's patience is at its end. */
  async submit(): Promise<Fulfilment> {
    const { id, placer_order_number, lab_slug } = this.#order;
    const { submitOrder } = proxyActivities<Activities>({
      startToCloseTimeout: 2 * this.#policy.partner_call,
      // The activity gives up earlier, so that the last words are the lab's; this is for when no worker runs.
      scheduleToCloseTimeout:
        this.#policy.lab_tried_for + this.#policy.partner_retry_longest + 2 * this.#policy.partner_call,
      cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
      retry: {
        initialInterval: this.#policy.partner_retry_first,
        maximumInterval: this.#policy.partner_retry_longest,
        backoffCoefficient: 2,
      },
      summary: `Order ${placer_order_number} to ${lab_slug}`,
    });
    this.#mayHoldOrder = true;
    this.#submission = new CancellationScope({ cancellable: true });
    try {
      const decision = this.#submission.run(() => submitOrder(id, this.#policy.lab_tried_for));
      this.#decision = decision;
      const fulfilment = await decision;
      this.#mayHoldOrder = fulfilment.accepted;
      return fulfilment;
    } catch (failure) {
      if (!(failure instanceof ActivityFailure)) throw failure;
      const words = isCancellation(failure) ? 'Canceled before the lab had decided.' : rootMessage(failure);
      return { accepted: false, words };
    } finally {
      this.#submission = undefined;
      this.#decision = undefined;
    }
  }

  /** The laboratory has rejected the order after all: it holds none. */
  rejected(): void {
    this.#mayHoldOrder = false;
  }

  /** Lets the attempt that is under way finish, and prevents the next one. */
  interrupt(): void {
    this.#submission?.cancel();
  }

  /** Cancels the order at the lab, however often it takes; after an order message that is under way. */
  cancel(): BackgroundTask {
    const { lab_slug, placer_order_number } = this.#order;
    return {
      doing: `${lab_slug} to cancel requisition ${placer_order_number}`,
      done: this.#tellOfCancellation(),
      ifItFails: `Requisition ${placer_order_number} could not be canceled at ${lab_slug}. Call the lab and cancel it there; any results it reports will wait in the inbox.`,
    };
  }

  async #tellOfCancellation(): Promise<void> {
    if (this.#decision) {
      this.interrupt();
      await this.#decision.catch(() => undefined);
      if (!this.#mayHoldOrder) return;
    }
    const { id, lab_slug, placer_order_number } = this.#order;
    const { cancelAtLab } = proxyActivities<Activities>({
      startToCloseTimeout: 2 * this.#policy.partner_call,
      scheduleToCloseTimeout: this.#policy.undo_tried_for,
      retry: { initialInterval: this.#policy.partner_retry_first, maximumInterval: this.#policy.partner_retry_longest },
      summary: `Cancel ${placer_order_number} at ${lab_slug}`,
    });
    const { too_late } = await cancelAtLab(id);
    if (too_late === null) return;
    const words = `${lab_slug} says it is too late to cancel: ${too_late}`;
    if (this.#rules >= 2) throw ApplicationFailure.nonRetryable(words, 'CancellationRefused');
    this.#trouble(words);
  }
}
