/**
 * The booking of an order's appointments: commands of callers and events of providers wait here until the journey attends
 * to them, one at a time. What was asked of a provider and came to no answer is found again (recovery.ts).
 */
import { ActivityFailure, ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import {
  type Appointment,
  type ArrangedVisit,
  blocksBooking,
  isActive,
  mayMove,
  OVERDUE,
} from '../../../domain/appointments/appointment.ts';
import type { AppointmentCommand, ArrangeVisit } from '../../../domain/appointments/appointment-command.ts';
import { positionOf } from '../../../domain/orders/journey-position.ts';
import type { Principal } from '../../../domain/principal.ts';
import { isoNow, now } from '../../clock.ts';
import type { JourneyContext } from '../../journey/context.ts';
import { appointmentCommand } from '../../messages.ts';
import { shielded } from '../../shielded.ts';
import type { AppointmentStep, CollectionStep } from '../collection.ts';
import { AppointmentState } from './appointment-state.ts';
import { type Answer, type Arranged, type Asked, isMaking, referenceOf, refuse } from './callers.ts';
import { AppointmentChanges } from './change.ts';
import { Confirmation } from './confirmation.ts';
import { weighEarlierVisit } from './earlier-visits.ts';
import type { BookingMemory } from './memory.ts';
import { ProviderBooking } from './provider-booking.ts';
import { ProviderEvents } from './provider-events.ts';
import { BookingRecovery } from './recovery.ts';
import { newAppointment, UNANSWERED, withEvent } from './visits.ts';

export class AppointmentBooking {
  readonly events: ProviderEvents;
  readonly changes: AppointmentChanges;
  readonly #journey: JourneyContext;
  readonly #provider: ProviderBooking;
  readonly #state: AppointmentState;
  readonly #recovery: BookingRecovery;
  readonly #confirmation: Confirmation;
  readonly #asked: Asked[] = [];
  /** Bookings that came to no answer before the journey was ended by hand. */
  readonly #unanswered: readonly ArrangeVisit[];

  /** @param memory Of a journey that continued as new or was started again. */
  constructor(journey: JourneyContext, memory: BookingMemory | undefined) {
    this.#journey = journey;
    this.#unanswered = memory?.unanswered ?? [];
    this.#state = new AppointmentState(journey, memory);
    this.#provider = new ProviderBooking(journey.order.id, journey.policy);
    this.events = new ProviderEvents(this.#state, journey.rules, memory);
    this.#recovery = new BookingRecovery(journey, this.#state, this.#provider, this.events);
    this.#confirmation = new Confirmation(journey, this.#state, this.#provider, this.events, this.#recovery);
    this.changes = new AppointmentChanges(journey, this.#state, this.#provider, this.events, this.#confirmation);
  }

  /** Hears commands and events from now on. */
  listen(): void {
    setHandler(
      appointmentCommand,
      shielded(this.#journey.rules, async (command: AppointmentCommand, by: Principal | undefined) => {
        const asked: Asked = { command, by };
        this.#asked.push(asked);
        await condition(() => asked.answer !== undefined);
        const answer = asked.answer ?? { unknown: 'There was no response' };
        if ('refused' in answer) throw this.#refused(answer.refused);
        if ('unknown' in answer) throw ApplicationFailure.nonRetryable(answer.unknown, 'PartnerAway');
        return answer.appointment;
      }),
      {
        validator: (command, _by) => {
          const reason = this.#state.refusal(command);
          if (reason !== null) throw this.#refused(reason);
        },
      },
    );
    this.events.listen();
  }

  /** A refusal says what the journey knows, as the store may hold more (docs/decisions/0001). */
  #refused(reason: string): ApplicationFailure {
    const known = positionOf(this.#journey.history.events, this.appointment);
    return ApplicationFailure.nonRetryable(reason, 'AppointmentRefused', known);
  }

  /** The order's newest appointment, whatever became of it. */
  get appointment(): Appointment | null {
    return this.#state.appointment;
  }

  /** The appointment that is neither over nor called off. */
  get active(): Appointment | null {
    return this.#state.active;
  }

  /** Whether somebody waits. */
  get hasWork(): boolean {
    return this.#asked.length > 0 || this.events.isWaiting || this.#state.arranged.length > 0;
  }

  memory(): BookingMemory {
    return {
      appointment: this.appointment,
      reports_heard: this.events.heardOfLate,
      reports_waiting: this.events.remembered,
      last_booking: this.#state.lastBooking,
    };
  }

  /** Makes what is recorded the appointment. */
  adopt(recorded: Appointment): void {
    this.#state.appointment = recorded;
    this.events.appointmentRecorded(recorded);
  }

  /**
   * Attends to whoever waits longest, providers before callers; the order may have moved on since a caller was let in.
   * @returns What to record, one after the other; nothing when nothing changes.
   */
  async attend(): Promise<CollectionStep[]> {
    const arranged = this.#state.arranged.shift();
    if (arranged) return this.#stepsFrom(this.#afterArranging(arranged));
    const said = this.events.shift();
    if (said) return this.#stepsFrom(this.events.stepAfter(said));
    const asked = this.#asked.shift();
    if (!asked) return this.#stepsFrom(null);
    const answer = this.#known(asked.command);
    if (!answer) return this.#stepsFrom(await this.#obey(asked));
    asked.answer = answer;
    return this.#stepsFrom(null);
  }

  /** A step, and what follows from what a provider turned out to say of an earlier visit. */
  #stepsFrom(step: AppointmentStep | null): CollectionStep[] {
    const said = this.events.shiftOfEarlierVisit();
    const weighed = said && weighEarlierVisit(said, this.#journey, this.changes, () => this.active !== null);
    return [...(step ? [step] : []), ...(weighed ? [weighed] : [])];
  }

  /** Asks the providers what became, since the journey was ended by hand, of what they were asked for. */
  takeUpAgain(): void {
    const { backgroundTasks } = this.#journey;
    for (const command of this.#unanswered)
      backgroundTasks.runInBackground(this.#recovery.lookFor(command, isoNow(), undefined));
    if (this.active) backgroundTasks.runInBackground(this.#recovery.lookAgain(this.active));
  }

  /** The answer to a command that can be given without asking the provider; null when the provider must be asked. */
  #known(command: AppointmentCommand): Answer | null {
    const made = this.appointment;
    if (isMaking(command) && made && this.#isOf(command, made)) return { appointment: made };
    const isOpen = isMaking(command) ? this.#recovery.isLooking(referenceOf(command).provider) : !this.active;
    if (isOpen && this.#recovery.isLooking()) return STILL_LOOKING;
    const reason = this.#state.refusal(command) ?? this.#conflict(command);
    return reason === null ? null : { refused: reason };
  }

  /** Whether a booking asks again for what was made already: under its own id, or with the booking key of the active one. */
  #isOf(command: ArrangeVisit, made: Appointment): boolean {
    if (command.appointment_id === made.id) return true;
    const last = this.#state.lastBooking;
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

  async #obey(asked: Asked): Promise<AppointmentStep | null> {
    const { command } = asked;
    // Before the provider is asked, so that what it then says about the visit is later.
    const at = isoNow();
    if (isMaking(command)) {
      await this.#arrange(asked, command, at);
      return null;
    }
    const { active } = this;
    if (!active) return null;
    try {
      return command.kind === 'reschedule'
        ? await this.changes.reschedule(asked, command, active, at)
        : await this.changes.cancel(asked, command, active, at);
    } catch (failure) {
      if (!(failure instanceof ActivityFailure)) throw failure;
      asked.answer = UNKNOWN_CHANGE;
      this.#journey.backgroundTasks.runInBackground(this.#recovery.lookAgain(active, command));
      return null;
    }
  }

  /** Asks the provider for a visit, which the journey then records; without an answer it has to be found out. */
  async #arrange(asked: Asked, command: ArrangeVisit, asked_at: string): Promise<void> {
    const { order, backgroundTasks } = this.#journey;
    const patience = command.kind === 'book' ? command.patience : null;
    const { appointment_id } = command;
    const wasLookedFor = this.#recovery.stopLookingAgain(appointment_id);
    const isRepeat = wasLookedFor || this.#state.lastBooking?.appointment_id === appointment_id;
    this.#state.lastBooking = command;
    let visit: ArrangedVisit | null = null;
    try {
      const { arrangeVisit } = this.#provider.interactiveCalls(patience?.answered_within);
      const answer = await arrangeVisit(order.id, command, isRepeat);
      if ('refused' in answer) {
        this.#recovery.mindLateBooking(command, answer);
        return refuse(asked, answer.refused);
      }
      if (answer.visit.status === 'cancelled') return refuse(asked, 'This booking was canceled. Book again.');
      visit = answer.visit;
    } catch (failure) {
      if (!(failure instanceof ActivityFailure)) throw failure;
    }
    if (!visit && !patience) {
      asked.answer = UNKNOWN_BOOKING;
      backgroundTasks.runInBackground(this.#recovery.lookFor(command, asked_at, asked.by));
      return;
    }
    const tell = (appointment: Appointment | null) => {
      asked.answer = appointment ? { appointment } : UNWANTED;
      if (!appointment) backgroundTasks.runInBackground(this.#recovery.undo(command));
      else if (patience) backgroundTasks.runInBackground(this.#confirmation.confirm(command, patience, visit));
    };
    this.#state.arranged.push({ command, visit: visit ?? UNANSWERED, asked_at, by: asked.by, tell });
  }

  /** What is arranged is the order's appointment, if it can still have one; a visit that is overdue makes room for it. */
  #afterArranging(arranged: Arranged): AppointmentStep | null {
    const { command, visit, asked_at, by, tell } = arranged;
    const { active } = this;
    if (this.#state.refusal(command) !== null || (active && blocksBooking(active, new Date(now())))) {
      tell(null);
      return null;
    }
    if (active) {
      this.#state.arranged.unshift(arranged);
      const overdue = withEvent(active, isoNow(), { status: 'cancelled', data: { origin: OVERDUE } });
      return { appointment: overdue, by, again: () => {} };
    }
    const again = () => {
      const made = this.appointment;
      if (made?.id === command.appointment_id) tell(made);
      else this.#state.arranged.unshift(arranged);
    };
    return { appointment: this.#made(command, visit, asked_at), by, tell, again };
  }

  /** An appointment that begins with a visit; one that is scheduled before there is a requisition is held in reserve. */
  #made(command: ArrangeVisit, { changed_at, ...visit }: ArrangedVisit, at: string): Appointment {
    const { hasRequisition } = this.#state;
    const { appointment_id } = command;
    const appointment = newAppointment(this.#journey.order, command, visit, hasRequisition);
    const occurred_at = changed_at ?? at;
    if (hasRequisition || visit.status !== 'scheduled') {
      return withEvent(appointment, at, { status: visit.status, occurred_at });
    }
    this.#state.promised = { appointment_id, report: { ...visit, occurred_at, data: null } };
    const pending = withEvent(appointment, at, { status: 'pending', occurred_at });
    return withEvent(pending, at, { status: 'reserved', occurred_at });
  }
}

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
