/**
 * The desk at which an order's appointments are made: commands of callers and reports of phlebotomy companies wait here
 * until the journey attends to them, one at a time. What was asked of a company and came to no answer is found again by
 * our reference, and either adopted or undone (C2).
 */
import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities, ArrangeVisit, VisitAnswer } from '../activities/types.ts';
import {
  type Appointment,
  type AppointmentEventStatus,
  isActive,
  isInTheWay,
  mayMove,
  nextAfterEvents,
  PROVIDER_TYPES,
} from '../domain/appointment.ts';
import type { AppointmentCommand, AppointmentSaid } from '../domain/appointment-command.ts';
import type { Order } from '../domain/order.ts';
import type { JourneyPolicy } from '../domain/policy.ts';
import { appointmentCommand, appointmentReport } from './messages.ts';

/** What a journey carries over of its desk when it continues as new. */
export interface DeskMemory {
  appointment: Appointment | null;
  reports_heard: string[];
  reports_waiting: AppointmentSaid[];
}

type Answer = { appointment: Appointment } | { refused: string } | { unknown: string };

interface Asked {
  command: AppointmentCommand;
  answer?: Answer;
}

/** An appointment as it should be next; what follows from recording it is the journey's. */
export interface NextAppointment {
  appointment: Appointment;
  /** Whom to tell when it is recorded. */
  asked: Asked | null;
}

export class AppointmentDesk {
  readonly #order: Order;
  readonly #policy: JourneyPolicy;
  /** Sees to it that something is done after all, however long it takes. */
  readonly #setOff: (deed: Promise<void>) => void;
  #appointment: Appointment | null;
  readonly #asked: Asked[] = [];
  #reports: AppointmentSaid[];
  readonly #heard: Set<string>;

  constructor(order: Order, policy: JourneyPolicy, setOff: (deed: Promise<void>) => void, memory?: DeskMemory) {
    this.#order = order;
    this.#policy = policy;
    this.#setOff = setOff;
    this.#appointment = memory?.appointment ?? null;
    this.#reports = memory?.reports_waiting ?? [];
    this.#heard = new Set(memory?.reports_heard);
  }

