/** What providers say of an order's appointments, and what we know of them: waits here until the journey attends to it. */
import { setHandler } from '@temporalio/workflow';
import {
  type Appointment,
  type AppointmentReport,
  type ArrangedVisit,
  isActive,
  nextAfterEvents,
  SHOWN_BY_LAB,
} from '../../../domain/appointments/appointment.ts';
import { type Principal, partner, THE_JOURNEY } from '../../../domain/principal.ts';
import { isoNow } from '../../clock.ts';
import { appointmentReport } from '../../messages.ts';
import type { AppointmentStep } from '../collection.ts';
import type { AppointmentState } from './appointment-state.ts';
import { type Asked, answering, refuse } from './callers.ts';
import type { Besides, BookingMemory, VisitReport } from './memory.ts';
import { byInstant, isBooked, laterOf, UNANSWERED, withEvent } from './visits.ts';

/** How much of what was heard a journey carries over when it continues as new; what is older is known by its time. */
const MOST_REMEMBERED = 200;

export class ProviderEvents {
  readonly #state: AppointmentState;
  readonly #rules: number;
  #waiting: VisitReport[];
  readonly #heard: Set<string>;
  /** What providers said of appointments that we do not have yet. */
  #earlyEvents: VisitReport[] = [];
  /** What providers said of visits that are over for us. */
  readonly #ofEarlierVisits: VisitReport[] = [];

  /** @param rules The number of the journey's rules (domain/rules.ts). */
  constructor(state: AppointmentState, rules: number, memory: BookingMemory | undefined) {
    this.#state = state;
    this.#rules = rules;
    this.#waiting = memory?.reports_waiting ?? [];
    this.#heard = new Set(memory?.reports_heard);
  }

  /** Hears events from now on. */
  listen(): void {
    setHandler(appointmentReport, (said) => {
      if (!this.#heard.has(said.event_id)) this.#waiting.push(said);
      this.#heard.add(said.event_id);
    });
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** What waits longest; undefined when nothing does. */
  shift(): VisitReport | undefined {
    return this.#waiting.shift();
  }

  /** What was said, when it was attended to, of a visit that is over for us. */
  shiftOfEarlierVisit(): VisitReport | undefined {
    return this.#ofEarlierVisits.shift();
  }

  /** What providers have said of late, by event. */
  get heardOfLate(): string[] {
    return [...this.#heard].slice(-MOST_REMEMBERED);
  }

  /** What waits, and what a later appointment may have waited for. */
  get remembered(): VisitReport[] {
    return [...this.#waiting, ...this.#earlyEvents.slice(-MOST_REMEMBERED)];
  }

  /** Attends to what was said of an appointment before it was recorded. */
  appointmentRecorded({ id }: Appointment): void {
    this.#waiting.push(...this.#earlyEvents.filter(({ appointment_id }) => appointment_id === id));
    this.#earlyEvents = this.#earlyEvents.filter(({ appointment_id }) => appointment_id !== id);
  }

  /** What an event makes of the appointment; null when nothing changes. */
  stepAfter(said: VisitReport): AppointmentStep | null {
    const { appointment, hasRequisition, lastBooking } = this.#state;
    if (appointment?.id !== said.appointment_id) {
      const isToCome = this.#rules < 2 || lastBooking?.appointment_id === said.appointment_id;
      (isToCome ? this.#earlyEvents : this.#ofEarlierVisits).push(said);
      return null;
    }
    const isPromise = !hasRequisition && said.report.status === 'scheduled';
    if (isPromise) this.#state.promised = laterOf(this.#state.promised, said);
    const moves = nextAfterEvents(appointment, isPromise ? { ...said.report, status: 'reserved' } : said.report);
    let moved = appointment;
    for (const { occurred_at, data, ...facts } of moves) {
      const can_reschedule = moved.can_reschedule || (facts.status === 'scheduled' && isBooked(appointment.provider));
      moved = withEvent({ ...moved, ...facts, can_reschedule }, occurred_at, { status: facts.status, data });
    }
    const { besides, tell, by = partner(appointment.provider) } = said;
    if (moves.length > 0) {
      const again = () => this.#waiting.unshift(said);
      return { appointment: { ...moved, ...besides }, by, ...(tell && { tell }), again };
    }
    const isOver = !isActive(appointment) && said.report.status !== appointment.status;
    if (isOver && said.event_id !== undefined && this.#rules >= 2) this.#ofEarlierVisits.push(said);
    tell?.(appointment);
    return null;
  }

  /** What a provider has promised holds, now that the order has its requisition. */
  requisitionCreated(): AppointmentStep | null {
    const { promised } = this.#state;
    this.#state.hasRequisition = true;
    this.#state.promised = null;
    return promised && this.stepAfter({ ...promised, report: this.#asNewest(promised.report) });
  }

  /** The visit took place, as a report of the laboratory shows (G2). */
  drawShown(by: Principal): AppointmentStep | null {
    const { active } = this.#state;
    if (!active) return null;
    const { changed_at: _, ...visit } = { ...UNANSWERED, status: 'completed' as const };
    const report = this.#asNewest({ ...visit, occurred_at: isoNow(), data: { origin: SHOWN_BY_LAB } });
    const next = this.stepAfter({ appointment_id: active.id, report, by });
    return next && { ...next, heard_events: this.heardOfLate, again: () => {} };
  }

  /**
   * Has the journey record what is known of an appointment now.
   * @param more What providers do not report, and the caller who is told: the appointment, or why there is none to be had.
   */
  isNow(
    appointment_id: string,
    { changed_at, ...visit }: ArrangedVisit,
    data: AppointmentReport['data'],
    { besides, asked }: { besides?: Besides; asked?: Asked } = {},
  ): void {
    const report = this.#asNewest({ ...visit, occurred_at: changed_at ?? isoNow(), data });
    const reason = asked && this.#state.refusal(asked.command);
    if (asked && reason) refuse(asked, reason);
    const tell = asked && !reason ? answering(asked) : undefined;
    const isOurDoing = data !== null && data.origin !== 'provider';
    const by = asked ? asked.by : isOurDoing ? THE_JOURNEY : undefined;
    const more = { ...(by && { by }), ...(besides && { besides }), ...(tell && { tell }) };
    this.#waiting.push({ appointment_id, report, ...more });
  }

  /** A report of what is so now, whatever the provider's clock says: nothing that we know happened later. */
  #asNewest(report: AppointmentReport): AppointmentReport {
    const known = (this.#state.appointment?.events ?? []).map(({ occurred_at }) => occurred_at);
    return { ...report, occurred_at: [report.occurred_at, ...known].sort(byInstant).at(-1) ?? report.occurred_at };
  }
}
