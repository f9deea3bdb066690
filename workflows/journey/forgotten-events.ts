/** What the store holds and a crash made the journey forget (docs/decisions/0001). */
import { setHandler } from '@temporalio/workflow';
import type { RecordedAppointment } from '../../domain/appointments/appointment-command.ts';
import { storeIsAhead } from '../messages.ts';
import type { JourneyContext } from './context.ts';
import type { EventLog } from './event-log.ts';
import type { LabOrdering } from './laboratory/lab-ordering.ts';

export class ForgottenEvents {
  readonly #journey: JourneyContext;
  readonly #log: EventLog;
  readonly #laboratory: LabOrdering;
  readonly #waiting: RecordedAppointment[] = [];

  constructor(journey: JourneyContext, log: EventLog, laboratory: LabOrdering) {
    this.#journey = journey;
    this.#log = log;
    this.#laboratory = laboratory;
  }

  /** Hears of them from now on. */
  listen(): void {
    setHandler(storeIsAhead, (recorded) => {
      this.#waiting.push(recorded);
      if (recorded.order_events.some(({ status }) => this.#journey.history.isEnd(status))) this.#laboratory.interrupt();
    });
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Makes them part of the journey, as if they had just been written. */
  adopt(): void {
    const { history } = this.#journey;
    for (const { appointment, order_events } of this.#waiting.splice(0)) {
      if (appointment) this.#log.adoptAppointment(appointment);
      for (const event of order_events) {
        if (event.number === history.events.length + 1) this.#log.adopt(event);
      }
    }
  }
}
