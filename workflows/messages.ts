/** What can be said to a journey: facts are signals, commands are updates, questions are queries. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Appointment } from '../domain/appointments/appointment.ts';
import type {
  AppointmentCommand,
  ProviderEvent,
  RecordedAppointment,
} from '../domain/appointments/appointment-command.ts';
import type { RecordedEvent } from '../domain/orders/order.ts';
import type { OrderLowLevelStatus } from '../domain/orders/status.ts';
import type { Principal } from '../domain/principal.ts';
import type { ReportDigest } from '../domain/results/report-progress.ts';

/** A lab's report on the order. It is stored and acknowledged already: a fact, so a signal. */
export const reportArrived = defineSignal<[ReportDigest]>('reportArrived');

/** The laboratory rejects an order that it had accepted, in its words. It is stored already: a fact, so a signal. */
export const orderRejected = defineSignal<[string]>('orderRejected');

/**
 * A report as its message is read now, which may say something else than it did: a fact, so a signal. Whoever had it read
 * anew is told of, so that what follows is theirs (G4).
 */
export const reportReadAnew = defineSignal<[ReportDigest, Principal | undefined]>('reportReadAnew');

/**
 * Cancel the order, in the name of whoever asks. A command, so an update: the caller learns whether it was done.
 * Fails with an ApplicationFailure of type `OrderNotCancellable` when the order has gone too far.
 */
export const cancelOrder = defineUpdate<OrderLowLevelStatus, [Principal | undefined]>('cancelOrder');

/**
 * The specimen of an on-site order is drawn, says whoever drew it. Said again, it changes nothing. Fails with an
 * ApplicationFailure of type `DrawRefused` when the order is not where it can be drawn.
 */
export const drawCompleted = defineUpdate<OrderLowLevelStatus, [Principal | undefined]>('drawCompleted');

/**
 * Book, request, reschedule or cancel the order's appointment, in the name of whoever asks. Fails with an ApplicationFailure of type
 * `AppointmentRefused` (it cannot be) or `PartnerAway` (nobody knows yet; asked again, it is found out).
 */
export const appointmentCommand = defineUpdate<Appointment, [AppointmentCommand, Principal | undefined]>(
  'appointmentCommand',
);

/** What a phlebotomy provider said of its own accord: stored already, so a signal. */
export const appointmentReport = defineSignal<[ProviderEvent]>('appointmentReport');

/** What the store holds and the journey did not know when it was asked: written by the journey itself, and lost in a crash. */
export const storeIsAhead = defineSignal<[RecordedAppointment]>('storeIsAhead');

/** Everything about a journey, for an engineer who asks where an order is and why. */
export interface JourneyState {
  order_id: string;
  placer_order_number: string;
  status: OrderLowLevelStatus | 'not recorded yet';
  /** The number of the rules it follows. */
  rules: number;
  /** In words: what the journey waits for. */
  waiting_for: string;
  /** When it goes on in any case; ISO instant. */
  waits_until: string | null;
  /** What a person should do meanwhile. */
  to_do: string | null;
  /** What follows from its events and is being tried, newest first. */
  under_way: string[];
  events: RecordedEvent[];
  reports_waiting: string[];
  reports_taken: string[];
  missing_results: string[];
  cancel_requested: boolean;
  appointment: Appointment | null;
  troubles: string[];
  /** What failed for good, with what a person must do. */
  failed: readonly string[];
}
export const journeyState = defineQuery<JourneyState>('journeyState');
