/**
 * The journey of one order, initial or redraw, from acceptance to its last status. It alone decides about the order,
 * one event at a time: whatever happens meanwhile (a report, a cancellation, a deadline) waits in a field until the
 * journey comes to it. Each decision is proposed to the store, and the journey goes on from the event that the store
 * holds, which after a crash may be one that an earlier attempt wrote.
 */
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type Appointment,
  isSameStory,
  orderStatusesAfter,
  orderStatusesToDraw,
  overdueFrom,
} from '../../domain/appointments/appointment.ts';
import type { AppointmentCommand, RecordedAppointment } from '../../domain/appointments/appointment-command.ts';
import { requisitionNeededBy } from '../../domain/appointments/early-booking.ts';
import { type JourneyPosition, positionOf } from '../../domain/orders/journey-position.ts';
import type { Order, ProposedEvent, RecordedEvent } from '../../domain/orders/order.ts';
import { redrawFor, statusDetailOf } from '../../domain/orders/redraw.ts';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';
import { isEnded, mayFollow, refusedTransition, takesResults } from '../../domain/orders/transitions.ts';
import type { JourneyPolicy } from '../../domain/policy.ts';
import { AN_ENGINEER, type Principal, partner, THE_JOURNEY } from '../../domain/principal.ts';
import { drawInferredFrom, showsDraw } from '../../domain/results/draw-evidence.ts';
import {
  advance,
  anythingReported,
  isFinal,
  missingResults,
  noProgress,
  type ReportDigest,
  type ReportProgress,
} from '../../domain/results/report-progress.ts';
import { rulesOf } from '../../domain/rules.ts';
import {
  AppointmentBooking,
  type BookingMemory,
  type NextAppointment,
  type VisitReport,
} from '../collection/appointments/booking.ts';
import { cancelOrder, type JourneyState, journeyState, reportArrived, storeIsAhead } from '../messages.ts';
import { standing } from '../search-attributes.ts';
import { BackgroundTasks } from './background-tasks.ts';
import { journeyDetails } from './details.ts';
import { LabOrdering } from './lab-ordering.ts';
import { PatientMessages } from './patient-messages.ts';
import { shielded } from './shielded.ts';
import { WAIT_FOR_CONSEQUENCES, type Wait, waitForDraw, waitForLab, waitForResults, waitForVisit } from './waits.ts';
import { writeToStore } from './write-to-store.ts';

/** What a journey carries over when it continues as new. */
export interface JourneyMemory {
  events: RecordedEvent[];
  progress: ReportProgress;
  reports_taken: string[];
  reports_waiting: ReportDigest[];
  troubles: string[];
  /** What failed for good and a person must see to; absent where it was remembered before that was told at the end. */
  failures?: string[];
  /** Absent where it was remembered before there were appointments. */
  desk?: BookingMemory;
  /** The journey was ended by hand and begins again from what is recorded. */
  restarted?: boolean;
}

/** A decision; what it leaves out is null, empty or false. */
type Decision = Pick<ProposedEvent, 'status'> & Partial<Omit<ProposedEvent, 'order_id' | 'number'>>;

export class OrderJourney {
  readonly #order: Order;
  readonly #policy: JourneyPolicy;
  /** The number of the rules that it was accepted under (domain/rules.ts). */
  readonly #rules: number;
  readonly #renew: (memory: JourneyMemory) => Promise<never>;

  readonly #events: RecordedEvent[];
  #progress: ReportProgress;
  readonly #reportsTaken: Set<string>;
  #reportsWaiting: ReportDigest[];

  readonly #laboratory: LabOrdering;
  readonly #booking: AppointmentBooking;
  readonly #messages: PatientMessages;
  /** What the store holds and a crash made the journey forget. */
  readonly #forgotten: RecordedAppointment[] = [];
  #cancelRequested = false;
  /** Who asked for the cancellation. */
  #cancelRequestedBy: Principal = THE_JOURNEY;
  #expired = false;
  /** The appointment that is being cancelled because the requisition took too long. */
  #waitedTooLong: string | undefined;
  /** The journey went on from a memory. */
  readonly #isRenewed: boolean;
  readonly #isRestarted: boolean;
  readonly #backgroundTasks: BackgroundTasks;
  /** The appointment that was to be cancelled because its order is over and nobody says when it is to be. */
  #givenUp: string | undefined;
  #wait: Wait = { what: 'its first step' };
  /** When results are awaited no longer; milliseconds since 1970. */
  #deadline = Number.POSITIVE_INFINITY;
  readonly #troubles: string[];

