/** Rescheduling and cancelling an appointment: for a caller who waits, or because of what became of its order. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { Appointment } from '../../../domain/appointments/appointment.ts';
import type { AppointmentCommand } from '../../../domain/appointments/appointment-command.ts';
import type { BackgroundTask } from '../../journey/background-tasks.ts';
import type { JourneyContext } from '../../journey/context.ts';
import type { AppointmentStep } from '../collection.ts';
import type { AppointmentState } from './appointment-state.ts';
import { type Asked, answering, refuse } from './callers.ts';
import type { Confirmation } from './confirmation.ts';
import type { ProviderBooking } from './provider-booking.ts';
import type { ProviderEvents } from './provider-events.ts';
import { besidesTime, CANCELLED, withEvent } from './visits.ts';

export class AppointmentChanges {
  readonly #journey: JourneyContext;
  readonly #state: AppointmentState;
  readonly #provider: ProviderBooking;
  readonly #events: ProviderEvents;
  readonly #confirmation: Confirmation;

  constructor(
    journey: JourneyContext,
    state: AppointmentState,
    provider: ProviderBooking,
    events: ProviderEvents,
    confirmation: Confirmation,
  ) {
    this.#journey = journey;
    this.#state = state;
    this.#provider = provider;
    this.#events = events;
    this.#confirmation = confirmation;
  }

  /** Moves the active appointment. @param at When the caller was attended to, as an ISO instant. */
  async reschedule(
    asked: Asked,
    { slot, appointment_notes }: Extract<AppointmentCommand, { kind: 'reschedule' }>,
    active: Appointment,
    at: string,
  ): Promise<AppointmentStep | null> {
    const { order } = this.#journey;
    const answer = await this.#provider.interactiveCalls().moveVisit(order.id, active.id, slot, appointment_notes);
    if ('refused' in answer) {
      refuse(asked, answer.refused);
      return null;
    }
    const { changed_at, ...visit } = answer.visit;
    const besides = besidesTime(order, asked.command, active);
    const moved: Appointment = {
      ...active,
      ...visit,
      provider_appointment_id: visit.provider_appointment_id ?? active.provider_appointment_id,
      time_zone: visit.time_zone ?? slot.time_zone,
      ...besides,
    };
    const event = { status: 'scheduled', data: { is_reschedule: true }, occurred_at: changed_at } as const;
    const again = () => this.#events.isNow(active.id, answer.visit, null, { besides, asked });
    return { appointment: withEvent(moved, at, event), by: asked.by, tell: answering(asked), again };
  }

  /** Cancels the active appointment. @param at When the caller was attended to, as an ISO instant. */
  async cancel(
    asked: Asked,
    { reason, notes }: Extract<AppointmentCommand, { kind: 'cancel' }>,
    active: Appointment,
    at: string,
  ): Promise<AppointmentStep | null> {
    if (!this.#confirmation.stopsAsking(active)) {
      const { withdrawVisit } = this.#provider.interactiveCalls();
      const answer = await withdrawVisit(this.#journey.order.id, active.id, reason, notes);
      if ('refused' in answer) {
        refuse(asked, answer.refused);
        return null;
      }
    }
    const again = () => this.#events.isNow(active.id, CANCELLED, { reason }, { asked });
    const cancelled = withEvent(active, at, { status: 'cancelled', data: { reason } });
    return { appointment: cancelled, by: asked.by, tell: answering(asked), again };
  }

  /**
   * Cancels the active appointment because of what became of its order (F7); tried until the provider has taken note.
   * @param reason In words, for the provider.
   * @param origin In a word, for API callers.
   */
  withdrawal(reason: string, origin: string): BackgroundTask {
    return {
      doing: 'the phlebotomy provider to cancel the appointment',
      done: this.#withdraw(reason, origin),
      ifItFails: 'The appointment could not be canceled with the provider. Call them.',
    };
  }

  async #withdraw(reason: string, origin: string): Promise<void> {
    const appointment = this.#state.active;
    // Under way it is not called off any more: what becomes of it is still heard.
    if (!appointment || appointment.status === 'in_progress') return;
    if (!this.#confirmation.stopsAsking(appointment)) {
      const { withdrawVisit } = this.#provider.backgroundCalls(reason);
      const answer = await withdrawVisit(this.#journey.order.id, appointment.id, reason, null);
      if ('refused' in answer) throw ApplicationFailure.nonRetryable(answer.refused, 'VisitNotWithdrawn');
    }
    this.#events.isNow(appointment.id, CANCELLED, { origin });
  }
}
