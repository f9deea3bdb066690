/** Walking appointments on, when a simulation or a confirmation says so. */
import { randomUUID } from 'node:crypto';
import { DateTime } from 'luxon';
import { z } from 'zod';
import {
  type Appointment,
  type AppointmentBook,
  type AppointmentStatus,
  isOpen,
  placeOfAppointment,
  type Step,
} from './appointments.ts';
import { slotsFrom, type Visit, visitAt } from './slots.ts';
import { Refusal } from './wire.ts';

const LONGEST_TIMER_MS = 2 ** 31 - 1;
const WAY: AppointmentStatus[] = ['pending', 'reserved', 'scheduled', 'in_progress', 'completed'];

/** The body of a simulation request; see docs/phlebotomy.md. */
export const Simulation = z.strictObject({
  status: z.enum(['reserved', 'scheduled', 'in_progress', 'completed', 'cancelled']),
  /** Seconds between the steps. */
  delay_seconds: z.number().min(0).default(0),
  start: z.iso.datetime({ offset: true }).optional(),
});
export type Simulation = z.infer<typeof Simulation>;

/** The steps from where an appointment is to where it shall be. Throws `too_late` when that is behind it. */
export function stepsTo(appointment: Appointment, { status, delay_seconds, start }: Simulation): Step[] {
  const now = Date.now();
  const steps = statusesTo(appointment, status, start !== undefined);
  return steps.map((status, index) => ({
    status,
    dueAt: new Date(now + index * delay_seconds * 1000).toISOString(),
    ...(start !== undefined && isTimed(status) && { start: new Date(start).toISOString() }),
  }));
}

function statusesTo(appointment: Appointment, to: AppointmentStatus, isMove: boolean): AppointmentStatus[] {
  const from = appointment.status;
  if (from === to && !(isMove && isTimed(to))) return [];
  if (!isOpen(appointment)) throw new Refusal('too_late', `the appointment is ${from}`);
  if (to === 'cancelled' || from === to) return [to];
  const [here, there] = [WAY.indexOf(from), WAY.indexOf(to)];
  if (there < here) throw new Refusal('too_late', `the appointment is ${from} already`);
  return WAY.slice(here + 1, there + 1).filter((status) => status !== 'reserved' || status === to);
}

function isTimed(status: AppointmentStatus): boolean {
  return status === 'reserved' || status === 'scheduled';
}

/** Takes each step when it is due, and tells of it. */
export class Walks {
  readonly #book: AppointmentBook;
  readonly #stepped: (appointment: Appointment) => void;
  readonly #timers = new Map<Appointment, NodeJS.Timeout>();

  /** `stepped` is called after steps, before they are known to be on disk. */
  constructor(book: AppointmentBook, stepped: (appointment: Appointment) => void) {
    this.#book = book;
    this.#stepped = stepped;
  }

  /** Takes the steps that are due, at once, and sees to it that the others are taken in time. */
  run(appointment: Appointment): void {
    clearTimeout(this.#timers.get(appointment));
    this.#timers.delete(appointment);
    const { length } = appointment.events;
    for (let [step] = appointment.steps; step && Date.parse(step.dueAt) <= Date.now(); [step] = appointment.steps) {
      this.#take(appointment, step);
    }
    if (appointment.events.length > length) this.#stepped(appointment);
    const [next] = appointment.steps;
    if (!next) return;
    const early = Date.parse(next.dueAt) - Date.now();
    this.#timers.set(
      appointment,
      setTimeout(() => this.run(appointment), Math.min(Math.max(early, 1), LONGEST_TIMER_MS)),
    );
  }

  /** Takes no step any more; those to come are taken when the providers are opened again. */
  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #take(appointment: Appointment, { status, start }: Step): void {
    const { id, visit: before } = appointment;
    const visit = isTimed(status) ? this.#visitFor(appointment, start) : before;
    const isMoved = before !== null && before.start !== visit?.start;
    const data = { origin: 'provider', ...(isMoved && { is_reschedule: true }) };
    this.#book.change({ type: 'stepped', id, status, visit, eventId: `evt_${randomUUID()}`, data });
  }

  /** The time that was said, or the one it has, or the next that is free: from tomorrow, or from the full one on. */
  #visitFor(appointment: Appointment, start: string | undefined): Visit {
    if (!start && appointment.visit) return appointment.visit;
    const place = placeOfAppointment(appointment);
    const isFree = (visit: Visit) => this.#book.free(appointment.provider, place, visit, appointment) > 0;
    const from = start
      ? DateTime.fromISO(start, { zone: place.timezone })
      : DateTime.now().setZone(place.timezone).startOf('day').plus({ days: 1 });
    if (start && isFree(visitAt(place, from))) return visitAt(place, from);
    for (const visit of slotsFrom(place, from)) {
      if (visit.start >= from.toJSDate().toISOString() && isFree(visit)) return visit;
    }
    throw new Error('a calendar without end has come to one');
  }
}
