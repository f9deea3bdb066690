/** The laboratory rejects an order that it had taken over (F4): the rejection waits here until the journey comes to it. */
import { setHandler } from '@temporalio/workflow';
import type { RecordedEvent } from '../../../domain/orders/order.ts';
import { partner } from '../../../domain/principal.ts';
import { orderRejected } from '../../messages.ts';
import type { JourneyContext } from '../context.ts';
import type { EventLog } from '../event-log.ts';
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

  /** Cancels the order; one that has gone too far, or has any report, is left to a person. */
  async decide(): Promise<RecordedEvent | undefined> {
    const { order, history, trouble } = this.#journey;
    const reason = `${order.lab_slug} rejected the order after it had accepted it: ${this.#words}`;
    this.#words = undefined;
    if (this.#reports.areThere || !history.mayBecome('cancelled')) {
      trouble(`${reason} Call the laboratory: this order goes on.`);
      return undefined;
    }
    this.#laboratory.rejected();
    return this.#log.propose({
      status: 'cancelled',
      status_detail: 'fulfillment_error',
      reason,
      by: partner(order.lab_slug),
    });
  }
}
