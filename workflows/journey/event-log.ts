/**
 * The order's history as it is written. Whatever is decided is proposed to the store, and the journey goes on from what the
 * store holds, which after a crash may be what an earlier attempt wrote (docs/decisions/0001).
 */
import { ApplicationFailure } from '@temporalio/workflow';
import { type Appointment, isSameStory, orderStatusesAfter } from '../../domain/appointments/appointment.ts';
import { NOTHING_MORE, type ProposedEvent, type RecordedEvent } from '../../domain/orders/order.ts';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';
import { refusedTransition } from '../../domain/orders/transitions.ts';
import { partner } from '../../domain/principal.ts';
import type { AppointmentStep, Collection, CollectionStep, OrderStep } from '../collection/collection.ts';
import type { JourneyContext } from './context.ts';
import { writeToStore } from './write-to-store.ts';

/** A decision about the order; what it leaves out is null, empty or false. */
export type Decision = Pick<ProposedEvent, 'status'> & Partial<Omit<ProposedEvent, 'order_id' | 'number'>>;

/** What follows from what is recorded. */
export interface Follows {
  event(recorded: RecordedEvent): void;
  /** @param known How many of the appointment's events were recorded before. */
  appointment(recorded: Appointment, known: number): void;
}

export class EventLog {
  readonly #journey: JourneyContext;
  readonly #collection: Collection;
  readonly #follows: Follows;

  constructor(journey: JourneyContext, collection: Collection, follows: Follows) {
    this.#journey = journey;
    this.#collection = collection;
    this.#follows = follows;
  }

  /**
   * Proposes the next event and goes on from the one that is recorded.
   * @returns The recorded event; undefined when the proposal yielded to a report on its way.
   * @throws ApplicationFailure `IllegalTransition` for a status that may not follow
   */
  async propose(decision: Decision): Promise<RecordedEvent | undefined> {
    const { order, history } = this.#journey;
    if (!history.mayBecome(decision.status)) {
      throw ApplicationFailure.nonRetryable(refusedTransition(history.status, decision.status), 'IllegalTransition');
    }
    const recorded = await writeToStore('recordEvent', {
      order_id: order.id,
      number: history.events.length + 1,
      ...NOTHING_MORE,
      ...(decision.report_id && { by: partner(order.lab_slug) }),
      ...decision,
    });
    if (recorded) this.adopt(recorded);
    return recorded ?? undefined;
  }

  /** Makes an event that is recorded part of the journey, and sets off what follows from it. */
  adopt({ appointment, ...recorded }: RecordedEvent): void {
    this.#journey.history.events.push(recorded);
    if (appointment && this.#journey.rules >= 2) this.adoptAppointment(appointment);
    this.#follows.event(recorded);
  }

  /** Takes over an appointment that turned out to be recorded; one that is known changes nothing. */
  adoptAppointment(recorded: Appointment): void {
    const known = this.#knownOf(recorded);
    if (known >= recorded.events.length) return;
    this.#collection.adopt?.(recorded);
    this.#follows.appointment(recorded, known);
  }

  /** Lets the way of collecting attend to whoever waits longest, and records what comes of it. */
  async recordNext(): Promise<void> {
    for (const step of await this.#collection.next()) await this.record(step);
  }

  /** Records what the way of collecting proposes. */
  record(step: CollectionStep): Promise<void> {
    return 'appointment' in step ? this.#recordAppointment(step) : this.#recordStatuses(step);
  }

  /** Records an appointment and what it does to the order; when something else is recorded, it is decided again. */
  async #recordAppointment(step: AppointmentStep): Promise<void> {
    const { order, rules, history } = this.#journey;
    const known = this.#knownOf(step.appointment);
    const order_statuses: OrderLowLevelStatus[] = [];
    for (const { status } of step.appointment.events.slice(known)) {
      const from = order_statuses.at(-1) ?? history.status;
      order_statuses.push(...orderStatusesAfter(status, from, order.collection_method));
    }
    const recorded = await writeToStore('recordAppointment', {
      order_id: order.id,
      appointment: step.appointment,
      order_event_number: history.events.length + 1,
      order_statuses,
      ...(step.by && { by: step.by }),
      ...(step.heard_events && { yields_to_events: true, heard_events: step.heard_events }),
    });
    const { appointment, order_events } = recorded;
    if (rules >= 2 && (!appointment || !isSameStory(step.appointment, appointment))) {
      if (appointment) this.adoptAppointment(appointment);
      for (const event of order_events) this.adopt(event);
      step.again();
      return;
    }
    if (appointment) {
      this.#collection.adopt?.(appointment);
      step.tell?.(appointment);
      this.#follows.appointment(appointment, known);
    }
    for (const event of order_events) this.adopt(event);
    if (!appointment) await this.#recordAppointment(step);
  }

  /** Records statuses of the order alone, one event each. */
  async #recordStatuses({ kept, statuses, reason, by, recorded }: OrderStep): Promise<void> {
    if (kept && !(await writeToStore('keepVisitEvent', kept))) return;
    let due = statuses();
    for (let status = due.shift(); status !== undefined; status = due.shift()) {
      const event = await this.propose({ status, ...(reason !== undefined && { reason }), ...(by && { by }) });
      if (event?.status !== status) due = statuses();
    }
    recorded?.();
  }

  /** How many events of an appointment are known. */
  #knownOf({ id }: Appointment): number {
    const { appointment } = this.#collection;
    return appointment?.id === id ? appointment.events.length : 0;
  }
}
