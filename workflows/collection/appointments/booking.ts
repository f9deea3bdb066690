/**
 * The desk at which an order's appointments are made: commands of callers and reports of phlebotomy providers wait here
 * until the journey attends to them, one at a time. What was asked of a company and came to no answer is found again by
 * our reference, and either adopted or undone (C2).
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import type { VisitAnswer } from '../../../activities/types.ts';
import {
  type Appointment,
  type AppointmentEvent,
  type AppointmentProvider,
  type AppointmentReport,
  type ArrangedVisit,
  accessNotesFor,
  blocksBooking,
  isActive,
  mayMove,
  nextAfterEvents,
  OVERDUE,
  PROVIDER_TIERS,
  PROVIDER_TYPES,
  SHOWN_BY_LAB,
  type UsAddress,
} from '../../../domain/appointments/appointment.ts';
import type {
  AppointmentCommand,
  ArrangeVisit,
  ConfirmationPatience,
  ProviderEvent,
} from '../../../domain/appointments/appointment-command.ts';
import type { JourneyPosition } from '../../../domain/orders/journey-position.ts';
import type { Order } from '../../../domain/orders/order.ts';
import type { JourneyPolicy } from '../../../domain/policy.ts';
import { type Principal, partner, THE_JOURNEY } from '../../../domain/principal.ts';
import type { BackgroundTask, BackgroundTasks } from '../../journey/background-tasks.ts';
import { shielded } from '../../journey/shielded.ts';
import { appointmentCommand, appointmentReport } from '../../messages.ts';
import { ProviderBooking, type VisitReference } from './provider-booking.ts';

/** What a journey carries over of its desk when it continues as new. */
export interface BookingMemory {
  appointment: Appointment | null;
  reports_heard: string[];
  reports_waiting: VisitReport[];
  /** Absent where nothing was booked yet. */
  last_booking?: ArrangeVisit | null;
  /** Absent where the journey continued as new, which it does only when there is a requisition. */
  has_requisition?: boolean;
  /** Bookings that came to no answer before the journey was ended by hand. */
  unanswered?: ArrangeVisit[];
}

/** What a company said, or what we know of it. */
export interface VisitReport
  extends Pick<ProviderEvent, 'appointment_id' | 'report'>,
    Partial<Pick<ProviderEvent, 'event_id'>> {
  /** Whose doing it is; the provider's where absent. */
  by?: Principal;
  /** What we know besides, if the report changes anything. */
  besides?: Besides;
  /** Tells a caller who waits; a journey with a caller that waits does not continue as new. */
  tell?: (held: Appointment) => void;
}

/** What a rescheduling changes and companies do not report. */
type Besides = Pick<Appointment, 'address' | 'location' | 'appointment_notes'>;

type Answer = { appointment: Appointment } | { refused: string } | { unknown: string };

interface Asked {
  command: AppointmentCommand;
  by: Principal | undefined;
  answer?: Answer;
}

/** A visit that the company holds and the journey has yet to record. */
interface Arranged {
  command: ArrangeVisit;
  visit: ArrangedVisit;
  asked_at: string;
  by: Principal | undefined;
  /** Tells what became of it; null when the order can have it no more, so that it has to be undone. */
  tell(held: Appointment | null): void;
}

/** An appointment as it should be next; what follows from recording it is the journey's. */
export interface NextAppointment {
  appointment: Appointment;
  /** Whose doing it is (G4); the journey's own where absent. */
  by?: Principal | undefined;
  /** Tells whoever waits for it, once it is recorded. */
  tell?: (held: Appointment) => void;
  /** Not to be recorded before the company's own word (G2). */
  yields_to_events?: boolean;
  /** Has it decided again: something else turned out to be recorded, so that it may not be next any more. */
  again: () => void;
}

type Refusal = (command: AppointmentCommand) => string | null;

