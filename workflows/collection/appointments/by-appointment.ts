/** Collecting by appointment, at a service center or at the patient's home: what both have in common. */
import { type Appointment, orderStatusesAfter, overdueFrom } from '../../../domain/appointments/appointment.ts';
import { requisitionNeededBy } from '../../../domain/appointments/early-booking.ts';
import { partner } from '../../../domain/principal.ts';
import type { ReportDigest } from '../../../domain/results/report-progress.ts';
import { now } from '../../clock.ts';
import type { BackgroundTask } from '../../journey/background-tasks.ts';
import type { JourneyContext } from '../../journey/context.ts';
import { type Wait, waitForResults } from '../../journey/waits.ts';
import type {
  Admission,
  Aftermath,
  AppointmentStep,
  Collection,
  CollectionMemory,
  CollectionStep,
} from '../collection.ts';
import { AppointmentBooking } from './booking.ts';
import { waitForAppointment, waitForVisitAfterOrder } from './waits.ts';

export abstract class ByAppointment implements Collection {
  protected readonly journey: JourneyContext;
  readonly #booking: AppointmentBooking;
  /** The appointment that is being cancelled because the requisition took too long. */
  #waitedTooLong: string | undefined;
  /** The appointment that was to be cancelled because its order is over and nobody says when it is to be. */
  #givenUp: string | undefined;

  constructor(journey: JourneyContext, { desk }: CollectionMemory) {
    this.journey = journey;
    this.#booking = new AppointmentBooking(journey, desk);
  }

  listen(): void {
    this.#booking.listen();
  }

  get appointment(): Appointment | null {
    return this.#booking.appointment;
  }

  /** The appointment that is neither over nor called off. */
  protected get active(): Appointment | null {
    return this.#booking.active;
  }

  get hasWork(): boolean {
    return this.#booking.hasWork;
  }

  next(): Promise<CollectionStep[]> {
    return this.#booking.attend();
  }

  adopt(recorded: Appointment): void {
    this.#booking.adopt(recorded);
  }

  admits(_waiting: readonly ReportDigest[]): Admission {
    return { reports: 'taken' };
  }

  waitsFor(_waiting: readonly ReportDigest[], until: number): Wait {
    const { order, history } = this.journey;
    return (
      waitForAppointment(history.status, until) ??
      waitForResults(order, history.status, until) ??
      this.waitsForDraw(until)
    );
  }

  /** What the order waits for when nothing is drawn and no appointment is in question. */
  protected abstract waitsForDraw(until: number): Wait;

  abstract orderCancelled(): BackgroundTask | null;

  requisitionAwaited(): number {
    const { active } = this;
    if (!active || active.id === this.#waitedTooLong) return Number.POSITIVE_INFINITY;
    const { order, policy, backgroundTasks } = this.journey;
    const until = requisitionNeededBy(order, active.start_at, policy);
    if (until > now()) return until;
    this.#waitedTooLong = active.id;
    backgroundTasks.runInBackground(
      this.withdrawal('The laboratory did not confirm the order in time', 'no_requisition'),
    );
    return Number.POSITIVE_INFINITY;
  }

  requisitionCreated(): CollectionStep | null {
    const promised = this.#booking.events.requisitionCreated();
    if (promised) return promised;
    const { active } = this;
    if (!active) return null;
    const { order, history } = this.journey;
    return { statuses: () => orderStatusesAfter(active.status, history.status, order.collection_method) };
  }

  drawShown(): AppointmentStep | null {
    return this.#booking.events.drawShown(partner(this.journey.order.lab_slug));
  }

  get outlivesOrder(): Aftermath | null {
    const { active } = this;
    if (!active) return null;
    const until = active.end_at ? overdueFrom(active) : now() + this.journey.policy.appointment_outlives_order;
    return {
      wait: waitForVisitAfterOrder(active, until),
      summary: 'The visit will be over by then',
      wentOn: () => this.active !== active,
      giveUp: () => {
        if (active.end_at !== null || this.#givenUp === active.id) return null;
        this.#givenUp = active.id;
        return this.withdrawal('The order has ended', 'order_over');
      },
    };
  }

  takeUpAgain(): void {
    this.#booking.takeUpAgain();
  }

  memory(): CollectionMemory {
    return { desk: this.#booking.memory() };
  }

  /** Cancels the active appointment with its provider. @param reason For the provider. @param origin For API callers. */
  protected withdrawal(reason: string, origin: string): BackgroundTask {
    return this.#booking.changes.withdrawal(reason, origin);
  }
}
