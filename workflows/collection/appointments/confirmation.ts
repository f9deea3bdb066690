/** Bookings that a provider confirms later, while the caller has been told `pending`. */
import { ActivityFailure, CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { VisitAnswer } from '../../../activities/types.ts';
import type { Appointment, ArrangedVisit } from '../../../domain/appointments/appointment.ts';
import type { ArrangeVisit, ConfirmationPatience } from '../../../domain/appointments/appointment-command.ts';
import { now } from '../../clock.ts';
import type { BackgroundTask } from '../../journey/background-tasks.ts';
import type { JourneyContext } from '../../journey/context.ts';
import type { AppointmentState } from './appointment-state.ts';
import { referenceOf } from './callers.ts';
import type { ProviderBooking } from './provider-booking.ts';
import type { ProviderEvents } from './provider-events.ts';
import type { BookingRecovery } from './recovery.ts';
import { awaitsConfirmation, CANCELLED } from './visits.ts';

export class Confirmation {
  readonly #journey: JourneyContext;
  readonly #state: AppointmentState;
  readonly #provider: ProviderBooking;
  readonly #events: ProviderEvents;
  readonly #recovery: BookingRecovery;
  /** A booking without an answer is being retried. */
  #asking: CancellationScope | undefined;

  constructor(
    journey: JourneyContext,
    state: AppointmentState,
    provider: ProviderBooking,
    events: ProviderEvents,
    recovery: BookingRecovery,
  ) {
    this.#journey = journey;
    this.#state = state;
    this.#provider = provider;
    this.#events = events;
    this.#recovery = recovery;
  }

  /**
   * Has a booking confirmed, or cancelled when the caller's patience ends.
   * @param visit The provider's first answer; null when there was none, so that it is asked until it answers.
   */
  confirm(command: ArrangeVisit, patience: ConfirmationPatience, visit: ArrangedVisit | null): BackgroundTask {
    const { appointment_id, provider } = referenceOf(command);
    return {
      doing: `${provider} to confirm booking ${appointment_id}`,
      done: this.#confirmed(command, patience, visit),
      ifItFails: `Booking ${appointment_id} was not confirmed, and could not be undone with ${provider}. Call the provider and have the visit canceled.`,
    };
  }

  /** Ends the asking for an appointment that the provider never answered; what it may hold is undone then. */
  stopsAsking(appointment: Appointment): boolean {
    if (appointment.provider_appointment_id !== null || !this.#asking) return false;
    this.#asking.cancel();
    return true;
  }

  async #confirmed(command: ArrangeVisit, patience: ConfirmationPatience, visit: ArrangedVisit | null): Promise<void> {
    const { appointment_id } = command;
    const deadline = now() + patience.confirmed_within;
    try {
      const answer = visit ? { visit } : await this.#askOn(command, patience);
      if ('refused' in answer) {
        this.#recovery.mindLateBooking(command, answer);
        this.#events.isNow(appointment_id, CANCELLED, { origin: 'provider', reason: answer.refused });
        return;
      }
      if (!visit) this.#events.isNow(appointment_id, answer.visit, { origin: 'provider' });
      if (!awaitsConfirmation(answer.visit)) return;
      const isDecided = () => {
        const { appointment: current, promised } = this.#state;
        const isPromised = promised?.appointment_id === appointment_id;
        return isPromised || current?.id !== appointment_id || !awaitsConfirmation(current);
      };
      const left = deadline - now();
      if (await condition(isDecided, left, { summary: 'Deadline for the confirmation' })) return;
      await this.#unconfirmed(command);
    } catch (failure) {
      if (!(failure instanceof ActivityFailure)) throw failure;
      await this.#unconfirmed(command);
      if (isCancellation(failure)) return;
    }
    const reason = 'The provider did not confirm it in time';
    this.#events.isNow(appointment_id, CANCELLED, { origin: 'system', reason });
  }

  /** Undoes a booking that was not confirmed; it is over with us also where that fails for good. */
  async #unconfirmed(command: ArrangeVisit): Promise<void> {
    const undo = this.#recovery.undo(command);
    if (this.#journey.rules < 2) return undo.done;
    this.#journey.backgroundTasks.runInBackground(undo);
    await undo.done.catch(() => {});
  }

  /** Asks for a booking until the provider answers, the caller's patience ends, or the appointment is cancelled. */
  async #askOn(command: ArrangeVisit, { confirmed_within }: ConfirmationPatience): Promise<VisitAnswer> {
    const scope = new CancellationScope({ cancellable: true });
    this.#asking = scope;
    try {
      return await scope.run(() => this.#provider.arrangeWithin(command, confirmed_within));
    } finally {
      this.#asking = undefined;
    }
  }
}