export class AppointmentBooking {
  readonly #order: Order;
  readonly #provider: ProviderBooking;
  readonly #backgroundTasks: Pick<BackgroundTasks, 'runInBackground' | 'failed'>;
  /** The number of the journey's rules (domain/rules.ts). */
  readonly #rules: number;
  /** Why the order can have no appointment now, in words for the caller; null when it can. */
  readonly #refusal: Refusal;
  /** What the journey knows: a refusal says so, as the store may hold more (docs/decisions/0001). */
  readonly #position: () => JourneyPosition;
  #appointment: Appointment | null;
  readonly #asked: Asked[] = [];
  #reports: VisitReport[];
  readonly #heard: Set<string>;
  #hasRequisition: boolean;
  /** The visit that a company has agreed to before there was a requisition. */
  #promised: VisitReport | null = null;
  /** Companies at which a booking is being looked for, because no answer came. */
  readonly #looking = new Set<AppointmentProvider>();
  /** What was not found is looked for again, by appointment id; asked for anew it is not. */
  readonly #sweeps = new Map<string, CancellationScope>();
  readonly #arranged: Arranged[] = [];
  /** The booking that was asked for last: asked for again, it is answered with what became of it. */
  #lastBooking: ArrangeVisit | null;
  /** What companies said of appointments that we do not have yet. */
  #earlyEvents: VisitReport[] = [];
  /** What companies said of visits that are over for us. */
  readonly #eventsOfEarlierVisits: VisitReport[] = [];
  readonly #unanswered: readonly ArrangeVisit[];
  /** A booking without an answer is being asked for on and on. */
  #asking: CancellationScope | undefined;

  /**
   * @param journey `refusal` says why the order can have no appointment now, in words for the caller; null when it can.
   * `position` is what the journey knows.
   * `memory` is of a journey that continued as new or was started again.
   */
  constructor(
    order: Order,
    policy: JourneyPolicy,
    backgroundTasks: Pick<BackgroundTasks, 'runInBackground' | 'failed'>,
    {
      rules,
      refusal,
      position,
      memory,
    }: { rules: number; refusal: Refusal; position: () => JourneyPosition; memory: BookingMemory | undefined },
  ) {
    this.#hasRequisition = memory?.has_requisition ?? memory !== undefined;
    this.#unanswered = memory?.unanswered ?? [];
    this.#order = order;
    this.#provider = new ProviderBooking(order.id, policy);
    this.#backgroundTasks = backgroundTasks;
    this.#rules = rules;
    this.#refusal = refusal;
    this.#position = position;
    this.#appointment = memory?.appointment ?? null;
    this.#reports = memory?.reports_waiting ?? [];
    this.#heard = new Set(memory?.reports_heard);
    this.#lastBooking = memory?.last_booking ?? null;
  }

