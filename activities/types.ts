/** What workflows may ask for: the contract that `createActivities` fulfils. */
import type { AppointmentProvider, ArrangedVisit } from '../domain/appointments/appointment.ts';
import type {
  ArrangeVisit,
  OfferedSlot,
  ProposedAppointment,
  RecordedAppointment,
} from '../domain/appointments/appointment-command.ts';
import type { AppointmentMessageKind, MailKind, SmsKind } from '../domain/messages/messages.ts';
import type { PlannedVisit } from '../domain/messages/reminders.ts';
import type { Order, ProposedEvent, RecordedEvent } from '../domain/orders/order.ts';
import type { ReportProgress } from '../domain/results/report-progress.ts';
import type { SimulatedReport } from '../domain/simulated-report.ts';

/** How the laboratory decided about an order. */
export type Fulfilment =
  | { accepted: true; filler_order_number: string | null }
  /** The lab will not have the order; `words` are the lab's (F4). */
  | { accepted: false; words: string };

/** A phlebotomy provider's decision; `refused` is what the caller is told. */
export type VisitAnswer =
  | { visit: ArrangedVisit }
  | {
      refused: string;
      /** The same was asked before and came to no answer, so that the visit may be made after all. */
      may_turn_up?: boolean;
    };

export interface Activities {
  /** Writes event 1 of an initial order, unless it is there (D1). */
  openOrder(order: Order): Promise<RecordedEvent>;
  /** The same, and the checks before a requisition (A2): the reasons why the order cannot go to the lab; empty when it can. */
  openAndCheckOrder(order: Order): Promise<{ opened: RecordedEvent; reasons: string[] }>;
  /** Writes the next event, or finds the one that is held; null when a report must be heard first (F1). */
  recordEvent(proposed: ProposedEvent): Promise<RecordedEvent | null>;
  /** How a redraw ended whose workflow its parent cannot wait for; retried until it has ended. */
  endOfRedraw(orderId: string): Promise<Pick<RecordedEvent, 'status' | 'transaction_status'>>;
  /** The checks before a requisition (A2): the reasons why the order cannot go to the lab, in words; empty when it can. */
  checkOrder(orderId: string): Promise<string[]>;
  /**
   * Sends the order to its laboratory (A3). Retried for `triedFor` milliseconds, then failing for good with the lab's
   * last words; the lab sees one placer order number however often (F4).
   */
  submitOrder(orderId: string, triedFor: number): Promise<Fulfilment>;
  /** Cancels the order at its laboratory; retried until the lab acknowledges (F4). Answers the lab's words if it is too late. */
  cancelAtLab(orderId: string): Promise<{ too_late: string | null }>;
  /**
   * Mails the patient, once (F10). A mail that the server refuses for good is noted and not tried again; to a patient who
   * has unsubscribed none is sent, which the message log says.
   */
  sendMail(orderId: string, kind: MailKind): Promise<void>;
  /** Keeps reports that came, or were read anew, when their order had ended: late, correcting, or unmatched (D5, F5). */
  keepLateReports(reportIds: string[]): Promise<void>;
  /** Leaves what the laboratory rejected after it had accepted it to a person (F4). */
  keepRejection(orderId: string): Promise<void>;
  /** What all reports that the order has taken in say as they are read now, and whether that is anything new. */
  currentProgress(orderId: string): Promise<{ progress: ReportProgress; says_anything_new: boolean }>;
  /**
   * Keeps what a provider said of a visit that is over for us, for people to see. Answers whether it says anything new.
   */
  keepVisitEvent(kept: { event_id: string; because: 'earlier_visit' | 'counted_as_draw' }): Promise<boolean>;
  /** Writes what is next in an appointment's life, or finds what is held (C2). */
  recordAppointment(proposed: ProposedAppointment): Promise<RecordedAppointment>;
  /**
   * Claims the patient (C2) and books the visit, under the appointment's id as our reference.
   * @param isRepeat Whether the same was asked before, so that the provider is asked first what became of it.
   */
  arrangeVisit(orderId: string, command: ArrangeVisit, isRepeat: boolean): Promise<VisitAnswer>;
  /** Moves the visit; null notes stay as they were (B2). Access notes go along (B1). */
  moveVisit(
    orderId: string,
    appointmentId: string,
    slot: OfferedSlot,
    appointmentNotes: string | null,
  ): Promise<VisitAnswer>;
  /** Cancels the visit at the provider. */
  withdrawVisit(orderId: string, appointmentId: string, reason: string, notes: string | null): Promise<VisitAnswer>;
  /** What the provider holds under an appointment's id; null when nothing. */
  findVisit(orderId: string, provider: AppointmentProvider, appointmentId: string): Promise<ArrangedVisit | null>;
  /** Cancels what the provider holds under an appointment's id, if anything, and gives the patient back (C2). */
  undoVisit(orderId: string, provider: AppointmentProvider, appointmentId: string): Promise<void>;
  /** Gives the patient back: the provider holds nothing under the appointment's id (C2). */
  releasePatient(appointmentId: string): Promise<void>;
  /** Mails the patient about an event of an appointment, once (F10). */
  sendAppointmentMail(appointmentId: string, eventNumber: number, kind: AppointmentMessageKind): Promise<void>;
  /** Sends the patient an SMS about the order, unless SMS are switched off for it or the patient has opted out. */
  sendSms(orderId: string, kind: SmsKind): Promise<void>;
  /** Sends the patient an SMS about an event of an appointment. */
  sendAppointmentSms(appointmentId: string, eventNumber: number, kind: AppointmentMessageKind): Promise<void>;
  /**
   * Reminds the patient by SMS of the visit, or to book one where that is null; not when things have changed since it was
   * planned. `due` (ISO instant) tells one reminder from another.
   */
  sendReminder(orderId: string, visit: PlannedVisit | null, due: string): Promise<void>;
  /**
   * Has the sandbox laboratory report on an order (F6). Retried until the specimen is drawn, for `triedFor` milliseconds;
   * answers false when the order ended without.
   */
  reportOnceDrawn(orderId: string, report: SimulatedReport, triedFor: number): Promise<boolean>;
}