  /**
   * @param events The order's history so far: none for an initial order, the first event for a redraw.
   * @param renew Starts the workflow anew with this memory when its history has grown long.
   */
  constructor(
    order: Order,
    policy: JourneyPolicy,
    renew: (memory: JourneyMemory) => Promise<never>,
    { events, memory, rules }: { events?: RecordedEvent[]; memory?: JourneyMemory; rules?: number },
  ) {
    this.#order = order;
    this.#policy = policy;
    this.#rules = rulesOf(rules);
    this.#renew = renew;
    this.#events = memory?.events ?? events ?? [];
    this.#progress = memory?.progress ?? noProgress();
    this.#reportsTaken = new Set(memory?.reports_taken);
    this.#reportsWaiting = memory?.reports_waiting ?? [];
    this.#troubles = memory?.troubles ?? [];
    this.#isRenewed = memory !== undefined;
    this.#isRestarted = memory?.restarted ?? false;
    const trouble = (message: string) => this.#trouble(message);
    const backgroundTasks = new BackgroundTasks(trouble, memory?.failures);
    this.#backgroundTasks = backgroundTasks;
    this.#laboratory = new LabOrdering(order, policy, {
      rules: this.#rules,
      trouble,
      mayHoldOrder: this.#isRenewed,
    });
    this.#messages = new PatientMessages(order, policy, this.#rules, {
      runInBackground: (deed) => backgroundTasks.runInBackground(deed),
      trouble,
    });
    this.#booking = new AppointmentBooking(order, policy, backgroundTasks, {
      rules: this.#rules,
      refusal: (command) => this.#appointmentRefusal(command),
      position: () => this.#position,
      memory: memory?.desk,
    });
  }

  /** Hears facts, commands and questions from now on. To be called before the first await. */
  listen(): void {
    setHandler(reportArrived, (report) => {
      const known = [...this.#reportsTaken, ...this.#reportsWaiting.map((waiting) => waiting.report_id)];
      if (!known.includes(report.report_id)) this.#reportsWaiting.push(report);
    });
    setHandler(
      cancelOrder,
      shielded(this.#rules, async (by: Principal | undefined) => {
        this.#requestCancellation(by);
        await condition(() => !this.#cancelRequested);
        if (this.#status !== 'cancelled') throw this.#notCancellable();
        return this.#status;
      }),
      {
        validator: (_by) => {
          if (this.#events.length > 0 && !this.#mayBecome('cancelled')) throw this.#notCancellable();
        },
      },
    );
    this.#booking.listen();
    setHandler(storeIsAhead, (held) => {
      this.#forgotten.push(held);
      if (held.order_events.some(({ status }) => this.#isEnd(status))) this.#laboratory.interrupt();
    });
    setHandler(journeyState, () => this.state());
    // An engineer who cancels the workflow means the order.
    CancellationScope.current().cancelRequested.catch(() => this.#requestCancellation(AN_ENGINEER));
  }

  /**
   * Walks the journey to its end.
   * @returns The event after which the order changes no more (a correction aside).
   */
  run(): Promise<RecordedEvent> {
    return CancellationScope.nonCancellable(async () => {
      if (this.#isRestarted) this.#takeUpAgain();
      if (!this.#has('requisition_created')) {
        if (this.#events.length === 0) this.#adopt(await writeToStore('openOrder', this.#order));
        if (this.#isEnded) return this.#lastEvent;
        await this.#activation();
        const refused = (await this.#checks()) ?? (await this.#requisition());
        // What is held may be a requisition that an earlier attempt had; the journey then goes on.
        if (refused && (this.#isEnded || this.#rules < 2)) return refused;
        await this.#requisitionMeetsAppointment();
      }
      return this.#results();
    });
  }

  /**
   * Does something else (a redraw, a mail still to be sent) while reports that come too late are kept, not lost. An
   * engineer's cancellation of the workflow came too late for the order by then, and stops nothing.
   * @throws whatever `work` throws.
   */
  runWhileHandlingMessages<T>(wait: Wait, work: () => Promise<T>): Promise<T> {
    return CancellationScope.nonCancellable(async () => {
      this.#describe(wait);
      let settled = false;
      const done = work().finally(() => {
        settled = true;
      });
      done.catch(() => {});
      while (!settled || this.#reportsWaiting.length > 0 || this.#hasWork) {
        await condition(() => settled || this.#reportsWaiting.length > 0 || this.#hasWork);
        await this.#keepLateReports();
        this.#remember();
        if (this.#booking.hasWork) await this.#attendToAppointment();
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
    do {
      do {
        await this.runWhileHandlingMessages(WAIT_FOR_CONSEQUENCES, async () => {
          await this.#backgroundTasks.settled();
          await condition(allHandlersFinished);
        });
      } while (this.#backgroundTasks.open.length > 0);
    } while (await this.#visitWentOn());
    this.#describe({ what: 'nothing, the journey has ended' });
    this.#backgroundTasks.throwFailures(this.#lastEvent);
  }

  /** Shows engineers something that a person must do. */
  trouble(message: string): void {
    this.#trouble(message);
  }

  /** Notes something beside the order that failed for good, to be told at the end with all the rest (G3). */
  failed(message: string): void {
    this.#backgroundTasks.failed(message);
  }

  /**
   * Waits for what becomes of an appointment that is still to be, now that its order has ended.
   * @returns Whether anything did; false when there is no such appointment, or nobody has said what became of it.
   */
  async #visitWentOn(): Promise<boolean> {
    const { active } = this.#booking;
    if (!active) return false;
    const left = active.end_at ? overdueFrom(active) - this.#now : this.#policy.appointment_outlives_order;
    if (left <= 0) return false;
    const wentOn = () => this.#booking.active !== active;
    const anything = await this.runWhileHandlingMessages(waitForVisit(active, this.#now + left), () =>
      condition(wentOn, left, { summary: 'The visit will be over by then' }),
    );
    if (!anything && active.end_at === null && this.#givenUp !== active.id) {
      this.#givenUp = active.id;
      this.#withdraw('The order has ended', 'order_over');
      return true;
    }
    return anything;
  }

  /** Where the order is, and why. */
  state(): JourneyState {
    return {
      order_id: this.#order.id,
      placer_order_number: this.#order.placer_order_number,
      status: this.#events.length > 0 ? this.#status : 'not recorded yet',
      rules: this.#rules,
      waiting_for: this.#wait.what,
      waits_until: isoOf(this.#wait.until),
      to_do: this.#wait.toDo ?? null,
      under_way: this.#backgroundTasks.open,
      events: this.#events,
      reports_waiting: this.#reportsWaiting.map((report) => report.report_id),
      reports_taken: [...this.#reportsTaken],
      missing_results: missingResults(this.#progress, this.#order.markers).map((missing) => missing.slug),
      cancel_requested: this.#cancelRequested,
      appointment: this.#booking.appointment,
      troubles: this.#troubles,
      failed: this.#backgroundTasks.failures,
    };
  }

  /** Holds a scheduled order back until its day begins (F2). */
  async #activation(): Promise<void> {
    if (!this.#order.activate_at) return;
    const until = Date.parse(this.#order.activate_at);
    if (until <= this.#now) return;
    this.#describe({ what: `its activation on ${this.#order.activate_by}`, until });
    await this.#attendUntil(() => this.#cancelRequested || this.#isEnded, until);
  }

  /** The checks before a requisition (A2); a failed one ends the journey with its reasons (F3). */
  async #checks(): Promise<RecordedEvent | undefined> {
    if (this.#isEnded) return this.#lastEvent;
    if (this.#cancelRequested) return this.#cancelled();
    const reasons = await writeToStore('checkOrder', this.#order.id);
    if (reasons.length > 0) return this.#decide({ status: 'cancelled', reason: reasons.join(' ') });
    return undefined;
  }

  /** The requisition at the lab (A3), or the end of the journey when the lab will not have the order (F4). */
  async #requisition(): Promise<RecordedEvent | undefined> {
    if (this.#cancelRequested) return this.#cancelled();
    this.#describe(waitForLab(this.#order, this.#now + this.#policy.lab_tried_for));
    let isDecided = false;
    const submission = this.#laboratory.submit().finally(() => {
      isDecided = true;
    });
    submission.catch(() => {});
    await this.#attendUntil(() => isDecided);
    const fulfilment = await submission;
    if (this.#isEnded) return this.#lastEvent;
    if (this.#cancelRequested) return this.#cancelled();
    if (!fulfilment.accepted) {
      const { words: reason } = fulfilment;
      return this.#decide({ status: 'cancelled', status_detail: 'fulfillment_error', reason, by: this.#lab });
    }
    const { filler_order_number } = fulfilment;
    if (!this.#has('requisition_created')) {
      await this.#decide({ status: 'requisition_created', filler_order_number, by: this.#lab });
    }
    return this.#isEnded ? this.#lastEvent : undefined;
  }

  /**
   * Attends to appointments that are made before there is a requisition, until something has come about.
   * @param at Milliseconds since 1970; it is over then in any case.
   */
  async #attendUntil(isOver: () => boolean, at = Number.POSITIVE_INFINITY): Promise<void> {
    while (!isOver() && this.#now < at) {
      this.#remember();
      if (this.#booking.hasWork) await this.#attendToAppointment();
      const patience = this.#earlyAppointmentWaits();
      const left = Math.min(at - this.#now, patience);
      const wake = () => isOver() || this.#hasWork;
      if (Number.isFinite(left)) await condition(wake, Math.max(1, left), { summary: this.#wait.what });
      else await condition(wake);
    }
  }

  /** How much longer an appointment waits for the requisition, in milliseconds; one that waited too long is cancelled. */
  #earlyAppointmentWaits(): number {
    const { active } = this.#booking;
    if (!active || active.id === this.#waitedTooLong) return Number.POSITIVE_INFINITY;
    const left = requisitionNeededBy(this.#order, active.start_at, this.#policy) - this.#now;
    if (left > 0) return left;
    this.#waitedTooLong = active.id;
    this.#withdraw('The laboratory did not confirm the order in time', 'no_requisition');
    return Number.POSITIVE_INFINITY;
  }

  /** What an appointment that was made early does to the order, now that there is a requisition. */
  async #requisitionMeetsAppointment(): Promise<void> {
    const next = this.#booking.requisitionArrived();
    if (next) return this.#recordAppointment(next);
    const { active } = this.#booking;
    if (!active) return;
    const due = () => orderStatusesAfter(active.status, this.#status, this.#order.collection_method);
    let steps = due();
    for (let status = steps.shift(); status !== undefined; status = steps.shift()) {
      const held = await this.#decide({ status });
      if (held?.status !== status) steps = due();
    }
  }

  /** Takes the lab's reports until the order ends: complete, with a redraw, failed, cancelled or expired. */
  async #results(): Promise<RecordedEvent> {
    this.#startDeadline();
    if (this.#isRenewed) this.#messages.planReminders(this.#events, this.#booking.appointment);
    while (!this.#isEnded) {
      if (this.#historyIsLong()) await this.#renew(this.#memory());
      const shown = this.#shownDraw;
      const wait = this.#waitForResults;
      this.#describe(wait);
      const isNext = () =>
        this.#cancelRequested ||
        this.#hasWork ||
        (this.#expired && !this.#shownDraw) ||
        (this.#reportsWaiting.length > 0 && !this.#awaitingDraw) ||
        (this.#rules >= 2 && this.#waitForResults.what !== wait.what);
      const left = shown ? shown.from - this.#now : 0;
      if (!shown) await condition(isNext);
      else if (left > 0)
        await condition(isNext, left, { summary: 'After this, the report counts as proof of the draw' });

      const [report] = this.#awaitingDraw ? [] : this.#reportsWaiting;
      if (this.#forgotten.length > 0) this.#remember();
      else if (report && takesResults(this.#order.collection_method, this.#status)) await this.#takeIn(report);
      else if (report) await this.#keepLateReports();
      else if (this.#booking.hasWork) await this.#attendToAppointment();
      else if (this.#cancelRequested) await this.#cancelled();
      else if (this.#shownDraw && this.#shownDraw.from <= this.#now) await this.#inferDraw();
      else if (this.#expired && !this.#shownDraw) await this.#expire();
    }
    return this.#lastEvent;
  }

  /** The phlebotomist has yet to say that the specimen is drawn: a report waits for that, as it may have been quicker. */
  get #awaitingDraw(): boolean {
    if (this.#order.collection_method !== 'at_home_phlebotomy') return false;
    if (this.#rules < 2) return this.#status === 'appointment_scheduled';
    const { active } = this.#booking;
    return active !== null && (this.#status === 'appointment_scheduled' || this.#status === 'appointment_pending');
  }

  /** When a waiting report that shows that the visit took place is believed: in milliseconds since 1970 (G2). */
  get #shownDraw(): { from: number } | undefined {
    const { active } = this.#booking;
    if (this.#rules < 2 || !this.#awaitingDraw || !active) return undefined;
    const from = drawInferredFrom(active, this.#policy);
    const isShown = this.#reportsWaiting.some((waiting) => showsDraw(waiting, active));
    return isShown && Number.isFinite(from) ? { from } : undefined;
  }

  get #waitForResults(): Wait {
    const reportWaits = this.#rules >= 2 && this.#awaitingDraw && this.#reportsWaiting.length > 0;
    return reportWaits
      ? waitForDraw(this.#shownDraw?.from)
      : waitForResults(this.#order, this.#status, this.#booking.appointment, this.#deadline);
  }

  /** Takes a report for the draw, unless the company's own word is on its way (G2). */
  async #inferDraw(): Promise<void> {
    const next = this.#booking.drawShown(this.#lab);
    if (!next) return;
    await this.#recordAppointment(next);
    if (this.#booking.appointment?.status === 'completed') return;
    this.#describe({ what: 'an event from the phlebotomy provider, which is being delivered' });
    await condition(() => this.#booking.hasWork || this.#cancelRequested, this.#policy.expiry_grace, {
      summary: 'A provider event is being delivered',
    });
  }

  /** What a report does to the order (D4, D5, D7). */
  async #takeIn(report: ReportDigest): Promise<void> {
    const { markers, origin } = this.#order;
    const progress = advance(this.#progress, report);
    const missing = missingResults(progress, markers);
    const report_id = report.report_id;
    if (!isFinal(progress, markers, this.#rules)) {
      await this.#decide({ status: 'partial_results', report_id });
      return;
    }
    const redraw_results = redrawFor(this.#order, missing);
    if (redraw_results.length > 0) {
      await this.#decide({ status: 'redraw_available', report_id, redraw_results });
    } else if (origin === 'initial' && !anythingReported(progress, this.#rules)) {
      const status_detail = statusDetailOf(missing);
      await this.#decide({
        status: 'sample_error',
        report_id,
        status_detail,
        reason: 'The lab could not report any result.',
      });
    } else {
      await this.#decide({ status: 'completed', report_id });
    }
  }

  /** The deadline (F1): with anything drawn or reported the order completes as it is, else it is cancelled. */
  async #expire(): Promise<void> {
    if (this.#awaitingDraw) await this.#keepLateReports();
    const inTheLab = this.#status === 'partial_results' || this.#status === 'draw_completed';
    const held = await this.#decide(
      inTheLab
        ? { status: 'completed', reason: 'The lab sent no further results in time.', yields_to_reports: true }
        : { status: 'cancelled', reason: EXPIRED, yields_to_reports: true },
    );
    // The store names reports that were set aside: somebody has to look at them (G2).
    if (held?.status === 'cancelled' && held.reason && held.reason !== EXPIRED) this.#trouble(held.reason);
    if (held) return;
    this.#describe({ what: 'a report, which is being delivered' });
    await condition(() => this.#reportsWaiting.length > 0 || this.#cancelRequested, this.#policy.expiry_grace, {
      summary: 'A report is being delivered',
    });
  }

  /** Does what a caller asked, if it may still be done; answers the caller either way. */
  async #cancelled(): Promise<RecordedEvent | undefined> {
    if (this.#mayBecome('cancelled')) {
      await this.#decide({ status: 'cancelled', reason: 'Canceled on request.', by: this.#cancelRequestedBy });
    }
    if (!this.#mayBecome('cancelled')) this.#cancelRequested = false;
    return this.#isEnded ? this.#lastEvent : undefined;
  }

  /**
   * Proposes the next event and goes on from the one that is held.
   * @returns The held event; undefined when the proposal yielded to a report on its way.
   */
  async #decide(decision: Decision): Promise<RecordedEvent | undefined> {
    if (!this.#mayBecome(decision.status)) {
      throw ApplicationFailure.nonRetryable(refusedTransition(this.#status, decision.status), 'IllegalTransition');
    }
    const held = await writeToStore('recordEvent', {
      order_id: this.#order.id,
      number: this.#events.length + 1,
      status_detail: null,
      reason: null,
      report_id: null,
      filler_order_number: null,
      redraw_results: [],
      yields_to_reports: false,
      ...(decision.report_id && { by: this.#lab }),
      ...decision,
    });
    if (held) this.#adopt(held);
    return held ?? undefined;
  }

  /** Makes an event that is held part of the journey, and sets off what follows from it. */
  #adopt({ appointment, ...held }: RecordedEvent): void {
    this.#events.push(held);
    if (appointment && this.#rules >= 2) this.#catchUp(appointment);
    const report = this.#reportsWaiting.find((waiting) => waiting.report_id === held.report_id);
    if (report) {
      this.#progress = advance(this.#progress, report);
      this.#reportsTaken.add(report.report_id);
      if (report.unknown_codes) this.#trouble(unknownCodes(report.report_id, report.unknown_codes));
      this.#reportsWaiting = this.#reportsWaiting.filter((waiting) => waiting !== report);
    }
    if (this.#isEnded) this.#cancelRequested = false;
    if (this.#events.length > 1) upsertSearchAttributes(standing(held.status, held.transaction_status));
    this.#messages.notifyPatient(held);
    this.#messages.planReminders(this.#events, this.#booking.appointment);
    if (held.status === 'cancelled') this.#carryOutCancellation();
  }

  /** What the end left undone, whatever it was: doing it again changes nothing (F10). Nobody is told again. */
  #takeUpAgain(): void {
    this.#booking.takeUpAgain();
    if (this.#status === 'cancelled') this.#carryOutCancellation();
  }

  #carryOutCancellation(): void {
    if (this.#laboratory.mayHoldOrder) this.#backgroundTasks.runInBackground(this.#laboratory.cancel());
    // A service center's appointment is left alone once there is a requisition to go there with (F7).
    const standsForItself = this.#order.collection_method === 'walk_in_test' && this.#has('requisition_created');
    if (!standsForItself) this.#withdraw('The order was canceled', 'order_cancelled');
  }

  /** Whether somebody waits who is attended to whatever the journey is doing. */
  get #hasWork(): boolean {
    return this.#forgotten.length > 0 || this.#booking.hasWork;
  }

  /** Adopts what the store holds, as if it had just been written (docs/decisions/0001). */
  #remember(): void {
    for (const { appointment, order_events } of this.#forgotten.splice(0)) {
      if (appointment) this.#catchUp(appointment);
      for (const event of order_events) {
        if (event.number === this.#events.length + 1) this.#adopt(event);
      }
    }
  }

  /** Lets the desk do what is next, and records what comes of it for appointment and order. */
  async #attendToAppointment(): Promise<void> {
    const next = await this.#booking.attend();
    if (next) await this.#recordAppointment(next);
    const said = this.#booking.takeEventOfEarlierVisit();
    if (said) await this.#weighEarlierVisit(said);
  }

  /**
   * A company says something of a visit that is over for us: one that was overdue or called off was made after all, and
   * counts for the draw, or stands again, which a person has to see.
   */
  async #weighEarlierVisit({ event_id, appointment_id, report }: VisitReport): Promise<void> {
    if (event_id === undefined) return;
    const steps = () => orderStatusesToDraw(this.#status, this.#order.collection_method);
    const isDrawn = report.status === 'completed' && steps().length > 0;
    const because = isDrawn ? 'counted_as_draw' : 'earlier_visit';
    if (!(await writeToStore('keepVisitEvent', { event_id, because }))) return;
    if (!isDrawn) {
      this.#trouble(
        `The provider reports that appointment ${appointment_id}, which is over for us, is ${report.status}. Ask the provider.`,
      );
      return;
    }
    const reason = `Appointment ${appointment_id} took place after all.`;
    for (let due = steps(); due.length > 0; due = steps()) {
      for (const status of due) if ((await this.#decide({ status, reason }))?.status !== status) break;
    }
    if (this.#booking.active) this.#withdraw('The specimen was drawn at an earlier visit', 'drawn_earlier');
  }

  /** Records an appointment and what it does to the order; when something else is held, it is decided again. */
  async #recordAppointment(next: NextAppointment): Promise<void> {
    const known = this.#booking.appointment?.id === next.appointment.id ? this.#booking.appointment.events.length : 0;
    const order_statuses: OrderLowLevelStatus[] = [];
    for (const { status } of next.appointment.events.slice(known)) {
      const from = order_statuses.at(-1) ?? this.#status;
      order_statuses.push(...orderStatusesAfter(status, from, this.#order.collection_method));
    }
    const held = await writeToStore('recordAppointment', {
      order_id: this.#order.id,
      appointment: next.appointment,
      order_event_number: this.#events.length + 1,
      order_statuses,
      ...(next.by && { by: next.by }),
      ...(next.yields_to_events && { yields_to_events: true, heard_events: this.#booking.heardOfLate }),
    });
    if (this.#rules >= 2 && (!held.appointment || !isSameStory(next.appointment, held.appointment))) {
      if (held.appointment) this.#catchUp(held.appointment);
      for (const event of held.order_events) this.#adopt(event);
      next.again();
      return;
    }
    if (held.appointment) {
      this.#booking.adopt(held.appointment, next);
      this.#messages.notifyPatientOfVisit(held.appointment, known);
      this.#messages.planReminders(this.#events, this.#booking.appointment);
    }
    for (const event of held.order_events) this.#adopt(event);
    if (!held.appointment) await this.#recordAppointment(next);
  }

  /** Takes over an appointment that turned out to be recorded. */
  #catchUp(held: Appointment): void {
    const known = this.#booking.catchUp(held);
    if (known === null) return;
    this.#messages.notifyPatientOfVisit(held, known);
    this.#messages.planReminders(this.#events, held);
  }

  /** Cancels the appointment at the company, however long it takes. */
  #withdraw(reason: string, origin: string): void {
    this.#backgroundTasks.runInBackground({
      doing: 'the phlebotomy provider to cancel the appointment',
      done: this.#booking.withdraw(reason, origin),
      ifItFails: 'The appointment could not be canceled with the provider. Call them.',
    });
  }

  /** Why the order can have no appointment now, in words for the caller; null when it can. */
  #appointmentRefusal(command: AppointmentCommand): string | null {
    if (command.kind === 'cancel' && this.#booking.active) return null;
    if (!this.#has('requisition_created') && !this.#isEnded) {
      if (!this.#order.options.early_booking_enabled) return 'The order has no requisition yet';
      if (command.kind === 'reschedule' || command.kind === 'cancel') return null;
      const start_at = command.kind === 'book' ? command.slot.start_at : null;
      return requisitionNeededBy(this.#order, start_at, this.#policy) <= this.#now
        ? 'The order has no requisition yet, and it is too late to book without one'
        : null;
    }
    return this.#mayBecome('appointment_cancelled') || this.#mayBecome('appointment_pending')
      ? null
      : notForAppointments(this.#status);
  }

  /** Sets reports aside. They are not counted as taken: an operator may find their place and deliver them again (F5). */
  async #keepLateReports(): Promise<void> {
    const late = this.#reportsWaiting.map((report) => report.report_id);
    if (late.length === 0) return;
    await writeToStore('keepLateReports', late);
    this.#reportsWaiting = this.#reportsWaiting.filter((report) => !late.includes(report.report_id));
  }

  /** Awaits results from the day of the requisition on, for as long as the policy says (F1). */
  #startDeadline(): void {
    const { requisition_valid, results_awaited_longer } = this.#policy;
    const requisition = this.#events.find((event) => event.status === 'requisition_created') ?? this.#lastEvent;
    const passed = this.#now - Date.parse(requisition.created_at);
    const left = requisition_valid[this.#order.collection_method] + results_awaited_longer - passed;
    this.#deadline = this.#now + left;
    void sleep(Math.max(1, left), { summary: 'Deadline for results' }).then(() => {
      this.#expired = true;
    });
  }

  #historyIsLong(): boolean {
    const { continueAsNewSuggested, historyLength } = workflowInfo();
    const long = continueAsNewSuggested || historyLength > this.#policy.longest_history;
    const { open, failures } = this.#backgroundTasks;
    const isQuiet = open.length === 0 && (this.#rules >= 2 || failures.length === 0);
    return long && !this.#cancelRequested && allHandlersFinished() && isQuiet;
  }

  #memory(): JourneyMemory {
    return {
      events: this.#events,
      progress: this.#progress,
      reports_taken: [...this.#reportsTaken],
      reports_waiting: this.#reportsWaiting,
      troubles: this.#troubles.slice(-MOST_TROUBLES),
      failures: [...this.#backgroundTasks.failures],
      desk: this.#booking.memory(),
    };
  }

  #requestCancellation(by: Principal = THE_JOURNEY): void {
    if (this.#isEnded) return;
    if (!this.#cancelRequested) this.#cancelRequestedBy = by;
    this.#cancelRequested = true;
    this.#laboratory.interrupt();
  }

  get #lab(): Principal {
    return partner(this.#order.lab_slug);
  }

  /** Milliseconds since 1970. */
  get #now(): number {
    // biome-ignore lint/plugin: Temporal's clock, which says the same in every replay.
    return Date.now();
  }

  get #lastEvent(): RecordedEvent {
    const last = this.#events.at(-1);
    if (!last) throw ApplicationFailure.nonRetryable('The order has no event yet', 'IllegalTransition');
    return last;
  }

  get #status(): OrderLowLevelStatus {
    return this.#lastEvent.status;
  }

  get #isEnded(): boolean {
    return this.#events.length > 0 && this.#isEnd(this.#status);
  }

  #isEnd(status: OrderLowLevelStatus): boolean {
    return isEnded(status, this.#order.collection_method);
  }

  get #position(): JourneyPosition {
    return positionOf(this.#events, this.#booking.appointment);
  }

  #notCancellable(): ApplicationFailure {
    const message = refusedTransition(this.#status, 'cancelled');
    return ApplicationFailure.nonRetryable(message, 'OrderNotCancellable', this.#position);
  }

  #has(status: OrderLowLevelStatus): boolean {
    return this.#events.some((event) => event.status === status);
  }

  #mayBecome(status: OrderLowLevelStatus): boolean {
    return mayFollow(this.#order.collection_method, this.#status, status);
  }

  #trouble(message: string): void {
    this.#troubles.push(message);
    this.#describe(this.#wait);
  }

  #describe(wait: Wait): void {
    this.#wait = wait;
    setCurrentDetails(journeyDetails(this.#order, this.state(), this.#now));
  }
}

const isoOf = (instant: number | undefined) =>
  instant !== undefined && Number.isFinite(instant) ? new Date(instant).toISOString() : null;

/** How many troubles a journey carries over when it continues as new. */
const MOST_TROUBLES = 50;

const EXPIRED = 'The requisition expired: no results arrived in time.';

const unknownCodes = (reportId: string, codes: readonly string[]) =>
  `Report ${reportId} has values with codes that are not in the catalog (${codes.join(', ')}). They are shown as received. Check whether an ordered result is among them: npm run admin -- inbox show ${reportId}`;

const notForAppointments = (status: OrderLowLevelStatus) => `An order that is ${status} cannot have an appointment`;