  /** Hears commands and reports from now on. */
  listen(): void {
    const refused = (reason: string) => ApplicationFailure.nonRetryable(reason, 'AppointmentRefused', this.#position());
    setHandler(
      appointmentCommand,
      shielded(this.#rules, async (command: AppointmentCommand, by: Principal | undefined) => {
        const asked: Asked = { command, by };
        this.#asked.push(asked);
        await condition(() => asked.answer !== undefined);
        const answer = asked.answer ?? { unknown: 'There was no response' };
        if ('refused' in answer) throw refused(answer.refused);
        if ('unknown' in answer) throw ApplicationFailure.nonRetryable(answer.unknown, 'PartnerAway');
        return answer.appointment;
      }),
      {
        validator: (command, _by) => {
          const reason = this.#refusal(command);
          if (reason !== null) throw refused(reason);
        },
      },
    );
    setHandler(appointmentReport, (said) => {
      if (!this.#heard.has(said.event_id)) this.#reports.push(said);
      this.#heard.add(said.event_id);
    });
  }

  /** The order's newest appointment, whatever became of it. */
  get appointment(): Appointment | null {
    return this.#appointment;
  }

  /** Whether somebody waits. */
  get hasWork(): boolean {
    return this.#asked.length > 0 || this.#reports.length > 0 || this.#arranged.length > 0;
  }

  /** What companies have said of late, by event. */
  get heardOfLate(): string[] {
    return [...this.#heard].slice(-MOST_REMEMBERED);
  }

  memory(): BookingMemory {
    return {
      appointment: this.#appointment,
      reports_heard: this.heardOfLate,
      reports_waiting: [...this.#reports, ...this.#earlyEvents.slice(-MOST_REMEMBERED)],
      last_booking: this.#lastBooking,
    };
  }

  /**
   * Attends to whoever waits longest, companies before callers; the order may have moved on since a caller was let in.
   * @returns What to record; null when nothing changes.
   */
  async attend(): Promise<NextAppointment | null> {
    const arranged = this.#arranged.shift();
    if (arranged) return this.#afterArranging(arranged);
    const said = this.#reports.shift();
    if (said) return this.#afterReport(said);
    const asked = this.#asked.shift();
    if (!asked) return null;
    const answer = this.#known(asked.command);
    if (answer) {
      asked.answer = answer;
      return null;
    }
    return this.#obey(asked);
  }

  /** What a company said, when it was attended to, of a visit that is over for us: for the journey to weigh. */
  takeEventOfEarlierVisit(): VisitReport | undefined {
    return this.#eventsOfEarlierVisits.shift();
  }

  /** Asks the companies what became, since the journey was ended by hand, of what they were asked for. */
  takeUpAgain(): void {
    for (const command of this.#unanswered)
      this.#backgroundTasks.runInBackground(this.#lookFor(command, now(), undefined));
    if (this.active) this.#backgroundTasks.runInBackground(this.#lookAgain(this.active));
  }

  /**
   * Makes what turned out to be recorded the appointment.
   * @returns How many of its events were known; null when all of them were.
   */
  catchUp(held: Appointment): number | null {
    const known = this.#appointment?.id === held.id ? this.#appointment.events.length : 0;
    if (known >= held.events.length) return null;
    this.#take(held);
    return known;
  }

  /** Makes what is held the appointment, and answers whoever waits for it. */
  adopt(held: Appointment, next: NextAppointment): void {
    this.#take(held);
    next.tell?.(held);
  }

  #take(held: Appointment): void {
    this.#appointment = held;
    this.#reports.push(...this.#earlyEvents.filter(({ appointment_id }) => appointment_id === held.id));
    this.#earlyEvents = this.#earlyEvents.filter(({ appointment_id }) => appointment_id !== held.id);
  }

  /**
   * Cancels an active appointment because of what became of its order (F7); tried until the company has taken note.
   * @param reason In words, for the company.
   * @param origin In a word, for API callers.
   */
  async withdraw(reason: string, origin: string): Promise<void> {
    const appointment = this.active;
    // Under way it is not called off any more: what becomes of it is still heard.
    if (!appointment || appointment.status === 'in_progress') return;
    if (!this.#stopsAsking(appointment)) {
      const { withdrawVisit } = this.#provider.backgroundCalls(reason);
      const answer = await withdrawVisit(this.#order.id, appointment.id, reason, null);
      if ('refused' in answer) throw ApplicationFailure.nonRetryable(answer.refused, 'VisitNotWithdrawn');
    }
    this.#isNow(appointment.id, CANCELLED, { origin });
  }

  /**
   * From now on the order has its requisition: what companies have promised holds.
   * @returns What to record; null when no appointment changes.
   */
  requisitionArrived(): NextAppointment | null {
    this.#hasRequisition = true;
    const promised = this.#promised;
    this.#promised = null;
    return promised && this.#afterReport({ ...promised, report: this.#asNewest(promised.report) });
  }

  /**
   * The visit took place, as a report of the laboratory shows.
   * @param by the laboratory
   * @returns What to record; null when there is no visit that could have taken place.
   */
  drawShown(by: Principal): NextAppointment | null {
    const { active } = this;
    if (!active) return null;
    const { changed_at: _, ...visit } = { ...UNANSWERED, status: 'completed' as const };
    const report = this.#asNewest({ ...visit, occurred_at: now(), data: { origin: SHOWN_BY_LAB } });
    const next = this.#afterReport({ appointment_id: active.id, report, by });
    return next && { ...next, yields_to_events: true, again: () => {} };
  }

  /** The appointment that is neither over nor called off. */
  get active(): Appointment | null {
    return this.#appointment && isActive(this.#appointment) ? this.#appointment : null;
  }

  /** The answer to a command that can be given without asking the company; null when the company must be asked. */
  #known(command: AppointmentCommand): Answer | null {
    const made = this.#appointment;
    if (isMaking(command) && made && this.#isOf(command, made)) return { appointment: made };
    const isOpen = isMaking(command) ? this.#looking.has(referenceOf(command).provider) : !this.active;
    if (isOpen && this.#looking.size > 0) return STILL_LOOKING;
    const reason = this.#refusal(command) ?? this.#conflict(command);
    return reason === null ? null : { refused: reason };
  }

  /** Whether a booking asks again for what was made already: under its own id, or with the booking key of the active one. */
  #isOf(command: ArrangeVisit, made: Appointment): boolean {
    if (command.appointment_id === made.id) return true;
    const last = this.#lastBooking;
    const isLast = isActive(made) && last?.appointment_id === made.id;
    return (
      isLast && last.kind === 'book' && command.kind === 'book' && last.slot.booking_key === command.slot.booking_key
    );
  }

  /** What the appointment itself has against a command. */
  #conflict(command: AppointmentCommand): string | null {
    const active = this.active;
    if (isMaking(command)) {
      return active && blocksBooking(active, new Date(now()))
        ? 'The order already has an active appointment. Reschedule or cancel it before booking another.'
        : null;
    }
    if (!active) return 'The order has no active appointment';
    if (command.kind === 'cancel') {
      return mayMove(active.status, 'cancelled') ? null : `An appointment that is ${active.status} cannot be cancelled`;
    }
    return active.can_reschedule && mayMove(active.status, 'scheduled')
      ? null
      : 'This appointment cannot be rescheduled';
  }

  async #obey(asked: Asked): Promise<NextAppointment | null> {
    const { command } = asked;
    // Before the company is asked, so that what it then says about the visit is later.
    const at = now();
    if (isMaking(command)) {
      await this.#arrange(asked, command, at);
      return null;
    }
    const { active } = this;
    if (!active) return null;
    try {
      return command.kind === 'reschedule'
        ? await this.#reschedule(asked, command, active, at)
        : await this.#cancel(asked, command, active, at);
    } catch (failure) {
      if (!(failure instanceof ActivityFailure)) throw failure;
      asked.answer = UNKNOWN_CHANGE;
      this.#backgroundTasks.runInBackground(this.#lookAgain(active, command));
      return null;
    }
  }

  /** Asks the company for a visit, which the journey then records; without an answer it has to be found out. */
  async #arrange(asked: Asked, command: ArrangeVisit, asked_at: string): Promise<void> {
    const patience = command.kind === 'book' ? command.patience : null;
    const { appointment_id } = command;
    const isRepeat = this.#sweeps.has(appointment_id) || this.#lastBooking?.appointment_id === appointment_id;
    this.#sweeps.get(appointment_id)?.cancel();
    this.#lastBooking = command;
    let visit: ArrangedVisit | null = null;
    try {
      const { arrangeVisit } = this.#provider.interactiveCalls(patience?.answered_within);
      const answer = await arrangeVisit(this.#order.id, command, isRepeat);
      if ('refused' in answer) {
        this.#mindLateBooking(command, answer);
        return refuse(asked, answer.refused);
      }
      if (answer.visit.status === 'cancelled') return refuse(asked, 'This booking was canceled. Book again.');
      visit = answer.visit;
    } catch (failure) {
      if (!(failure instanceof ActivityFailure)) throw failure;
    }
    if (!visit && !patience) {
      asked.answer = UNKNOWN_BOOKING;
      this.#backgroundTasks.runInBackground(this.#lookFor(command, asked_at, asked.by));
      return;
    }
    const tell = (appointment: Appointment | null) => {
      asked.answer = appointment ? { appointment } : UNWANTED;
      if (!appointment) this.#backgroundTasks.runInBackground(this.#undo(command));
      else if (patience) this.#backgroundTasks.runInBackground(this.#confirm(command, patience, visit));
    };
    this.#arranged.push({ command, visit: visit ?? UNANSWERED, asked_at, by: asked.by, tell });
  }

  async #reschedule(
    asked: Asked,
    { slot, appointment_notes }: Extract<AppointmentCommand, { kind: 'reschedule' }>,
    active: Appointment,
    at: string,
  ): Promise<NextAppointment | null> {
    const answer = await this.#provider
      .interactiveCalls()
      .moveVisit(this.#order.id, active.id, slot, appointment_notes);
    if ('refused' in answer) {
      refuse(asked, answer.refused);
      return null;
    }
    const { changed_at, ...visit } = answer.visit;
    const moved: Appointment = {
      ...active,
      ...visit,
      provider_appointment_id: visit.provider_appointment_id ?? active.provider_appointment_id,
      time_zone: visit.time_zone ?? slot.time_zone,
      ...this.#besides(asked.command, active),
    };
    const event = { status: 'scheduled', data: { is_reschedule: true }, occurred_at: changed_at } as const;
    const again = () =>
      this.#isNow(active.id, answer.visit, null, { besides: this.#besides(asked.command, active), asked });
    return { appointment: withEvent(moved, at, event), by: asked.by, tell: answering(asked), again };
  }

  #besides(command: AppointmentCommand, { address, location, appointment_notes }: Appointment): Besides {
    if (command.kind !== 'reschedule') return { address, location, appointment_notes };
    return {
      address: this.#reached(command.slot.address, command.slot.site_code),
      location: command.slot.location,
      appointment_notes: command.appointment_notes ?? appointment_notes,
    };
  }

  /** An address with how to reach it. */
  #reached(address: UsAddress, site_code: string | null): UsAddress {
    return { ...address, access_notes: accessNotesFor(address, site_code, this.#order.address.access_notes) };
  }

  async #cancel(
    asked: Asked,
    { reason, notes }: Extract<AppointmentCommand, { kind: 'cancel' }>,
    active: Appointment,
    at: string,
  ): Promise<NextAppointment | null> {
    if (!this.#stopsAsking(active)) {
      const answer = await this.#provider.interactiveCalls().withdrawVisit(this.#order.id, active.id, reason, notes);
      if ('refused' in answer) {
        refuse(asked, answer.refused);
        return null;
      }
    }
    const again = () => this.#isNow(active.id, CANCELLED, { reason }, { asked });
    const cancelled = withEvent(active, at, { status: 'cancelled', data: { reason } });
    return { appointment: cancelled, by: asked.by, tell: answering(asked), again };
  }

  /** An appointment that begins with a visit. */
  #newAppointment(command: ArrangeVisit, { changed_at, ...visit }: ArrangedVisit, at: string): Appointment {
    const { id: order_id, transaction_id, team_id, user_id } = this.#order;
    const place = command.kind === 'book' ? command.slot : command;
    const appointment: Appointment = {
      id: command.appointment_id,
      order_id,
      transaction_id,
      team_id,
      user_id,
      provider: place.provider,
      type: PROVIDER_TYPES[place.provider],
      address: this.#reached(place.address, command.kind === 'book' ? command.slot.site_code : null),
      location: place.location,
      appointment_notes: command.appointment_notes,
      can_reschedule: isBooked(place.provider) && visit.status === 'scheduled' && this.#hasRequisition,
      ...visit,
      ...(command.kind === 'book' && {
        time_zone: visit.time_zone ?? command.slot.time_zone,
        site_code: visit.site_code ?? command.slot.site_code,
      }),
      events: [],
    };
    const { appointment_id } = command;
    const occurred_at = changed_at ?? at;
    if (this.#hasRequisition || visit.status !== 'scheduled') {
      return withEvent(appointment, at, { status: visit.status, occurred_at });
    }
    this.#promised = { appointment_id, report: { ...visit, occurred_at, data: null } };
    const pending = withEvent(appointment, at, { status: 'pending', occurred_at });
    return withEvent(pending, at, { status: 'reserved', occurred_at });
  }

