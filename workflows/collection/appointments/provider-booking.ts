/** What a journey says to phlebotomy providers, and how it finds out what came of that when there was no answer (C2). */
import { proxyActivities, sleep } from '@temporalio/workflow';
import type { Activities, VisitAnswer } from '../../../activities/types.ts';
import type { AppointmentProvider, ArrangedVisit } from '../../../domain/appointments/appointment.ts';
import type { ArrangeVisit } from '../../../domain/appointments/appointment-command.ts';
import type { JourneyPolicy } from '../../../domain/policy.ts';

/** A visit by the provider and our reference. */
export interface VisitReference {
  provider: AppointmentProvider;
  appointment_id: string;
}

export class ProviderBooking {
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
  interactiveCalls(within = this.#policy.partner_call): Activities {
    return proxyActivities<Activities>({
      startToCloseTimeout: within,
      scheduleToCloseTimeout: within,
      summary: 'Asks the provider while a caller is waiting',
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
  backgroundCalls(summary: string, within = this.#policy.undo_tried_for): Activities {
    return proxyActivities<Activities>({
      startToCloseTimeout: 2 * this.#policy.partner_call,
      scheduleToCloseTimeout: within,
      retry: { initialInterval: this.#policy.partner_retry_first, maximumInterval: this.#policy.partner_retry_longest },
      summary,
    });
  }

  /** Asks again for a booking, until the provider decides. @param within Milliseconds; an ActivityFailure is thrown after that. */
  arrangeWithin(command: ArrangeVisit, within: number): Promise<VisitAnswer> {
    return this.backgroundCalls(`Book ${command.appointment_id}`, within).arrangeVisit(this.#orderId, command, true);
  }

  /** What the provider made of a booking that came to no answer; null when it is known that it made nothing. */
  async find(visit: VisitReference): Promise<ArrangedVisit | null> {
    return (await this.#look(visit)) ?? this.findSettled(visit);
  }

  /** What the provider holds when everything that was sent to it has arrived; null when nothing. */
  async findSettled(visit: VisitReference): Promise<ArrangedVisit | null> {
    await sleep(this.#policy.partner_call, { summary: 'The last request may still be on its way' });
    return this.#look(visit);
  }

  /**
   * Looks for what may have been made and cancels it; the patient is free again.
   * @returns Whether there was anything; if not, it may still turn up.
   */
  async undo(visit: VisitReference): Promise<boolean> {
    const made = await this.find(visit);
    await this.#cancel(visit);
    return made !== null;
  }

  /** A provider may be slow beyond all bounds: looks again after ever longer pauses, and cancels what was made after all. */
  async cancelWhatTurnsUp(visit: VisitReference): Promise<void> {
    for (const calls of [4, 40, 240]) {
      await sleep(calls * this.#policy.partner_call, {
        summary: 'Checks whether a slow provider made the booking after all',
      });
      const made = await this.#look(visit);
      if (made && made.status !== 'cancelled') return this.#cancel(visit);
    }
  }

  #cancel({ provider, appointment_id }: VisitReference): Promise<void> {
    const { undoVisit } = this.backgroundCalls(`Undo ${appointment_id} at ${provider}`);
    return undoVisit(this.#orderId, provider, appointment_id);
  }

  #look({ provider, appointment_id }: VisitReference): Promise<ArrangedVisit | null> {
    const { findVisit } = this.backgroundCalls(`Looks for ${appointment_id} at ${provider}`);
    return findVisit(this.#orderId, provider, appointment_id);
  }
}
