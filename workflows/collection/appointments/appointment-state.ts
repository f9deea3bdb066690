/** What is known of an order's appointments, and whether it can have one: shared by those who make and change them. */
import { type Appointment, isActive } from '../../../domain/appointments/appointment.ts';
import type { AppointmentCommand, ArrangeVisit } from '../../../domain/appointments/appointment-command.ts';
import { requisitionNeededBy } from '../../../domain/appointments/early-booking.ts';
import { now } from '../../clock.ts';
import type { JourneyContext } from '../../journey/context.ts';
import type { Arranged } from './callers.ts';
import type { BookingMemory, VisitReport } from './memory.ts';

export class AppointmentState {
  readonly #journey: JourneyContext;
  /** The newest appointment, whatever became of it. */
  appointment: Appointment | null;
  hasRequisition: boolean;
  /** The visit that a provider has agreed to before there was a requisition. */
  promised: VisitReport | null = null;
  /** The booking that was asked for last: asked for again, it is answered with what became of it. */
  lastBooking: ArrangeVisit | null;
  readonly arranged: Arranged[] = [];

  constructor(journey: JourneyContext, memory: BookingMemory | undefined) {
    this.#journey = journey;
    this.hasRequisition = memory?.has_requisition ?? memory !== undefined;
    this.appointment = memory?.appointment ?? null;
    this.lastBooking = memory?.last_booking ?? null;
  }

  /** The appointment that is neither over nor called off. */
  get active(): Appointment | null {
    return this.appointment && isActive(this.appointment) ? this.appointment : null;
  }

  /** Why the order can have no appointment now, in words for the caller; null when it can. */
  refusal(command: AppointmentCommand): string | null {
    const { order, policy, history } = this.#journey;
    if (command.kind === 'cancel' && this.active) return null;
    if (!history.has('requisition_created') && !history.isEnded) {
      if (!order.options.early_booking_enabled) return 'The order has no requisition yet';
      if (command.kind === 'reschedule' || command.kind === 'cancel') return null;
      const start_at = command.kind === 'book' ? command.slot.start_at : null;
      return requisitionNeededBy(order, start_at, policy) <= now()
        ? 'The order has no requisition yet, and it is too late to book without one'
        : null;
    }
    return history.mayBecome('appointment_cancelled') || history.mayBecome('appointment_pending')
      ? null
      : `An order that is ${history.status} cannot have an appointment`;
  }
}