  /** What is arranged is the order's appointment, if it can still have one; a visit that is overdue makes room for it. */
  #afterArranging(arranged: Arranged): NextAppointment | null {
    const { command, visit, asked_at, by, tell } = arranged;
    const { active } = this;
    if (this.#refusal(command) !== null || (active && blocksBooking(active, new Date(now())))) {
      tell(null);
      return null;
    }
    if (active) {
      this.#arranged.unshift(arranged);
      const overdue = withEvent(active, now(), { status: 'cancelled', data: { origin: OVERDUE } });
      return { appointment: overdue, by, again: () => {} };
    }
    const again = () => {
      const made = this.#appointment;
      if (made?.id === command.appointment_id) tell(made);
      else this.#arranged.unshift(arranged);
    };
    return { appointment: this.#newAppointment(command, visit, asked_at), by, tell, again };
  }

  #afterReport(said: VisitReport): NextAppointment | null {
    const appointment = this.#appointment;
    if (appointment?.id !== said.appointment_id) {
      const isToCome = this.#rules < 2 || this.#lastBooking?.appointment_id === said.appointment_id;
      (isToCome ? this.#earlyEvents : this.#eventsOfEarlierVisits).push(said);
      return null;
    }
    const isPromise = !this.#hasRequisition && said.report.status === 'scheduled';
    if (isPromise) this.#promised = laterOf(this.#promised, said);
    const moves = nextAfterEvents(appointment, isPromise ? { ...said.report, status: 'reserved' } : said.report);
    let moved = appointment;
    for (const { occurred_at, data, ...facts } of moves) {
      const can_reschedule = moved.can_reschedule || (facts.status === 'scheduled' && isBooked(appointment.provider));
      moved = withEvent({ ...moved, ...facts, can_reschedule }, occurred_at, { status: facts.status, data });
    }
    const { besides, tell, by = partner(appointment.provider) } = said;
    if (moves.length > 0) {
      const again = () => this.#reports.unshift(said);
      return { appointment: { ...moved, ...besides }, by, ...(tell && { tell }), again };
    }
    const isOver = !isActive(appointment) && said.report.status !== appointment.status;
    if (isOver && said.event_id !== undefined && this.#rules >= 2) this.#eventsOfEarlierVisits.push(said);
    tell?.(appointment);
    return null;
  }

  /** Looks for a booking of which no answer came until it is known whether it was made; then adopts or undoes it. */
  #lookFor(command: ArrangeVisit, asked_at: string, by: Principal | undefined): BackgroundTask {
    const { appointment_id, provider } = referenceOf(command);
    const look = async () => {
      this.#looking.add(provider);
      try {
        const visit = await this.#provider.find(referenceOf(command));
        if (!visit || visit.status === 'cancelled') {
          await this.#provider.backgroundCalls('No booking was made').releasePatient(appointment_id);
          if (!visit) this.#backgroundTasks.runInBackground(this.#sweep(command));
          return;
        }
        let outcome: Appointment | null | undefined;
        const tell = (held: Appointment | null) => {
          outcome = held;
        };
        this.#arranged.push({ command, visit, asked_at, by, tell });
        await condition(() => outcome !== undefined);
        if (outcome === null) await this.#undo(command).done;
      } finally {
        this.#looking.delete(provider);
      }
    };
    return {
      doing: `${provider} to say whether it made booking ${appointment_id}`,
      done: this.#orGivesPatientBack(appointment_id, look),
      ifItFails: `We could not find out whether ${provider} made booking ${appointment_id}. Call the provider, and have the visit canceled if there is one.`,
    };
  }

