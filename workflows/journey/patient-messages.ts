/** What a journey tells the patient: mail and SMS that go with its events, and reminders. None of it holds a journey up. */
import { CancellationScope, proxyActivities, sleep } from '@temporalio/workflow';
import type { Activities } from '../../activities/types.ts';
import type { Appointment } from '../../domain/appointments/appointment.ts';
import { appointmentMessageFor, mailFor, notifiableEvents, smsFor } from '../../domain/messages/messages.ts';
import { nextAllowed } from '../../domain/messages/quiet-hours.ts';
import {
  appointmentReminders,
  bookingReminders,
  type PlannedVisit,
  reminderDue,
  reminderWorthTrying,
} from '../../domain/messages/reminders.ts';
import type { Order, RecordedEvent } from '../../domain/orders/order.ts';
import { timeZonesOf } from '../../domain/people/time-zones.ts';
import type { JourneyPolicy } from '../../domain/policy.ts';
import { rootMessage } from '../failures.ts';
import type { BackgroundTask } from './background-tasks.ts';

/** The activities that tell the patient something. */
type Messages = Pick<
  Activities,
  'sendMail' | 'sendSms' | 'sendAppointmentMail' | 'sendAppointmentSms' | 'sendReminder'
>;

/** What the journey does for its messages. */
export interface Sending {
  /** Sees to it that something is done, however long it takes. */
  runInBackground(deed: BackgroundTask): void;
  /** Notes for engineers what did not succeed. */
  trouble(message: string): void;
}

export class PatientMessages {
  readonly #order: Order;
  readonly #policy: JourneyPolicy;
  readonly #sending: Sending;
  /** Where the patient may be: where the appointment is, once one has told. */
  #zones: readonly string[];
  #reminders: CancellationScope | undefined;
  /** Settled when every SMS so far is sent or given up: the next one waits for that, and none overtakes another. */
  #lastSms: Promise<void> = Promise.resolve();
  /** The same of mails. */
  #lastMail: Promise<void> = Promise.resolve();
  /**
   * The number of the journey's rules (domain/rules.ts): under the first ones a mail could overtake another, and who went
   * to a service center without SMS heard nothing.
   */
  readonly #rules: number;

  constructor(order: Order, policy: JourneyPolicy, rules: number, sending: Sending) {
    this.#rules = rules;
    this.#order = order;
    this.#zones = timeZonesOf(order.address.state);
    this.#policy = policy;
    this.#sending = sending;
  }

  /** Sends what goes with an event of the order, by the team's switches. */
  notifyPatient(event: RecordedEvent): void {
    const { id } = this.#order;
    const mail = mailFor(event, this.#order);
    if (mail)
      this.#runInBackground(
        `mail ${mail}`,
        this.#sendMail(`mail ${mail}`, (messages) => messages.sendMail(id, mail)),
      );
    const sms = smsFor(event, this.#order);
    if (sms)
      this.#runInBackground(
        `SMS ${sms}`,
        this.#sendByDay(`SMS ${sms}`, (messages) => messages.sendSms(id, sms)),
      );
  }

