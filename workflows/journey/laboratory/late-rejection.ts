/** The laboratory rejects an order that it had taken over (F4): the rejection waits here until the journey comes to it. */
import { patched, setHandler } from '@temporalio/workflow';
import type { RecordedEvent } from '../../../domain/orders/order.ts';
import { partner } from '../../../domain/principal.ts';
import { orderRejected } from '../../messages.ts';
import type { JourneyContext } from '../context.ts';
import type { EventLog } from '../event-log.ts';
import { writeToStore } from '../write-to-store.ts';
import type { LabOrdering } from './lab-ordering.ts';
import type { LabReports } from './lab-reports.ts';

export class LateRejection {
  readonly #journey: JourneyContext;
  readonly #log: EventLog;
  readonly #laboratory: LabOrdering;
  readonly #reports: LabReports;
  #words: string | undefined;

  constructor(journey: JourneyContext, log: EventLog, laboratory: LabOrdering, reports: LabReports) {
    this.#journey = journey;
    this.#log = log;
    this.#laboratory = laboratory;
    this.#reports = reports;
  }

  /** Hears the laboratory from now on. */
  listen(): void {
    setHandler(orderRejected, (words) => {
      this.#words ??= words;
    });
  }

  get isWaiting(): boolean {
    return this.#words !== undefined;
  }

  /** Whether the journey must come to a rejection before it continues as new. Those of before went on without it. */
  get isOwed(): boolean {
    return this.isWaiting && patched('rejection-before-renewal');
  }

  /** Cancels the order; one that has gone too far, or has any report, is left to a person. */
  async decide(): Promise<RecordedEvent | undefined> {
    const { order, history } = this.#journey;
    if (this.#reports.areThere || !history.mayBecome('cancelled')) {
      await this.leaveToPerson();
      return undefined;
    }
    this.#laboratory.rejected();
    const recorded = await this.#log.propose({
      status: 'cancelled',
      status_detail: 'fulfillment_error',
      reason: this.#reason,
      by: partner(order.lab_slug),
    });
    // Where something else is recorded, it is decided again.
    if (recorded?.status === 'cancelled') this.#words = undefined;
    return recorded;
  }

  /** Has a person call the laboratory: the order goes on, or has ended. A canceled one is as the laboratory wants it. */
  async leaveToPerson(): Promise<void> {
    const { order, history, trouble } = this.#journey;
    const reason = this.#reason;
    this.#words = undefined;
    if (history.status === 'cancelled') return;
    trouble(`${reason} Call the laboratory: this order ${history.isEnded ? 'has ended' : 'goes on'}.`);
    if (patched('rejections-kept')) await writeToStore('keepRejection', order.id);
  }

  get #reason(): string {
    return `${this.#journey.order.lab_slug} rejected the order after it had accepted it: ${this.#words}`;
  }
}
