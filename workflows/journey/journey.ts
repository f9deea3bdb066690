/**
 * The journey of one order, initial or redraw, from acceptance to its last status. It alone decides about the order,
 * one event at a time: whatever happens meanwhile (a report, a cancellation, a deadline) waits in one of its parts until
 * the journey comes to it. Each decision is proposed to the store, and the journey goes on from the event that the store
 * holds, which after a crash may be one that an earlier attempt wrote (event-log.ts).
 */
import { allHandlersFinished, CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import { namesReportsAside } from '../../domain/orders/expiry-reasons.ts';
import type { Order, RecordedEvent } from '../../domain/orders/order.ts';
import { takesResults } from '../../domain/orders/transitions.ts';
import type { JourneyPolicy } from '../../domain/policy.ts';
import { partner } from '../../domain/principal.ts';
import type { ReportDigest } from '../../domain/results/report-progress.ts';
import { now } from '../clock.ts';
import { AfterTheEnd } from './after-the-end.ts';
import { expiryOf } from './deadline.ts';
import type { JourneyMemory } from './memory.ts';
import { type Beginning, type JourneyParts, journeyParts } from './parts.ts';
import { type Wait, waitForLab } from './waits.ts';
import { writeToStore } from './write-to-store.ts';

export class OrderJourney {
  readonly #parts: JourneyParts;
  readonly #memory: JourneyMemory | undefined;
  readonly #renew: (memory: JourneyMemory) => Promise<never>;
  readonly #afterTheEnd: AfterTheEnd;

  /** @param renew Starts the workflow anew with this memory when its history has grown long. */
  constructor(
    order: Order,
    policy: JourneyPolicy,
    renew: (memory: JourneyMemory) => Promise<never>,
    beginning: Beginning,
  ) {
    this.#parts = journeyParts(order, policy, beginning);
    this.#memory = beginning.memory;
    this.#renew = renew;
    this.#afterTheEnd = new AfterTheEnd(this.#parts);
  }

  /** Hears facts, commands and questions from now on. To be called before the first await. */
  listen(): void {
    const { reports, rejection, cancellation, collection, forgotten, card } = this.#parts;
    for (const part of [reports, rejection, cancellation, collection, forgotten, card]) part.listen();
  }

  /**
   * Walks the journey to its end.
   * @returns The event after which the order changes no more (a correction aside).
   */
  run(): Promise<RecordedEvent> {
    const { rules, history } = this.#parts;
    return CancellationScope.nonCancellable(async () => {
      if (this.#memory?.restarted) this.#takeUpAgain();
      if (!history.has('requisition_created')) {
        const reasons = history.events.length === 0 ? await this.#open() : undefined;
        if (history.isEnded) return history.last;
        await this.#activation();
        const refused = (await this.#checks(reasons)) ?? (await this.#requisition());
        // What is recorded may be a requisition that an earlier attempt had; the journey then goes on.
        if (refused && (history.isEnded || rules < 2)) return refused;
        await this.#requisitionCreated();
      }
      return this.#results();
    });
  }

  /**
   * Writes the order, unless it exists; and checks it in the same step, unless its day has yet to come.
   * @returns What the checks found against it; undefined when they have still to be made.
   */
  async #open(): Promise<string[] | undefined> {
    const { order, rules, log } = this.#parts;
    if (rules < 3 || order.activate_at) {
      log.adopt(await writeToStore('openOrder', order));
      return undefined;
    }
    const { opened, reasons } = await writeToStore('openAndCheckOrder', order);
    log.adopt(opened);
    return reasons;
  }

  /** Holds a scheduled order back until its day begins (F2). */
  async #activation(): Promise<void> {
    const { order, history, cancellation, card } = this.#parts;
    if (!order.activate_at) return;
    const until = Date.parse(order.activate_at);
    if (until <= now()) return;
    card.describe({ what: `its activation on ${order.activate_by}`, until });
    await this.#collectUntil(() => cancellation.isRequested || history.isEnded, until);
  }

  /**
   * The checks before a requisition (A2); a failed one ends the journey with its reasons (F3).
   * @param found What they found, where they were made when the order was opened.
   */
  async #checks(found: string[] | undefined): Promise<RecordedEvent | undefined> {
    const { order, history, log, cancellation } = this.#parts;
    if (history.isEnded) return history.last;
    if (cancellation.isRequested) return cancellation.decide();
    const reasons = found ?? (await writeToStore('checkOrder', order.id));
    if (reasons.length > 0) return log.propose({ status: 'cancelled', reason: reasons.join(' ') });
    return undefined;
  }

  /** The requisition at the lab (A3), or the end of the journey when the lab will not have the order (F4). */
  async #requisition(): Promise<RecordedEvent | undefined> {
    const { order, policy, history, log, laboratory, cancellation, card } = this.#parts;
    if (cancellation.isRequested) return cancellation.decide();
    card.describe(waitForLab(order, now() + policy.lab_tried_for));
    let isDecided = false;
    const submission = laboratory.submit().finally(() => {
      isDecided = true;
    });
    submission.catch(() => {});
    await this.#collectUntil(() => isDecided);
    const fulfilment = await submission;
    if (history.isEnded) return history.last;
    if (cancellation.isRequested) return cancellation.decide();
    const by = partner(order.lab_slug);
    if (!fulfilment.accepted) {
      const { words: reason } = fulfilment;
      return log.propose({ status: 'cancelled', status_detail: 'fulfillment_error', reason, by });
    }
    const { filler_order_number } = fulfilment;
    if (!history.has('requisition_created')) {
      await log.propose({ status: 'requisition_created', filler_order_number, by });
    }
    return history.isEnded ? history.last : undefined;
  }

  /**
   * Lets the collection be arranged before there is a requisition, until something has come about.
   * @param at Milliseconds since 1970; it is over then in any case.
   */
  async #collectUntil(isOver: () => boolean, at = Number.POSITIVE_INFINITY): Promise<void> {
    const { log, collection, forgotten, card } = this.#parts;
    while (!isOver() && now() < at) {
      forgotten.adopt();
      if (collection.hasWork) await log.recordNext();
      const pressing = collection.requisitionAwaited?.() ?? Number.POSITIVE_INFINITY;
      const left = Math.min(at, pressing) - now();
      const wake = () => isOver() || forgotten.isWaiting || collection.hasWork;
      if (Number.isFinite(left)) await condition(wake, Math.max(1, left), { summary: card.waitingFor });
      else await condition(wake);
    }
  }

  /** What was arranged early does something to the order, now that there is a requisition. */
  async #requisitionCreated(): Promise<void> {
    const step = this.#parts.collection.requisitionCreated?.();
    if (step) await this.#parts.log.record(step);
  }

  /** Takes the lab's reports until the order ends: complete, with a redraw, failed, cancelled or expired. */
  async #results(): Promise<RecordedEvent> {
    const { order, history, log, collection, reports, rejection, forgotten, cancellation, deadline, messages, card } =
      this.#parts;
    deadline.start(this.#parts);
    if (this.#memory) messages.planReminders(history.events, collection.appointment ?? null);
    while (!history.isEnded) {
      if (this.#isHistoryLong()) await this.#renew(this.#remembered());
      const wait = this.#wait;
      card.describe(wait);
      const left = this.#drawBelievedFrom - now();
      const isNext = () => this.#isSomethingToDo(wait);
      if (left === Number.POSITIVE_INFINITY) await condition(isNext);
      else if (left > 0)
        await condition(isNext, left, { summary: 'After this, the report counts as proof of the draw' });

      const [report] = this.#areReportsHeld ? [] : reports.waiting;
      if (forgotten.isWaiting) forgotten.adopt();
      else if (reports.isReadAnew) await this.#takeInAnew();
      else if (report && takesResults(order.collection_method, history.status)) await this.#takeIn(report);
      else if (report) await (this.#earlyDraw() ?? reports.setAside());
      else if (collection.hasWork) await log.recordNext();
      else if (cancellation.isRequested) await cancellation.decide();
      else if (rejection.isWaiting) await rejection.decide();
      else if (this.#drawBelievedFrom <= now()) await this.#inferDraw();
      else if (this.#isExpired) await this.#expire();
    }
    return history.last;
  }

  /** @param wait What the journey waited for: it waits for something else when that has changed. */
  #isSomethingToDo(wait: Wait): boolean {
    const { rules, collection, reports, rejection, forgotten, cancellation } = this.#parts;
    const isSomebodyWaiting =
      cancellation.isRequested || rejection.isWaiting || forgotten.isWaiting || collection.hasWork;
    const isReportDue = (reports.isWaiting && !this.#areReportsHeld) || reports.isReadAnew;
    const isWaitOver = rules >= 2 && this.#wait.what !== wait.what;
    return isSomebodyWaiting || isReportDue || this.#isExpired || isWaitOver;
  }

  /** What a report does to the order (D4, D5, D7). */
  async #takeIn(report: ReportDigest): Promise<void> {
    await this.#parts.log.propose(this.#parts.reports.decisionOn(report));
  }

  /** What reports that were read anew do to the order; a decision that was made stays. */
  async #takeInAnew(): Promise<void> {
    const { log, reports } = this.#parts;
    const newest = reports.hearNewReadings();
    const decision = newest && (await reports.decisionAnew(newest));
    if (decision) await log.propose(decision);
  }

  /** Records the draw that a report shows which came before anybody spoke of it; undefined where none does (G2). */
  #earlyDraw(): Promise<void> | undefined {
    const { log, collection, reports } = this.#parts;
    const step = collection.drawShownBy?.(reports.waiting);
    return step ? log.record(step) : undefined;
  }

  /** Takes a report for the draw, unless the provider's own word is on its way (G2). */
  async #inferDraw(): Promise<void> {
    const { policy, log, collection, cancellation, card } = this.#parts;
    const step = collection.drawShown?.();
    if (!step) return;
    await log.record(step);
    if (collection.appointment?.status === 'completed') return;
    card.describe({ what: 'an event from the phlebotomy provider, which is being delivered' });
    const isNext = () => collection.hasWork || cancellation.isRequested;
    await condition(isNext, policy.expiry_grace, { summary: 'A provider event is being delivered' });
  }

  /** The deadline (F1): with anything drawn or reported the order completes as it is, else it is cancelled. */
  async #expire(): Promise<void> {
    const { policy, history, log, reports, cancellation, card } = this.#parts;
    if (this.#areReportsHeld) await reports.setAside();
    const recorded = await log.propose(expiryOf(history.status));
    if (recorded?.reason && namesReportsAside(recorded.reason)) card.trouble(recorded.reason);
    if (recorded) return;
    card.describe({ what: 'a report, which is being delivered' });
    const isNext = () => reports.isWaiting || cancellation.isRequested;
    await condition(isNext, policy.expiry_grace, { summary: 'A report is being delivered' });
  }

  /** What the end left undone, whatever it was: doing it again changes nothing (F10). Nobody is told again. */
  #takeUpAgain(): void {
    const { history, collection, cancellation } = this.#parts;
    collection.takeUpAgain?.();
    if (history.status === 'cancelled') cancellation.carryOut();
  }

  /** Does something else (a redraw) while reports that come too late are kept. @throws whatever `work` throws. */
  runWhileHandlingMessages<T>(wait: Wait, work: () => Promise<T>): Promise<T> {
    return this.#afterTheEnd.runWhileHandlingMessages(wait, work);
  }

  /**
   * Waits until all that follows from the journey's events has come to its end.
   * @throws ApplicationFailure `CancellationNotDelivered` when anything of it failed for good (G3)
   */
  conclude(): Promise<void> {
    return this.#afterTheEnd.conclude();
  }

  /** Shows engineers something that a person must do. */
  trouble(message: string): void {
    this.#parts.trouble(message);
  }

  /** Notes something beside the order that failed for good, to be told at the end with all the rest (G3). */
  failed(message: string): void {
    this.#parts.backgroundTasks.failed(message);
  }

  get #wait(): Wait {
    return this.#parts.collection.waitsFor(this.#parts.reports.waiting, this.#parts.deadline.at);
  }

  /** Whether reports wait for the draw. */
  get #areReportsHeld(): boolean {
    return this.#parts.collection.admits(this.#parts.reports.waiting).reports !== 'taken';
  }

  /** When a waiting report is taken for the draw, in milliseconds since 1970; `Infinity` when none is. */
  get #drawBelievedFrom(): number {
    const admission = this.#parts.collection.admits(this.#parts.reports.waiting);
    return admission.reports === 'show_draw' ? admission.believed_from : Number.POSITIVE_INFINITY;
  }

  /** Results are awaited no longer; a report that shows the draw is still waited for. */
  get #isExpired(): boolean {
    return this.#parts.deadline.isPast && this.#drawBelievedFrom === Number.POSITIVE_INFINITY;
  }

  #isHistoryLong(): boolean {
    const { policy, rules, backgroundTasks, cancellation, rejection } = this.#parts;
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    const isLong = continueAsNewSuggested || historyLength > policy.longest_history;
    const isQuiet = backgroundTasks.open.length === 0 && (rules >= 2 || backgroundTasks.failures.length === 0);
    return isLong && !cancellation.isRequested && allHandlersFinished() && isQuiet && !rejection.isOwed;
  }

  #remembered(): JourneyMemory {
    const { history, reports, collection, backgroundTasks, card } = this.#parts;
    return {
      events: history.events,
      ...reports.memory(),
      troubles: card.troubles,
      ...backgroundTasks.memory(),
      ...collection.memory?.(),
    };
  }
}
