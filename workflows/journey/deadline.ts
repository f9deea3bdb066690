/** How long results are awaited (F1). */
import { sleep } from '@temporalio/workflow';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';
import { now } from '../clock.ts';
import type { JourneyContext } from './context.ts';
import type { Decision } from './event-log.ts';

const EXPIRED = 'The requisition expired: no results arrived in time.';

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
  return inTheLab
    ? { status: 'completed', reason: 'The lab sent no further results in time.', yields_to_reports: true }
    : { status: 'cancelled', reason: EXPIRED, yields_to_reports: true };
}

/** Whether the store gave another reason: it names reports that were set aside, and somebody has to look at them (G2). */
export const namesReports = (reason: string) => reason !== EXPIRED;
