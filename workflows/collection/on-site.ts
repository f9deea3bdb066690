/** Drawing where the patient is: at a clinic, at work. Whoever draws says so; a report of the laboratory shows it, too (G2). */
import { ApplicationFailure, condition, patched, setHandler } from '@temporalio/workflow';
import { positionOf } from '../../domain/orders/journey-position.ts';
import { refusedTransition } from '../../domain/orders/transitions.ts';
import { type Principal, partner } from '../../domain/principal.ts';
import { showsDraw } from '../../domain/results/draw-evidence.ts';
import type { ReportDigest } from '../../domain/results/report-progress.ts';
import type { JourneyContext } from '../journey/context.ts';
import { type Wait, waitForResults } from '../journey/waits.ts';
import { drawCompleted } from '../messages.ts';
import { shielded } from '../shielded.ts';
import type { Admission, Collection, OrderStep } from './collection.ts';

/** Somebody who says that the specimen is drawn. */
interface Caller {
  by: Principal | undefined;
  isAnswered: boolean;
}

export class OnSite implements Collection {
  readonly #journey: JourneyContext;
  readonly #callers: Caller[] = [];

  constructor(journey: JourneyContext) {
    this.#journey = journey;
  }

  listen(): void {
    const { rules, history } = this.#journey;
    setHandler(
      drawCompleted,
      shielded(rules, async (by: Principal | undefined) => {
        const caller: Caller = { by, isAnswered: false };
        this.#callers.push(caller);
        await condition(() => caller.isAnswered);
        if (!history.has('draw_completed')) throw this.#refused();
        return history.status;
      }),
      {
        validator: (_by) => {
          const isDrawn = history.events.length > 0 && history.status === 'draw_completed';
          if (!isDrawn && !this.#mayBeDrawn) throw this.#refused();
        },
      },
    );
  }

  get hasWork(): boolean {
    return this.#callers.length > 0;
  }

  async next(): Promise<OrderStep[]> {
    const caller = this.#callers.shift();
    if (!caller) return [];
    const answer = () => {
      caller.isAnswered = true;
    };
    return [{ statuses: () => this.#draw, by: caller.by, recorded: answer }];
  }

  admits(): Admission {
    return { reports: 'taken' };
  }

  /** What has a value of what was ordered was drawn, even if nobody has said so. */
  drawShownBy(early: readonly ReportDigest[]): OrderStep | null {
    const { order } = this.#journey;
    // There is no visit: what was collected before the day of the order was not collected for it.
    const earliest = { start_at: order.created_at, time_zone: order.options.time_zone };
    const isShown = early.some((report) => showsDraw(report, earliest));
    // Orders of before set such reports aside, and open ones may have done so already.
    if (!isShown || !this.#mayBeDrawn || !patched('on-site-draw-shown')) return null;
    const reason = 'The laboratory has reported: the specimen was drawn.';
    return { statuses: () => this.#draw, reason, by: partner(order.lab_slug) };
  }

  waitsFor(_waiting: readonly ReportDigest[], until: number): Wait {
    const { order, history } = this.#journey;
    return waitForResults(order, history.status, until) ?? { ...WAIT_FOR_CALLER, until };
  }

  get #mayBeDrawn(): boolean {
    const { history } = this.#journey;
    return history.events.length > 0 && history.mayBecome('draw_completed');
  }

  get #draw(): 'draw_completed'[] {
    return this.#mayBeDrawn ? ['draw_completed'] : [];
  }

  /** A refusal says what the journey knows, as the store may hold more (docs/decisions/0001). */
  #refused(): ApplicationFailure {
    const { history } = this.#journey;
    const from = history.events.length > 0 ? history.status : 'ordered';
    const message = refusedTransition(from, 'draw_completed');
    return ApplicationFailure.nonRetryable(message, 'DrawRefused', positionOf(history.events, null));
  }
}

const WAIT_FOR_CALLER = {
  what: 'the caller to report the draw',
  toDo: 'Nothing: the caller reports it with PATCH /v3/order/{id}/draw_completed. If the sample was taken and nobody has reported it, the first report of the lab that has a result will show it.',
};
