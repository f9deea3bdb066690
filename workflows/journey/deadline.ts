/** How long results are awaited (F1). */
import { sleep } from '@temporalio/workflow';
import { EXPIRY_REASONS } from '../../domain/orders/expiry-reasons.ts';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';
import { now } from '../clock.ts';
import type { JourneyContext } from './context.ts';
import type { Decision } from './event-log.ts';

export class Deadline {
  #at = Number.POSITIVE_INFINITY;
  #isPast = false;

  /** Milliseconds since 1970. */
  get at(): number {
    return this.#at;
  }

  get isPast(): boolean {
    return this.#isPast;
  }

  /** Awaits results from the day of the requisition on, for as long as the policy says. */
  start({ order, policy, history }: JourneyContext): void {
    const { requisition_valid, results_awaited_longer } = policy;
    const requisition = history.events.find((event) => event.status === 'requisition_created') ?? history.last;
    const passed = now() - Date.parse(requisition.created_at);
    const left = requisition_valid[order.collection_method] + results_awaited_longer - passed;
    this.#at = now() + left;
    void sleep(Math.max(1, left), { summary: 'Deadline for results' }).then(() => {
      this.#isPast = true;
    });
  }
}

/** What the deadline does to an order: with anything drawn or reported it completes as it is, else it is cancelled. */
export function expiryOf(status: OrderLowLevelStatus): Decision {
  const inTheLab = status === 'partial_results' || status === 'draw_completed';
  const ending = inTheLab ? 'completed' : 'cancelled';
  return { status: ending, reason: EXPIRY_REASONS[ending].nothing_came, yields_to_reports: true };
}