  /** Cancels what may have been made; what is not there yet is cancelled when it turns up. */
  #undo(command: ArrangeVisit): BackgroundTask {
    const { appointment_id, provider } = referenceOf(command);
    const undo = async () => {
      const wasMade = await this.#provider.undo(referenceOf(command));
      if (!wasMade) this.#backgroundTasks.runInBackground(this.#sweep(command));
    };
    return {
      doing: `${provider} to undo booking ${appointment_id}`,
      done: this.#orGivesPatientBack(appointment_id, undo),
      ifItFails: `Booking ${appointment_id} could not be undone with ${provider}. Call the provider and have the visit canceled.`,
    };
  }

  /** A refusal after attempts without an answer: what an earlier attempt makes after all is cancelled when it turns up. */
  #mindLateBooking(command: ArrangeVisit, { may_turn_up }: { may_turn_up?: boolean }): void {
    if (may_turn_up && this.#rules >= 2) this.#backgroundTasks.runInBackground(this.#sweep(command));
  }

  /** The patient is not kept from other bookings for ever by one that nobody could find out about. */
  async #orGivesPatientBack(appointment_id: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (failure) {
      const isOver = failure instanceof ActivityFailure && this.#rules >= 2;
      if (isOver)
        await this.#provider
          .backgroundCalls(`Releases the patient of ${appointment_id}`)
          .releasePatient(appointment_id);
      throw failure;
    }
  }

  #sweep(command: ArrangeVisit): BackgroundTask {
    const { appointment_id, provider } = referenceOf(command);
    const scope = new CancellationScope({ cancellable: true });
    this.#sweeps.set(appointment_id, scope);
    const sweep = async () => {
      try {
        await scope.run(() => this.#provider.cancelWhatTurnsUp(referenceOf(command)));
      } catch (failure) {
        if (!isCancellation(failure)) throw failure;
      } finally {
        this.#sweeps.delete(appointment_id);
      }
    };
    return {
      doing: `a later check for booking ${appointment_id} with ${provider}`,
      done: sweep(),
      ifItFails: `We could not find out whether ${provider} made booking ${appointment_id} after all. Call the provider, and have the visit canceled if there is one.`,
    };
  }

  /**
   * Has a booking confirmed, or cancelled when the caller's patience ends.
   * @param visit The company's first answer; null when there was none, so that it is asked until it answers.
   */
  #confirm(command: ArrangeVisit, patience: ConfirmationPatience, visit: ArrangedVisit | null): BackgroundTask {
    const { appointment_id, provider } = referenceOf(command);
    return {
      doing: `${provider} to confirm booking ${appointment_id}`,
      done: this.#confirmed(command, patience, visit),
      ifItFails: `Booking ${appointment_id} was not confirmed, and could not be undone with ${provider}. Call the provider and have the visit canceled.`,
    };
  }

  async #confirmed(command: ArrangeVisit, patience: ConfirmationPatience, visit: ArrangedVisit | null): Promise<void> {
    const { appointment_id } = command;
    const deadline = Date.parse(now()) + patience.confirmed_within;
    try {
      const answer = visit ? { visit } : await this.#askOn(command, patience);
      if ('refused' in answer) {
        this.#mindLateBooking(command, answer);
        this.#isNow(appointment_id, CANCELLED, { origin: 'provider', reason: answer.refused });
        return;
      }
      if (!visit) this.#isNow(appointment_id, answer.visit, { origin: 'provider' });
      if (!awaitsConfirmation(answer.visit)) return;
      const isDecided = () => {
        const current = this.#appointment;
        const isPromised = this.#promised?.appointment_id === appointment_id;
        return isPromised || current?.id !== appointment_id || !awaitsConfirmation(current);
      };
      const left = deadline - Date.parse(now());
      if (await condition(isDecided, left, { summary: 'Deadline for the confirmation' })) return;
      await this.#unconfirmed(command);
    } catch (failure) {
      if (!(failure instanceof ActivityFailure)) throw failure;
      await this.#unconfirmed(command);
      if (isCancellation(failure)) return;
    }
    this.#isNow(appointment_id, CANCELLED, { origin: 'system', reason: 'The provider did not confirm it in time' });
  }

  /** Undoes a booking that was not confirmed; it is over with us also where that fails for good. */
  async #unconfirmed(command: ArrangeVisit): Promise<void> {
    const undo = this.#undo(command);
    if (this.#rules < 2) return undo.done;
    this.#backgroundTasks.runInBackground(undo);
    await undo.done.catch(() => {});
  }

  /** Asks for a booking until the company answers, the caller's patience ends, or the appointment is cancelled. */
  async #askOn(command: ArrangeVisit, { confirmed_within }: ConfirmationPatience): Promise<VisitAnswer> {
    const scope = new CancellationScope({ cancellable: true });
    this.#asking = scope;
    try {
      return await scope.run(() => this.#provider.arrangeWithin(command, confirmed_within));
    } finally {
      this.#asking = undefined;
    }
  }

  /** Ends the asking for an appointment that the company never answered; what it may hold is undone then. */
  #stopsAsking(appointment: Appointment): boolean {
    if (appointment.provider_appointment_id !== null || !this.#asking) return false;
    this.#asking.cancel();
    return true;
  }

  /**
   * Has the journey record what is known of an appointment now.
   * @param more What companies do not report, and the caller who is told: the appointment, or why there is none to be had.
   */
  #isNow(
    appointment_id: string,
    { changed_at, ...visit }: ArrangedVisit,
    data: AppointmentReport['data'],
    { besides, asked }: { besides?: Besides; asked?: Asked } = {},
  ): void {
    const report = this.#asNewest({ ...visit, occurred_at: changed_at ?? now(), data });
    const reason = asked && this.#refusal(asked.command);
    if (asked && reason) refuse(asked, reason);
    const tell = asked && !reason ? answering(asked) : undefined;
    const isOurDoing = data !== null && data.origin !== 'provider';
    const by = asked ? asked.by : isOurDoing ? THE_JOURNEY : undefined;
    const more = { ...(by && { by }), ...(besides && { besides }), ...(tell && { tell }) };
    this.#reports.push({ appointment_id, report, ...more });
  }

  /** A report of what is so now, whatever the company's clock says: nothing that we know happened later. */
  #asNewest(report: AppointmentReport): AppointmentReport {
    const known = (this.#appointment?.events ?? []).map(({ occurred_at }) => occurred_at);
    return { ...report, occurred_at: [report.occurred_at, ...known].sort(byInstant).at(-1) ?? report.occurred_at };
  }

  /**
   * What became of a change that came to no answer is for the company to say.
   * @param command The change that came to no answer; absent when none was asked for.
   */
  #lookAgain(appointment: Appointment, command?: AppointmentCommand): BackgroundTask {
    const { id: appointment_id, provider } = appointment;
    const look = async () => {
      const visit = await this.#provider.findSettled({ provider, appointment_id });
      const data = command?.kind === 'cancel' && visit?.status === 'cancelled' ? { reason: command.reason } : null;
      if (visit) this.#isNow(appointment_id, visit, data, command && { besides: this.#besides(command, appointment) });
    };
    return {
      doing: `${provider} to report the status of appointment ${appointment_id}`,
      done: look(),
      ifItFails: `We could not find out whether ${provider} changed appointment ${appointment_id} as requested. Call the provider.`,
    };
  }
}

