/**
 * The desk at which an order's appointments are made: commands of callers and reports of phlebotomy companies wait here
 * until the journey attends to them, one at a time. What was asked of a company and came to no answer is found again by
 * our reference, and either adopted or undone (C2).
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  proxyActivities,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { Activities, VisitAnswer } from '../activities/types.ts';
import {
  type Appointment,
  type AppointmentEventStatus,
  type AppointmentReport,
  type ArrangedVisit,
  isActive,
  isInTheWay,
  mayMove,
  nextAfterEvents,
  PROVIDER_TYPES,
} from '../domain/appointment.ts';
import type {
  AppointmentCommand,
  AppointmentSaid,
  ArrangeVisit,
  ConfirmationPatience,
} from '../domain/appointment-command.ts';
import type { Order } from '../domain/order.ts';
import type { JourneyPolicy } from '../domain/policy.ts';
import { appointmentCommand, appointmentReport } from './messages.ts';

/** What a journey carries over of its desk when it continues as new. */
export interface DeskMemory {
  appointment: Appointment | null;
  reports_heard: string[];
  reports_waiting: Said[];
  /** Absent where nothing is owed. */
  owed?: ArrangeVisit | null;
}

/** What a company said, or what we know of it. */
type Said = Pick<AppointmentSaid, 'appointment_id' | 'report'>;

type Answer = { appointment: Appointment } | { refused: string } | { unknown: string };

interface Asked {
  command: AppointmentCommand;
  answer?: Answer;
}

/** A visit of which no answer came, and which the company holds all the same. */
interface Found {
  command: ArrangeVisit;
  visit: ArrangedVisit;
  asked_at: string;
  outcome?: 'adopted' | 'unwanted';
}

/** An appointment as it should be next; what follows from recording it is the journey's. */
export interface NextAppointment {
  appointment: Appointment;
  /** Tells whoever waits for it, once it is recorded. */
  tell?: (held: Appointment) => void;
}

type Refusal = (command: AppointmentCommand) => string | null;

export class AppointmentDesk {
  readonly #order: Order;
  readonly #policy: JourneyPolicy;
  /** Sees to it that something is done after all, however long it takes. */
  readonly #setOff: (deed: Promise<void>) => void;
  #appointment: Appointment | null;
  readonly #asked: Asked[] = [];
  #reports: Said[];
  readonly #heard: Set<string>;
  #hasRequisition: boolean;
  /** The visit that a company has agreed to before there was a requisition. */
  #promised: Said | null = null;
  /** A booking is being looked for, because no answer came. */
  #isLooking = false;
  readonly #found: Found[] = [];
  /** The booking whose caller was told that nobody knows: asked for again, it is answered with what became of it. */
  #owed: ArrangeVisit | null;
  /** A booking without an answer is being asked for on and on. */
  #asking: CancellationScope | undefined;

  /** @param memory Of a journey that continued as new, which it does only when there is a requisition. */
  constructor(order: Order, policy: JourneyPolicy, setOff: (deed: Promise<void>) => void, memory?: DeskMemory) {
    this.#hasRequisition = memory !== undefined;
    this.#order = order;
    this.#policy = policy;
    this.#setOff = setOff;
    this.#appointment = memory?.appointment ?? null;
    this.#reports = memory?.reports_waiting ?? [];
    this.#heard = new Set(memory?.reports_heard);
    this.#owed = memory?.owed ?? null;
  }

