/** What a journey says to phlebotomy companies, and how it finds out what came of that when there was no answer (C2). */
import { proxyActivities, sleep } from '@temporalio/workflow';
import type { Activities, VisitAnswer } from '../activities/types.ts';
import type { AppointmentProvider, ArrangedVisit } from '../domain/appointment.ts';
import type { ArrangeVisit } from '../domain/appointment-command.ts';
import type { JourneyPolicy } from '../domain/policy.ts';

/** A visit by the company and our reference. */
export interface VisitReference {
  provider: AppointmentProvider;
  appointment_id: string;
}

export class CompanyConversation {
  readonly #orderId: string;
  readonly #policy: JourneyPolicy;

  constructor(orderId: string, policy: JourneyPolicy) {
    this.#orderId = orderId;
    this.#policy = policy;
  }

  /**
   * Calls while a caller waits.
   * @param within Milliseconds in all; an ActivityFailure is thrown after that.
   */
  prompt(within = this.#policy.partner_call): Activities {
    return proxyActivities<Activities>({
      startToCloseTimeout: within,
      scheduleToCloseTimeout: within,
      retry: {
        initialInterval: this.#policy.partner_retry_first / 10,
        maximumInterval: this.#policy.partner_retry_first,
      },
    });
  }

  /**
   * Calls that nobody waits for, and that have to succeed.
   * @param within Milliseconds in all; an ActivityFailure is thrown after that.
   */
  patient(summary: string, within = this.#policy.undo_tried_for): Activities {
    return proxyActivities<Activities>({
      startToCloseTimeout: 2 * this.#policy.partner_call,
      scheduleToCloseTimeout: within,
      retry: { initialInterval: this.#policy.partner_retry_first, maximumInterval: this.#policy.partner_retry_longest },
      summary,
    });
  }

  /** Asks for a booking until the company has decided. @param within Milliseconds; an ActivityFailure is thrown after that. */
  arrangeWithin(command: ArrangeVisit, within: number): Promise<VisitAnswer> {
    return this.patient(`Book ${command.appointment_id}`, within).arrangeVisit(this.#orderId, command);
  }

  /** What the company made of a booking that came to no answer; null when it is known that it made nothing. */
  async find(visit: VisitReference): Promise<ArrangedVisit | null> {
    return (await this.#look(visit)) ?? this.findSettled(visit);
  }

  /** What the company holds when everything that was sent to it has arrived; null when nothing. */
  async findSettled(visit: VisitReference): Promise<ArrangedVisit | null> {
    await sleep(this.#policy.partner_call, { summary: 'The last request may still be on its way' });
    return this.#look(visit);
  }

  /** What may have been made is looked for, and cancelled; the patient is free again. */
  async undo(visit: VisitReference): Promise<void> {
    await this.find(visit);
    const { provider, appointment_id } = visit;
    await this.patient(`Undo ${appointment_id} at ${provider}`).undoVisit(this.#orderId, provider, appointment_id);
  }

  #look({ provider, appointment_id }: VisitReference): Promise<ArrangedVisit | null> {
    const { findVisit } = this.patient(`Look for ${appointment_id} at ${provider}`);
    return findVisit(this.#orderId, provider, appointment_id);
  }
}