/** How much of what was heard a journey carries over when it continues as new; what is older is known by its time. */
const MOST_REMEMBERED = 200;

const STILL_LOOKING = {
  unknown: 'The outcome of the last booking of this order is not known yet; please retry',
};
const UNKNOWN_BOOKING = {
  unknown:
    'The provider did not respond in time, and the booking outcome is not known yet. Retry with the same idempotency key or booking key to get the appointment, or the reason why there is none.',
};
const UNKNOWN_CHANGE = {
  unknown:
    'The provider did not respond in time, and it is not known yet whether the change was made. Check the appointment, or retry.',
};

const UNWANTED = { refused: 'The order can no longer have an appointment; the booking is being undone' };

/** A visit of which the company has said nothing. */
const UNANSWERED: ArrangedVisit = {
  status: 'pending',
  start_at: null,
  end_at: null,
  time_zone: null,
  external_id: null,
  provider_appointment_id: null,
  site_code: null,
  changed_at: null,
};

/** An appointment that is cancelled, and of which nothing else has changed. */
const CANCELLED: ArrangedVisit = { ...UNANSWERED, status: 'cancelled' };

const awaitsConfirmation = ({ status }: Pick<Appointment, 'status'>) => status === 'pending' || status === 'reserved';

/** Whether the patient picks a time and can pick another. */
const isBooked = (provider: AppointmentProvider) => PROVIDER_TIERS[provider] === 'appointment-ready';