  /**
   * Hears commands and reports from now on.
   * @param refusal Why the order can have no appointment now, in words for the caller; null when it can.
   */
  listen(refusal: Refusal): void {
    setHandler(
      appointmentCommand,
      async (command) => {
        const asked: Asked = { command };
        this.#asked.push(asked);
        await condition(() => asked.answer !== undefined);
        const answer = asked.answer ?? { unknown: 'Nobody answered' };
        if ('refused' in answer) throw refused(answer.refused);
        if ('unknown' in answer) throw ApplicationFailure.nonRetryable(answer.unknown, 'PartnerAway');
        return answer.appointment;
      },
      {
        validator: (command) => {
          const reason = refusal(command);
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
    return this.#asked.length > 0 || this.#reports.length > 0 || this.#found.length > 0;
  }

  /** Answers everybody who still waits with a no. */
  refuseAll(reason: string): void {
    for (const asked of this.#asked.splice(0)) asked.answer = { refused: reason };
  }

  memory(): DeskMemory {
    return {
      appointment: this.#appointment,
      reports_heard: [...this.#heard],
      reports_waiting: this.#reports,
      owed: this.#owed,
    };
  }

  /**
   * Attends to whoever waits longest, companies before callers.
   * @param refusal As in `listen`: the order may have moved on since the caller was let in.
   * @returns What to record; null when nothing changes.
   */
  async attend(refusal: Refusal): Promise<NextAppointment | null> {
    const found = this.#found.shift();
    if (found) return this.#afterFinding(found, refusal);
    const said = this.#reports.shift();
    if (said) return this.#afterReport(said);
    const asked = this.#asked.shift();
    if (!asked) return null;
    const answer = this.#known(asked.command, refusal);
    if (answer) {
      asked.answer = answer;
      return null;
    }
    return this.#obey(asked);
  }

  /** Makes what is held the appointment, and answers whoever waits for it. */
  adopt(held: Appointment, next: NextAppointment): void {
    this.#appointment = held;
    next.tell?.(held);
  }

  /**
   * Cancels an active appointment because of what became of its order (F7); tried until the company has taken note.
   * @param reason In words, for the company.
   * @param origin In a word, for API callers.
   */
  async withdraw(reason: string, origin: string): Promise<void> {
    const appointment = this.active;
    if (!appointment) return;
    if (!this.#stopsAsking(appointment)) {
      const { withdrawVisit } = this.#patient(reason);
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
    return promised && this.#afterReport({ ...promised, report: { ...promised.report, occurred_at: now() } });
  }

  /** The appointment that is neither over nor called off. */
  get active(): Appointment | null {
    return this.#appointment && isActive(this.#appointment) ? this.#appointment : null;
  }

  /** The answer to a command that can be given without asking the company; null when the company must be asked. */
  #known(command: AppointmentCommand, refusal: Refusal): Answer | null {
    if (this.#isLooking) return STILL_LOOKING;
    const made = this.#appointment;
    if (isMaking(command) && made && this.#isOf(command, made)) return { appointment: made };
    const reason = refusal(command) ?? this.#conflict(command);
    return reason === null ? null : { refused: reason };
  }

  /** Whether a booking asks again for what was made already: under its own id, or where its first caller is owed an answer. */
  #isOf(command: ArrangeVisit, made: Appointment): boolean {
    if (command.appointment_id === made.id) return true;
    const owed = this.#owed;
    return (
      owed?.appointment_id === made.id &&
      owed.kind === 'book' &&
      command.kind === 'book' &&
      owed.slot.booking_key === command.slot.booking_key
    );
  }

  /** What the appointment itself has against a command. */
  #conflict(command: AppointmentCommand): string | null {
    const active = this.active;
    if (isMaking(command)) {
      return active && isInTheWay(active, new Date(now()))
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
    if (isMaking(command)) return this.#arrange(asked, command, at);
    const active = this.active;
    if (!active) return null;
    try {
      return command.kind === 'reschedule'
        ? await this.#reschedule(asked, command, active, at)
        : await this.#cancel(asked, command, active, at);
    } catch (failure) {
      if (!(failure instanceof ActivityFailure)) throw failure;
      asked.answer = UNKNOWN_CHANGE;
      this.#setOff(this.#lookAgain(active));
      return null;
    }
  }

  async #arrange(asked: Asked, command: ArrangeVisit, at: string): Promise<NextAppointment | null> {
    const patience = command.kind === 'book' ? command.patience : null;
    this.#owed = null;
    let visit: ArrangedVisit | null = null;
    try {
      const { arrangeVisit } = this.#prompt(patience?.answered_within);
      const answer = await arrangeVisit(this.#order.id, command);
      if ('refused' in answer) return refuse(asked, answer.refused);
      if (answer.visit.status === 'cancelled') return refuse(asked, 'This booking was withdrawn. Book again.');
      visit = answer.visit;
    } catch (failure) {
      if (!(failure instanceof ActivityFailure)) throw failure;
    }
    if (visit || patience) {
      return {
        appointment: this.#newAppointment(command, visit ?? UNANSWERED, at),
        tell: (appointment) => {
          asked.answer = { appointment };
          if (patience) this.#setOff(this.#confirm(command, patience, visit));
        },
      };
    }
    asked.answer = UNKNOWN_BOOKING;
    this.#owed = command;
    this.#setOff(this.#lookFor(command, at));
    return null;
  }

  async #reschedule(
    asked: Asked,
    { slot, appointment_notes }: Extract<AppointmentCommand, { kind: 'reschedule' }>,
    active: Appointment,
    at: string,
  ): Promise<NextAppointment | null> {
    const answer = await this.#prompt().moveVisit(this.#order.id, active.id, slot, appointment_notes);
    if ('refused' in answer) return refuse(asked, answer.refused);
    const moved: Appointment = {
      ...active,
      ...answer.visit,
      provider_appointment_id: answer.visit.provider_appointment_id ?? active.provider_appointment_id,
      address: { ...slot.address, access_notes: slot.address.access_notes ?? this.#order.address.access_notes },
      location: slot.location,
      time_zone: answer.visit.time_zone ?? slot.time_zone,
      appointment_notes: appointment_notes ?? active.appointment_notes,
    };
    return { appointment: withEvent(moved, at, 'scheduled', { is_reschedule: true }), tell: answering(asked) };
  }

  async #cancel(
    asked: Asked,
    { reason, notes }: Extract<AppointmentCommand, { kind: 'cancel' }>,
    active: Appointment,
    at: string,
  ): Promise<NextAppointment | null> {
    if (!this.#stopsAsking(active)) {
      const answer = await this.#prompt().withdrawVisit(this.#order.id, active.id, reason, notes);
      if ('refused' in answer) return refuse(asked, answer.refused);
    }
    return { appointment: withEvent(active, at, 'cancelled', { reason }), tell: answering(asked) };
  }

  /** An appointment that begins with a visit. */
  #newAppointment(command: ArrangeVisit, visit: ArrangedVisit, at: string): Appointment {
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
      address: { ...place.address, access_notes: place.address.access_notes ?? this.#order.address.access_notes },
      location: place.location,
      appointment_notes: command.appointment_notes,
      can_reschedule: command.kind === 'book' && visit !== UNANSWERED && this.#hasRequisition,
      ...visit,
      ...(command.kind === 'book' && {
        time_zone: visit.time_zone ?? command.slot.time_zone,
        site_code: visit.site_code ?? command.slot.site_code,
      }),
      events: [],
    };
    if (this.#hasRequisition || visit.status !== 'scheduled') return withEvent(appointment, at, visit.status, null);
    this.#promised = { appointment_id: command.appointment_id, report: { ...visit, occurred_at: at, data: null } };
    return withEvent(withEvent(appointment, at, 'pending', null), at, 'reserved', null);
  }

  /** What came to no answer and was made all the same is the order's appointment, if it can still have one. */
  #afterFinding(found: Found, refusal: Refusal): NextAppointment | null {
    if (refusal(found.command) !== null || this.active) {
      found.outcome = 'unwanted';
      return null;
    }
    return {
      appointment: this.#newAppointment(found.command, found.visit, found.asked_at),
      tell: () => {
        found.outcome = 'adopted';
      },
    };
  }

  #afterReport(said: Said): NextAppointment | null {
    const appointment = this.#appointment;
    if (!appointment || appointment.id !== said.appointment_id) return null;
    const isPromise = !this.#hasRequisition && said.report.status === 'scheduled';
    if (isPromise) this.#promised = said;
    const moves = nextAfterEvents(appointment, isPromise ? { ...said.report, status: 'reserved' } : said.report);
    let moved = appointment;
    for (const { occurred_at, data, ...facts } of moves) {
      const event = {
        number: moved.events.length + 1,
        status: facts.status,
        created_at: occurred_at,
        occurred_at,
        data,
      };
      const can_reschedule = moved.can_reschedule || facts.status === 'scheduled';
      moved = { ...moved, ...facts, can_reschedule, events: [...moved.events, event] };
    }
    return moves.length > 0 ? { appointment: moved } : null;
  }

  /** Looks for a booking of which no answer came until it is known whether it was made; then adopts or undoes it. */
  async #lookFor(command: ArrangeVisit, asked_at: string): Promise<void> {
    const { appointment_id } = command;
    this.#isLooking = true;
    try {
      const visit = await this.#find(command);
      if (!visit || visit.status === 'cancelled') {
        await this.#patient('No booking was made').releasePatient(appointment_id);
        return;
      }
      const found: Found = { command, visit, asked_at };
      this.#found.push(found);
      await condition(() => found.outcome !== undefined);
      if (found.outcome === 'unwanted') await this.#undo(command);
    } finally {
      this.#isLooking = false;
    }
  }

  /**
   * Has a booking confirmed, or cancelled when the caller's patience ends.
   * @param visit The company's first answer; null when there was none, so that it is asked until it answers.
   */
  async #confirm(command: ArrangeVisit, patience: ConfirmationPatience, visit: ArrangedVisit | null): Promise<void> {
    const { appointment_id } = command;
    const deadline = Date.parse(now()) + patience.confirmed_within;
    try {
      const answer = visit ? { visit } : await this.#askOn(command, patience);
      if ('refused' in answer) {
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
      if (
        await condition(isDecided, deadline - Date.parse(now()), { summary: 'The confirmation is awaited until here' })
      )
        return;
      await this.#undo(command);
    } catch (failure) {
      if (!(failure instanceof ActivityFailure)) throw failure;
      await this.#undo(command);
      if (isCancellation(failure)) return;
    }
    this.#isNow(appointment_id, CANCELLED, { origin: 'system', reason: 'The company did not confirm it in time' });
  }

  /** Asks for a booking until the company answers, the caller's patience ends, or the appointment is cancelled. */
  async #askOn(command: ArrangeVisit, { confirmed_within }: ConfirmationPatience): Promise<VisitAnswer> {
    const scope = new CancellationScope({ cancellable: true });
    this.#asking = scope;
    try {
      const { arrangeVisit } = this.#patient(`Book ${command.appointment_id}`, confirmed_within);
      return await scope.run(() => arrangeVisit(this.#order.id, command));
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

  /** Has the journey record what is known of an appointment now. */
  #isNow(appointment_id: string, visit: ArrangedVisit, data: AppointmentReport['data']): void {
    this.#reports.push({ appointment_id, report: { ...visit, occurred_at: now(), data } });
  }

  /** What the company made of a booking that came to no answer; null when it is known that it made nothing. */
  async #find(command: ArrangeVisit): Promise<ArrangedVisit | null> {
    const { appointment_id } = command;
    const provider = providerOf(command);
    const { findVisit } = this.#patient(`Look for ${appointment_id} at ${provider}`);
    const visit = await findVisit(this.#order.id, provider, appointment_id);
    if (visit) return visit;
    await this.#untilAllHasArrived();
    return findVisit(this.#order.id, provider, appointment_id);
  }

  /** What may have been made is looked for by our reference, and cancelled. */
  async #undo(command: ArrangeVisit): Promise<void> {
    await this.#find(command);
    const provider = providerOf(command);
    const { undoVisit } = this.#patient(`Undo ${command.appointment_id} at ${provider}`);
    await undoVisit(this.#order.id, provider, command.appointment_id);
  }

  /** What became of a change that came to no answer is for the company to say. */
  async #lookAgain({ id: appointment_id, provider }: Appointment): Promise<void> {
    await this.#untilAllHasArrived();
    const { findVisit } = this.#patient(`Look at ${appointment_id} again`);
    const visit = await findVisit(this.#order.id, provider, appointment_id);
    if (visit) this.#isNow(appointment_id, visit, null);
  }

  /** A request that was sent and not answered may still be on its way to the company. */
  #untilAllHasArrived(): Promise<void> {
    return sleep(this.#policy.partner_call, { summary: 'The request may still be on its way' });
  }

  /** Calls while a caller waits, for `within` milliseconds in all. */
  #prompt(within = this.#policy.partner_call) {
    return proxyActivities<Activities>({
      startToCloseTimeout: within,
      scheduleToCloseTimeout: within,
      retry: {
        initialInterval: this.#policy.partner_retry_first / 10,
        maximumInterval: this.#policy.partner_retry_first,
      },
    });
  }

  /** Calls that nobody waits for, and that have to succeed within `within` milliseconds. */
  #patient(summary: string, within = this.#policy.undo_tried_for) {
    return proxyActivities<Activities>({
      startToCloseTimeout: 2 * this.#policy.partner_call,
      scheduleToCloseTimeout: within,
      retry: { initialInterval: this.#policy.partner_retry_first, maximumInterval: this.#policy.partner_retry_longest },
      summary,
    });
  }
}

const STILL_LOOKING = {
  unknown: 'Whether the last booking of this order was made is still being found out; ask again',
};
const UNKNOWN_BOOKING = {
  unknown:
    'The company did not answer in time. Whether it made the booking is being found out: ask again with the same booking key, and you get the appointment or the reason why there is none.',
};
const UNKNOWN_CHANGE = {
  unknown:
    'The company did not answer in time. Whether it made the change is being found out: look at the appointment, or ask again.',
};

/** A visit of which the company has said nothing. */
const UNANSWERED: ArrangedVisit = {
  status: 'pending',
  start_at: null,
  end_at: null,
  time_zone: null,
  external_id: null,
  provider_appointment_id: null,
  site_code: null,
};

/** An appointment that is cancelled, and of which nothing else has changed. */
const CANCELLED: ArrangedVisit = { ...UNANSWERED, status: 'cancelled' };

const awaitsConfirmation = ({ status }: Pick<Appointment, 'status'>) => status === 'pending' || status === 'reserved';

const isMaking = (command: AppointmentCommand): command is ArrangeVisit =>
  command.kind === 'book' || command.kind === 'request';

const providerOf = (command: ArrangeVisit) => (command.kind === 'book' ? command.slot.provider : command.provider);

const refused = (reason: string) => ApplicationFailure.nonRetryable(reason, 'AppointmentRefused');

function refuse(asked: Asked, reason: string): null {
  asked.answer = { refused: reason };
  return null;
}

function answering(asked: Asked): (held: Appointment) => void {
  return (appointment) => {
    asked.answer = { appointment };
  };
}

/** An appointment with one more event, which `at` dates. */
function withEvent(
  appointment: Appointment,
  at: string,
  status: AppointmentEventStatus,
  facts: Record<string, unknown> | null,
): Appointment {
  const event = { number: appointment.events.length + 1, status, created_at: at, occurred_at: at, data: facts };
  return { ...appointment, status, events: [...appointment.events, event] };
}

// biome-ignore lint/plugin: Temporal's clock, which says the same in every replay.
const now = () => new Date().toISOString();