  /**
   * Sends what goes with an appointment's new events.
   * @param known How many of its events have been told of.
   */
  notifyPatientOfVisit(appointment: Appointment, known: number): void {
    const { id } = appointment;
    this.#learnZone(appointment);
    for (const event of notifiableEvents(appointment, known)) {
      const due = appointmentMessageFor(event, this.#order, this.#rules);
      if (!due) continue;
      const { kind, by } = due;
      const what = by === 'mail' ? `mail ${kind}` : `SMS ${kind}`;
      const sent =
        by === 'mail'
          ? this.#sendMail(what, (messages) => messages.sendAppointmentMail(id, event.number, kind))
          : this.#sendByDay(what, (messages) => messages.sendAppointmentSms(id, event.number, kind));
      this.#runInBackground(what, sent);
    }
  }

  /**
   * Plans the reminders that are still due, in place of those planned before: to book until there is an appointment,
   * then of the appointment. An order that has ended reminds of nothing more.
   */
  planReminders(events: readonly RecordedEvent[], appointment: Appointment | null): void {
    this.#reminders?.cancel();
    this.#reminders = undefined;
    this.#learnZone(appointment);
    const { options, collection_method } = this.#order;
    const requisition = events.find(({ status }) => status === 'requisition_created');
    if (!options.reminders_enabled || !options.sms_enabled || !requisition) return;

    const { status } = events.at(-1) ?? requisition;
    const of = reminderDue({ status, collection_method }, appointment);
    if (!of) return;
    const visit = of === 'appointment' ? appointment : null;
    const due = visit?.start_at
      ? appointmentReminders(new Date(visit.start_at), now(), this.#policy, ...this.#zones)
      : bookingReminders(new Date(requisition.created_at), this.#policy, ...this.#zones).filter((at) => at > now());
    if (due.length === 0) return;

    const planned = visit && { id: visit.id, start_at: visit.start_at };
    this.#reminders = new CancellationScope({ cancellable: true });
    const reminding = this.#reminders.run(async () => {
      for (const at of due) {
        await sleep(Math.max(1, at.getTime() - now().getTime()), { summary: 'A reminder is due' });
        this.#remind(planned, at);
      }
    });
    reminding.catch(() => {});
  }

  /** Sends a reminder that is due, or gives it up soon; planning anew does not stop it, as the activity looks again. */
  #remind(visit: PlannedVisit | null, due: Date): void {
    const send = (messages: Messages) => messages.sendReminder(this.#order.id, visit, due.toISOString());
    const triedFor = () => reminderWorthTrying(visit?.start_at ?? null, now(), this.#policy);
    const sent = CancellationScope.nonCancellable(() => this.#sendByDay('SMS reminder', send, triedFor));
    this.#runInBackground('SMS reminder', sent);
  }

  #runInBackground(what: string, done: Promise<void>): void {
    this.#sending.runInBackground({ doing: `the ${what} to be sent`, done, ifItFails: `The ${what} was not sent. ` });
  }

  #learnZone(appointment: Appointment | null): void {
    if (appointment?.time_zone) this.#zones = [appointment.time_zone];
  }

  /** Sends something for as long as the policy says; what fails for good is noted and stops nothing. */
  async #send(
    what: string,
    send: (messages: Messages) => Promise<void>,
    triedFor = this.#policy.mail_tried_for,
  ): Promise<void> {
    const messages = proxyActivities<Messages>({
      startToCloseTimeout: 4 * this.#policy.partner_call,
      scheduleToCloseTimeout: triedFor,
      retry: { initialInterval: this.#policy.partner_retry_first, maximumInterval: this.#policy.partner_retry_longest },
      summary: `Sends the ${what}`,
    });
    try {
      await send(messages);
    } catch (failure) {
      this.#sending.trouble(`The ${what} was not sent: ${rootMessage(failure)}`);
    }
  }

  /** The same after the mail before it: no cancellation overtakes what it cancels. */
  #sendMail(what: string, send: (messages: Messages) => Promise<void>): Promise<void> {
    if (this.#rules < 2) return this.#send(what, send);
    this.#lastMail = this.#lastMail.then(() => this.#send(what, send));
    return this.#lastMail;
  }

  /**
   * The same after the SMS before it, while nobody's telephone rings at night.
   * @param triedFor In milliseconds, asked when it could be sent; 0 when it is too late for that.
   */
  #sendByDay(
    what: string,
    send: (messages: Messages) => Promise<void>,
    triedFor = () => this.#policy.mail_tried_for,
  ): Promise<void> {
    this.#lastSms = this.#lastSms.then(async () => {
      const at = now();
      const wait = nextAllowed(at, this.#policy, ...this.#zones).getTime() - at.getTime();
      if (wait > 0) await sleep(wait, { summary: 'Quiet hours' });
      const worth = triedFor();
      if (worth > 0) await this.#send(what, send, worth);
    });
    return this.#lastSms;
  }
}

// biome-ignore lint/plugin: Temporal's clock, which says the same in every replay.
const now = () => new Date();