const byInstant = (one: string, other: string) => Date.parse(one) - Date.parse(other);

/** What was said later, of the same appointment; of another it is the second in any case. */
function laterOf(known: VisitReport | null, said: VisitReport): VisitReport {
  const isStale =
    known?.appointment_id === said.appointment_id && byInstant(said.report.occurred_at, known.report.occurred_at) < 0;
  return isStale ? known : said;
}

const isMaking = (command: AppointmentCommand): command is ArrangeVisit =>
  command.kind === 'book' || command.kind === 'request';

const referenceOf = (command: ArrangeVisit): VisitReference => ({
  provider: command.kind === 'book' ? command.slot.provider : command.provider,
  appointment_id: command.appointment_id,
});

function refuse(asked: Asked, reason: string): void {
  asked.answer = { refused: reason };
}

function answering(asked: Asked): (held: Appointment) => void {
  return (appointment) => {
    asked.answer = { appointment };
  };
}

/** An appointment with one more event, which we learned of at that instant, and which happened then unless it says so. */
function withEvent(
  appointment: Appointment,
  at: string,
  {
    status,
    data = null,
    occurred_at,
  }: Pick<AppointmentEvent, 'status'> & Partial<Pick<AppointmentEvent, 'data'>> & { occurred_at?: string | null },
): Appointment {
  const number = appointment.events.length + 1;
  const event = { number, status, created_at: at, occurred_at: occurred_at ?? at, data };
  return { ...appointment, status, events: [...appointment.events, event] };
}

// biome-ignore lint/plugin: Temporal's clock, which says the same in every replay.
const now = () => new Date().toISOString();
