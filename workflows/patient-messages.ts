/** What a journey tells the patient: mail and SMS that go with its events, and reminders. None of it holds a journey up. */
import { CancellationScope, proxyActivities, sleep } from '@temporalio/workflow';
import type { Activities } from '../activities/types.ts';
import type { Appointment } from '../domain/appointment.ts';
import { appointmentMessageFor, mailFor, smsFor } from '../domain/messages.ts';
import type { HeldEvent, Order } from '../domain/order.ts';
import type { JourneyPolicy } from '../domain/policy.ts';
import { nextAllowed } from '../domain/quiet-hours.ts';
import { appointmentReminders, bookingReminders } from '../domain/reminders.ts';
import { timeZonesOf } from '../domain/time-zones.ts';
import { rootMessage } from './failures.ts';

/** The activities that tell the patient something. */
type Messages = Pick<
  Activities,
  'sendMail' | 'sendSms' | 'sendAppointmentMail' | 'sendAppointmentSms' | 'sendReminder'
>;

/** What the journey does for its messages. */
export interface Sending {
  /** Sees to it that something is done, however long it takes. */
  setOff(deed: Promise<void>): void;
  /** Notes for engineers what did not succeed. */
  trouble(message: string): void;
}

export class PatientMessages {
  readonly #order: Order;
  readonly #policy: JourneyPolicy;
  readonly #sending: Sending;
  #reminders: CancellationScope | undefined;

  constructor(order: Order, policy: JourneyPolicy, sending: Sending) {
    this.#order = order;
    this.#policy = policy;
    this.#sending = sending;
  }

  /** Sends what goes with an event of the order, by the team's switches. */
  tellOf(event: HeldEvent): void {
    const { id } = this.#order;
    const mail = mailFor(event, this.#order);
    if (mail) this.#sending.setOff(this.#send(`mail ${mail}`, (messages) => messages.sendMail(id, mail)));
    const sms = smsFor(event, this.#order);
    if (sms) this.#sending.setOff(this.#sendByDay(`SMS ${sms}`, (messages) => messages.sendSms(id, sms)));
  }

  /**
   * Sends what goes with an appointment's new events.
   * @param known How many of its events have been told of.
   */
  tellOfAppointment({ id, events }: Appointment, known: number): void {
    for (const event of events.slice(known)) {
      const due = appointmentMessageFor(event, this.#order);
      if (!due) continue;
      const { kind, by } = due;
      this.#sending.setOff(
        by === 'mail'
          ? this.#send(`mail ${kind}`, (messages) => messages.sendAppointmentMail(id, event.number, kind))
          : this.#sendByDay(`SMS ${kind}`, (messages) => messages.sendAppointmentSms(id, event.number, kind)),
      );
    }
  }

  /**
   * Plans the reminders that are still due, in place of those planned before: to book until there is an appointment,
   * then of the appointment. A journey that ends leaves them unsent.
   */
  planReminders(events: readonly HeldEvent[], appointment: Appointment | null): void {
    this.#reminders?.cancel();
    this.#reminders = undefined;
    const { id, address, options } = this.#order;
    const requisition = events.find(({ status }) => status === 'requisition_created');
    if (!options.reminders_enabled || !options.sms_enabled || !requisition) return;

    const zones = timeZonesOf(address.state);
    const status = events.at(-1)?.status;
    const booked = appointment?.status === 'scheduled' ? appointment : null;
    const toBook = status === 'requisition_created' || status === 'appointment_cancelled';
    const due = booked?.start_at
      ? appointmentReminders(new Date(booked.start_at), now(), this.#policy, ...zones)
      : bookingReminders(new Date(requisition.created_at), this.#policy, ...zones).filter((at) => toBook && at > now());
    if (due.length === 0) return;

    this.#reminders = new CancellationScope({ cancellable: true });
    const reminding = this.#reminders.run(async () => {
      for (const at of due) {
        await sleep(Math.max(1, at.getTime() - now().getTime()), { summary: 'A reminder is due' });
        const remind = (messages: Messages) => messages.sendReminder(id, booked?.id ?? null, at.toISOString());
        await CancellationScope.nonCancellable(() => this.#sendByDay('SMS reminder', remind));
      }
    });
    reminding.catch(() => {});
  }

  /** Sends something for as long as the policy says; what fails for good is noted and stops nothing. */
  async #send(what: string, send: (messages: Messages) => Promise<void>): Promise<void> {
    const messages = proxyActivities<Messages>({
      startToCloseTimeout: 4 * this.#policy.partner_call,
      scheduleToCloseTimeout: this.#policy.mail_tried_for,
      retry: { initialInterval: this.#policy.partner_retry_first, maximumInterval: this.#policy.partner_retry_longest },
      summary: `Sends the ${what}`,
    });
    try {
      await send(messages);
    } catch (failure) {
      this.#sending.trouble(`The ${what} was not sent: ${rootMessage(failure)}`);
    }
  }

  /** The same while nobody's telephone rings at night. */
  async #sendByDay(what: string, send: (messages: Messages) => Promise<void>): Promise<void> {
    const at = now();
    const allowed = nextAllowed(at, this.#policy, ...timeZonesOf(this.#order.address.state));
    const wait = allowed.getTime() - at.getTime();
    if (wait > 0) await sleep(wait, { summary: 'No SMS at night' });
    await this.#send(what, send);
  }
}

// biome-ignore lint/plugin: Temporal's clock, which says the same in every replay.
const now = () => new Date();