  /**
   * Hears commands and reports from now on.
   * @param refusal Why the order can have no appointment now, in words for the caller; null when it can.
   */
  listen(refusal: (command: AppointmentCommand) => string | null): void {
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
    return this.#asked.length > 0 || this.#reports.length > 0;
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
    };
  }

  /**
   * Attends to whoever waits longest, companies before callers.
   * @param refusal As in `listen`: the order may have moved on since the caller was let in.
   * @returns What to record; null when nothing changes.
   */
  async attend(refusal: (command: AppointmentCommand) => string | null): Promise<NextAppointment | null> {
    const said = this.#reports.shift();
    if (said) return this.#afterReport(said);
    const asked = this.#asked.shift();
    if (!asked) return null;
    const reason = refusal(asked.command) ?? this.#conflict(asked.command);
    if (reason !== null) {
      asked.answer = { refused: reason };
      return null;
    }
    return this.#obey(asked);
  }

  /** Makes what is held the appointment, and answers whoever asked for it. */
  adopt(held: Appointment, next: NextAppointment): void {
    this.#appointment = held;
    if (next.asked) next.asked.answer = { appointment: held };
  }

  /** Cancels an active appointment because its order was cancelled (F7); tried until the company has taken note. */
  async withdraw(): Promise<NextAppointment | null> {
    const appointment = this.#active;
    if (!appointment) return null;
    const at = now();
    const { withdrawVisit } = this.#patient('The order was cancelled');
    const answer = await withdrawVisit(this.#order.id, appointment.id, 'The order was cancelled', null);
    if ('refused' in answer) throw ApplicationFailure.nonRetryable(answer.refused, 'VisitNotWithdrawn');
    return { appointment: withEvent(appointment, at, 'cancelled', { origin: 'order_cancelled' }), asked: null };
  }

  get #active(): Appointment | null {
    return this.#appointment && isActive(this.#appointment) ? this.#appointment : null;
  }

  /** What the appointment itself has against a command. */
  #conflict(command: AppointmentCommand): string | null {
    const active = this.#active;
    if (command.kind === 'book' || command.kind === 'request') {
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
    const active = this.#active;
    try {
      switch (command.kind) {
        case 'book':
        case 'request':
          return this.#arranged(asked, command, at, await this.#prompt.arrangeVisit(this.#order.id, command));
        case 'reschedule': {
          if (!active) return null;
          const answer = await this.#prompt.moveVisit(
            this.#order.id,
            active.id,
            command.slot,
            command.appointment_notes,
          );
          return this.#rescheduled(asked, active, at, answer);
        }
        case 'cancel': {
          if (!active) return null;
          const answer = await this.#prompt.withdrawVisit(this.#order.id, active.id, command.reason, command.notes);
          if ('refused' in answer) return this.#refuse(asked, answer.refused);
          return { appointment: withEvent(active, at, 'cancelled', { reason: command.reason }), asked };
        }
      }
    } catch (failure) {
      if (!(failure instanceof ActivityFailure)) throw failure;
      asked.answer = { unknown: 'The phlebotomy company did not answer in time. Nothing stays half-made; ask again.' };
      if (command.kind === 'book' || command.kind === 'request') this.#setOff(this.#undo(command));
      else if (active) this.#setOff(this.#lookAgain(active));
      return null;
    }
  }

  #refuse(asked: Asked, reason: string): null {
    asked.answer = { refused: reason };
    return null;
  }

  #arranged(asked: Asked, command: ArrangeVisit, at: string, answer: VisitAnswer): NextAppointment | null {
    if ('refused' in answer) return this.#refuse(asked, answer.refused);
    if (answer.visit.status === 'cancelled') return this.#refuse(asked, 'This booking was withdrawn. Book again.');
    const { id: order_id, transaction_id, team_id, user_id } = this.#order;
    const place = command.kind === 'book' ? command.slot : command;
    const { visit } = answer;
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
      can_reschedule: command.kind === 'book',
      ...visit,
      time_zone: visit.time_zone ?? (command.kind === 'book' ? command.slot.time_zone : null),
      events: [],
    };
    return { appointment: withEvent(appointment, at, visit.status, null), asked };
  }

  #rescheduled(asked: Asked, active: Appointment, at: string, answer: VisitAnswer): NextAppointment | null {
    if ('refused' in answer) return this.#refuse(asked, answer.refused);
    if (asked.command.kind !== 'reschedule') return null;
    const { slot, appointment_notes } = asked.command;
    const moved: Appointment = {
      ...active,
      ...answer.visit,
      provider_appointment_id: answer.visit.provider_appointment_id ?? active.provider_appointment_id,
      address: { ...slot.address, access_notes: slot.address.access_notes ?? this.#order.address.access_notes },
      location: slot.location,
      time_zone: answer.visit.time_zone ?? slot.time_zone,
      appointment_notes: appointment_notes ?? active.appointment_notes,
    };
    return { appointment: withEvent(moved, at, 'scheduled', { is_reschedule: true }), asked };
  }

  #afterReport({ appointment_id, report }: AppointmentSaid): NextAppointment | null {
    const appointment = this.#appointment;
    if (!appointment || appointment.id !== appointment_id) return null;
    const moves = nextAfterEvents(appointment, report);
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
    return moves.length > 0 ? { appointment: moved, asked: null } : null;
  }

  /** A booking that came to no answer is looked for by our reference and cancelled if it was made. */
  async #undo(command: ArrangeVisit): Promise<void> {
    const provider = command.kind === 'book' ? command.slot.provider : command.provider;
    await this.#patient(`Undo ${command.appointment_id} at ${provider}`).undoVisit(
      this.#order.id,
      provider,
      command.appointment_id,
    );
  }

  /** What became of a change that came to no answer is for the company to say. */
  async #lookAgain(appointment: Appointment): Promise<void> {
    const { visitAsHeld } = this.#patient(`Look at ${appointment.id} again`);
    const report = await visitAsHeld(this.#order.id, appointment.id);
    const event_id = `${appointment.id}:${workflowInfo().historyLength}`;
    if (report) this.#reports.push({ event_id, appointment_id: appointment.id, report });
  }

  /** Calls while a caller waits: 15 seconds in all. */
  get #prompt() {
    return proxyActivities<Activities>({
      startToCloseTimeout: this.#policy.partner_call,
      scheduleToCloseTimeout: this.#policy.partner_call,
      retry: {
        initialInterval: this.#policy.partner_retry_first / 10,
        maximumInterval: this.#policy.partner_retry_first,
      },
    });
  }

  /** Calls that nobody waits for, and that have to succeed. */
  #patient(summary: string) {
    return proxyActivities<Activities>({
      startToCloseTimeout: 2 * this.#policy.partner_call,
      scheduleToCloseTimeout: this.#policy.undo_tried_for,
      retry: { initialInterval: this.#policy.partner_retry_first, maximumInterval: this.#policy.partner_retry_longest },
      summary,
    });
  }
}

const refused = (reason: string) => ApplicationFailure.nonRetryable(reason, 'AppointmentRefused');

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
