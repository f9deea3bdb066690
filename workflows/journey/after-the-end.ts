/** What a journey still sees to when its order has ended. */
import { allHandlersFinished, CancellationScope, condition } from '@temporalio/workflow';
import { now } from '../clock.ts';
import type { JourneyParts } from './parts.ts';
import { WAIT_FOR_CONSEQUENCES, type Wait } from './waits.ts';

export class AfterTheEnd {
  readonly #parts: JourneyParts;

  constructor(parts: JourneyParts) {
    this.#parts = parts;
  }

  /**
   * Does something else (a redraw, a mail still to be sent) while reports that come too late are kept, not lost. An
   * engineer's cancellation of the workflow came too late for the order by then, and stops nothing.
   * @throws whatever `work` throws.
   */
  runWhileHandlingMessages<T>(wait: Wait, work: () => Promise<T>): Promise<T> {
    const { collection, log, reports, rejection, forgotten, card } = this.#parts;
    const isSomebodyWaiting = () =>
      reports.isWaiting || reports.isReadAnew || rejection.isWaiting || forgotten.isWaiting || collection.hasWork;
    return CancellationScope.nonCancellable(async () => {
      card.describe(wait);
      let settled = false;
      const done = work().finally(() => {
        settled = true;
      });
      done.catch(() => {});
      while (!settled || isSomebodyWaiting()) {
        await condition(() => settled || isSomebodyWaiting());
        await reports.setAside();
        await reports.setAsideNewReadings();
        if (rejection.isWaiting) await rejection.leaveToPerson();
        forgotten.adopt();
        if (collection.hasWork) await log.recordNext();
      }
      return done;
    });
  }

  /**
   * Waits until all that follows from the journey's events has come to its end: mails sent, the lab told of a
   * cancellation, and an appointment that outlives its order (F7) over or overdue.
   * @throws ApplicationFailure `CancellationNotDelivered` when anything of it failed for good (G3): what, and what a person
   * must do; the details are the order's last event.
   */
  async conclude(): Promise<void> {
    const { backgroundTasks, history } = this.#parts;
    do {
      do {
        await this.runWhileHandlingMessages(WAIT_FOR_CONSEQUENCES, async () => {
          await backgroundTasks.settled();
          await condition(allHandlersFinished);
        });
      } while (backgroundTasks.open.length > 0);
    } while (await this.#collectionWentOn());
    this.#parts.card.describe({ what: 'nothing, the journey has ended' });
    backgroundTasks.throwFailures(history.last);
  }

  /**
   * Waits for what becomes of a collection that outlives its order.
   * @returns Whether anything did; false when there is nothing of the kind, or nobody has said what became of it.
   */
  async #collectionWentOn(): Promise<boolean> {
    const { backgroundTasks, collection } = this.#parts;
    const aftermath = collection.outlivesOrder;
    if (!aftermath) return false;
    const { wait, summary, wentOn } = aftermath;
    const left = wait.until - now();
    if (left <= 0) return false;
    const anything = await this.runWhileHandlingMessages(wait, () => condition(wentOn, left, { summary }));
    if (anything) return true;
    const ended = aftermath.giveUp();
    if (ended) backgroundTasks.runInBackground(ended);
    return ended !== null;
  }
}
