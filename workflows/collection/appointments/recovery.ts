/**
 * Bookings of which no answer came: found again by our reference, and either adopted or undone (C2). What is not found may
 * still turn up, and is cancelled then.
 */
import { ActivityFailure, CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { Appointment, AppointmentProvider } from '../../../domain/appointments/appointment.ts';
import type { AppointmentCommand, ArrangeVisit } from '../../../domain/appointments/appointment-command.ts';
import type { Principal } from '../../../domain/principal.ts';
import type { BackgroundTask } from '../../journey/background-tasks.ts';
import type { JourneyContext } from '../../journey/context.ts';
import type { AppointmentState } from './appointment-state.ts';
import { referenceOf } from './callers.ts';
import type { ProviderBooking } from './provider-booking.ts';
import type { ProviderEvents } from './provider-events.ts';
import { besidesTime } from './visits.ts';

export class BookingRecovery {
  readonly #journey: JourneyContext;
  readonly #state: AppointmentState;
  readonly #provider: ProviderBooking;
  readonly #events: ProviderEvents;
  /** Providers at which a booking is being looked for, because no answer came. */
  readonly #looking = new Set<AppointmentProvider>();
  /** What was not found is looked for again, by appointment id; asked for anew it is not. */
  readonly #sweeps = new Map<string, CancellationScope>();

  constructor(journey: JourneyContext, state: AppointmentState, provider: ProviderBooking, events: ProviderEvents) {
    this.#journey = journey;
    this.#state = state;
    this.#provider = provider;
    this.#events = events;
  }

  /** Whether a booking is being looked for: at that provider, or at any where none is given. */
  isLooking(provider?: AppointmentProvider): boolean {
    return provider === undefined ? this.#looking.size > 0 : this.#looking.has(provider);
  }

  /** The same booking is asked for again: it is looked for no more. @returns whether it was */
  stopLookingAgain(appointment_id: string): boolean {
    const scope = this.#sweeps.get(appointment_id);
    scope?.cancel();
    return scope !== undefined;
  }

  /** Looks for a booking of which no answer came until it is known whether it was made; then adopts or undoes it. */
  lookFor(command: ArrangeVisit, asked_at: string, by: Principal | undefined): BackgroundTask {
    const { appointment_id, provider } = referenceOf(command);
    const look = async () => {
      this.#looking.add(provider);
      try {
        const visit = await this.#provider.find(referenceOf(command));
        if (!visit || visit.status === 'cancelled') {
          await this.#provider.backgroundCalls('No booking was made').releasePatient(appointment_id);
          if (!visit) this.#journey.backgroundTasks.runInBackground(this.#sweep(command));
          return;
        }
        let outcome: Appointment | null | undefined;
        const tell = (recorded: Appointment | null) => {
          outcome = recorded;
        };
        this.#state.arranged.push({ command, visit, asked_at, by, tell });
        await condition(() => outcome !== undefined);
        if (outcome === null) await this.undo(command).done;
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
  undo(command: ArrangeVisit): BackgroundTask {
    const { appointment_id, provider } = referenceOf(command);
    const undo = async () => {
      const wasMade = await this.#provider.undo(referenceOf(command));
      if (!wasMade) this.#journey.backgroundTasks.runInBackground(this.#sweep(command));
    };
    return {
      doing: `${provider} to undo booking ${appointment_id}`,
      done: this.#orGivesPatientBack(appointment_id, undo),
      ifItFails: `Booking ${appointment_id} could not be undone with ${provider}. Call the provider and have the visit canceled.`,
    };
  }

  /** A refusal after attempts without an answer: what an earlier attempt makes after all is cancelled when it turns up. */
  mindLateBooking(command: ArrangeVisit, { may_turn_up }: { may_turn_up?: boolean }): void {
    if (may_turn_up && this.#journey.rules >= 2) this.#journey.backgroundTasks.runInBackground(this.#sweep(command));
  }

  /**
   * What became of a change that came to no answer is for the provider to say.
   * @param command The change that came to no answer; absent when none was asked for.
   */
  lookAgain(appointment: Appointment, command?: AppointmentCommand): BackgroundTask {
    const { id: appointment_id, provider } = appointment;
    const look = async () => {
      const visit = await this.#provider.findSettled({ provider, appointment_id });
      const data = command?.kind === 'cancel' && visit?.status === 'cancelled' ? { reason: command.reason } : null;
      const more = command && { besides: besidesTime(this.#journey.order, command, appointment) };
      if (visit) this.#events.isNow(appointment_id, visit, data, more);
    };
    return {
      doing: `${provider} to report the status of appointment ${appointment_id}`,
      done: look(),
      ifItFails: `We could not find out whether ${provider} changed appointment ${appointment_id} as requested. Call the provider.`,
    };
  }

  /** The patient is not kept from other bookings for ever by one that nobody could find out about. */
  async #orGivesPatientBack(appointment_id: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (failure) {
      const isOver = failure instanceof ActivityFailure && this.#journey.rules >= 2;
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
}
