/**
 * The seam between a journey and the way its specimen is collected. A way of collecting hears what callers and providers
 * say about the collection, and proposes; the journey alone records, one step at a time.
 */
import type { Appointment } from '../../domain/appointments/appointment.ts';
import type { OrderLowLevelStatus } from '../../domain/orders/status.ts';
import type { Principal } from '../../domain/principal.ts';
import type { ReportDigest } from '../../domain/results/report-progress.ts';
import type { BackgroundTask } from '../journey/background-tasks.ts';
import type { Wait } from '../journey/waits.ts';
import type { BookingMemory } from './appointments/memory.ts';

/** One way of collecting, for one order. What it can do without it leaves out. */
export interface Collection {
  /** Hears commands and facts from now on. To be called before the first await. */
  listen(): void;

  /** Whether somebody waits to be attended to. */
  readonly hasWork: boolean;

  /**
   * Attends to whoever waits longest; may ask providers.
   * @returns What to record, one after the other; nothing when nothing changes.
   */
  next(): Promise<CollectionStep[]>;

  /** What becomes of the laboratory's reports while the order is where it is. @param waiting Those that wait, oldest first. */
  admits(waiting: readonly ReportDigest[]): Admission;

  /**
   * What the order waits for once it has its requisition, in words.
   * @param waiting Reports that wait, oldest first.
   * @param until When results are awaited no longer, in milliseconds since 1970.
   */
  waitsFor(waiting: readonly ReportDigest[], until: number): Wait;

  /** The newest appointment, whatever became of it; null or absent where there is none. */
  readonly appointment?: Appointment | null;
  /** Makes what is recorded the appointment. */
  adopt?(recorded: Appointment): void;

  /**
   * Gives up what cannot wait for the requisition any longer.
   * @returns When to look again, in milliseconds since 1970; `Infinity` when nothing presses.
   */
  requisitionAwaited?(): number;
  /** The order has its requisition from now on. @returns what that changes */
  requisitionCreated?(): CollectionStep | null;

  /** The draw, as a report shows it that was held for that (G2); null where there is nothing that could have taken place. */
  drawShown?(): AppointmentStep | null;
  /** The draw, as one of the reports shows it that came when the order takes none; null where none does. */
  drawShownBy?(early: readonly ReportDigest[]): OrderStep | null;

  /** The order was cancelled. @returns the undo that is owed (F7) */
  orderCancelled?(): BackgroundTask | null;
  /** What goes on although the order has ended. */
  readonly outlivesOrder?: Aftermath | null;

  /** Asks providers what became, since the journey was ended by hand, of what they were asked for. */
  takeUpAgain?(): void;
  /** What a journey carries over when it continues as new. */
  memory?(): CollectionMemory;
}

/** What a journey carries over of its way of collecting when it continues as new; each way has an entry of its own. */
export interface CollectionMemory {
  /** Absent where it was remembered before there were appointments, and where there are none. */
  desk?: BookingMemory;
}

/** What a way of collecting would have recorded. */
export type CollectionStep = AppointmentStep | OrderStep;

/** An appointment as it should be next; what that does to the order follows from it (domain/appointments/appointment.ts). */
export interface AppointmentStep {
  appointment: Appointment;
  /** Whose doing it is (G4); the journey's own where absent. */
  by?: Principal | undefined;
  /** Tells whoever waits for it, once it is recorded. */
  tell?: (recorded: Appointment) => void;
  /** Not to be recorded before the provider's own word (G2): what was heard of it, by event; anything else is on its way. */
  heard_events?: string[];
  /** Has it decided again: something else turned out to be recorded, so that it may not be next any more. */
  again: () => void;
}

/** Statuses of the order itself. */
export interface OrderStep {
  /** Those that are due, one event each; asked again when something else turned out to be recorded. */
  statuses(): OrderLowLevelStatus[];
  /** In words, for people. */
  reason?: string;
  /** Whose doing it is (G4); the journey's own where absent. */
  by?: Principal | undefined;
  /** An event of a provider to be kept first, for people to see; one that says nothing new ends the step. */
  kept?: { event_id: string; because: 'earlier_visit' | 'counted_as_draw' };
  /** What follows, once all is recorded. */
  recorded?: () => void;
}

/** What becomes of the reports that wait. */
export type Admission =
  /** They are taken in, or set aside where the order's status takes none. */
  | { reports: 'taken' }
  /** They wait for the draw: a laboratory may be quicker than whoever drew. */
  | { reports: 'held' }
  /** One of them shows the draw, and is believed from then on (G2); in milliseconds since 1970. */
  | { reports: 'show_draw'; believed_from: number };

/** Something that outlives its order. */
export interface Aftermath {
  /** Nothing more is to be expected of it after its `until`. */
  wait: Required<Wait>;
  /** In words, for the timer. */
  summary: string;
  /** Whether something has become of it. */
  wentOn(): boolean;
  /** Nobody has said what became of it. @returns how it is ended; null where it is let be */
  giveUp(): BackgroundTask | null;
}
