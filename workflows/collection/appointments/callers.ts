/** Callers who wait for the answer to a command. */
import type { Appointment, ArrangedVisit } from '../../../domain/appointments/appointment.ts';
import type { AppointmentCommand, ArrangeVisit } from '../../../domain/appointments/appointment-command.ts';
import type { Principal } from '../../../domain/principal.ts';
import type { VisitReference } from './provider-booking.ts';

/** What a caller is told: the appointment, why it cannot be, or that nobody knows yet. */
export type Answer = { appointment: Appointment } | { refused: string } | { unknown: string };

/** A command whose caller waits. */
export interface Asked {
  command: AppointmentCommand;
  by: Principal | undefined;
  answer?: Answer;
}

/** A visit that the provider holds and the journey has yet to record. */
export interface Arranged {
  command: ArrangeVisit;
  visit: ArrangedVisit;
  asked_at: string;
  by: Principal | undefined;
  /** Tells what became of it; null when the order can have it no more, so that it has to be undone. */
  tell(recorded: Appointment | null): void;
}

export function refuse(asked: Asked, reason: string): void {
  asked.answer = { refused: reason };
}

/** Answers a caller with the appointment, once it is recorded. */
export function answering(asked: Asked): (recorded: Appointment) => void {
  return (appointment) => {
    asked.answer = { appointment };
  };
}

/** Whether a command makes an appointment. */
export const isMaking = (command: AppointmentCommand): command is ArrangeVisit =>
  command.kind === 'book' || command.kind === 'request';

export const referenceOf = (command: ArrangeVisit): VisitReference => ({
  provider: command.kind === 'book' ? command.slot.provider : command.provider,
  appointment_id: command.appointment_id,
});
