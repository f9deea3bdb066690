/** Sending events, again and again until they are taken. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import type { Backoff } from '../lab/delivery.ts';
import type { Appointment, AppointmentBook, ProviderEvent } from './appointments.ts';
import type { Faults } from './faults.ts';

const ANSWER_WITHIN_MS = 15_000;

/** Told of an event that was not taken for now; ids and codes only. */
export type Warn = (problem: { provider: string; appointment: string; event?: string; reason: string }) => void;

/** Sends each appointment's events one after another, signed by the Standard Webhooks scheme. */
export class Callbacks {
  readonly #book: AppointmentBook;
  readonly #faults: Faults;
  readonly #url: string;
  readonly #webhook: Webhook;
  readonly #backoff: Backoff;
  readonly #warn: Warn;
  readonly #stop = new AbortController();
  readonly #running = new Map<Appointment, Promise<void>>();
  readonly #wanted = new Set<Appointment>();
  readonly #attempts = new Map<string, number>();

  /** `{provider}` in the address stands for the provider's slug. Throws when the secret is none. */
  constructor(
    book: AppointmentBook,
    faults: Faults,
    to: { url: string; secret: string; backoff: Backoff; warn: Warn },
  ) {
    this.#book = book;
    this.#faults = faults;
    this.#url = to.url;
    this.#webhook = new Webhook(to.secret);
    this.#backoff = to.backoff;
    this.#warn = to.warn;
  }

  /** How often this process has sent an event. */
  attempts(eventId: string): number {
    return this.#attempts.get(eventId) ?? 0;
  }

  /** Sees to it that the appointment's events go out. */
  start(appointment: Appointment): void {
    if (this.#stop.signal.aborted) return;
    this.#wanted.add(appointment);
    if (this.#running.has(appointment)) return;
    const run = this.#run(appointment)
      .catch((error: Error) => {
        if (this.#stop.signal.aborted) return;
        const { provider, id } = appointment;
        this.#warn({ provider, appointment: id, reason: error.message });
      })
      .finally(() => {
        this.#running.delete(appointment);
        if (this.#wanted.has(appointment)) this.start(appointment);
      });
    this.#running.set(appointment, run);
  }

  /** Sends nothing any more; what was not taken goes out when the providers are opened again. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#running.values());
  }

  async #run(appointment: Appointment): Promise<void> {
    this.#wanted.delete(appointment);
    let pause = this.#backoff.first;
    await this.#book.flush();
    for (let event = this.#next(appointment); event; event = this.#next(appointment)) {
      const problem = await this.#send(appointment, event);
      if (problem === undefined) {
        await this.#suffer(appointment, event);
        this.#book.change({ type: 'delivered', id: appointment.id, eventId: event.id });
        pause = this.#backoff.first;
      } else {
        this.#warn({ provider: appointment.provider, appointment: appointment.id, event: event.id, reason: problem });
        await sleep(pause, undefined, { signal: this.#stop.signal });
        pause = Math.min(pause * 2, this.#backoff.longest);
      }
    }
    await this.#book.flush();
  }

  /** The event that goes out next: the oldest, unless they are to arrive out of order. */
  #next(appointment: Appointment): ProviderEvent | undefined {
    const waiting = appointment.events.filter((event) => event.deliveredAt === null);
    if (this.#faults.ofEvents(appointment.provider) !== 'reorder') return waiting[0];
    return appointment.steps.length > 0 ? undefined : waiting.at(-1);
  }

  /** The trouble that comes after an event was taken. */
  async #suffer(appointment: Appointment, event: ProviderEvent): Promise<void> {
    const { provider, events } = appointment;
    const fault = this.#faults.ofEvents(provider);
    if (fault === 'duplicate') await this.#send(appointment, event);
    const overtook = events.some((other) => other.deliveredAt === null && other.occurredAt < event.occurredAt);
    if (fault === 'duplicate' || (fault === 'reorder' && overtook)) this.#faults.eventSuffered(provider);
  }

  /** Undefined when the event was taken, else what went wrong. */
  async #send({ provider }: Appointment, event: ProviderEvent): Promise<string | undefined> {
    this.#attempts.set(event.id, this.attempts(event.id) + 1);
    const now = new Date();
    try {
      const response = await fetch(this.#url.replace('{provider}', provider), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': event.id,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
          'webhook-signature': this.#webhook.sign(event.id, now, event.text),
        },
        body: event.text,
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      });
      await response.arrayBuffer();
      return response.ok ? undefined : `HTTP ${response.status}`;
    } catch (error) {
      this.#stop.signal.throwIfAborted();
      return error instanceof Error ? error.message : String(error);
    }
  }
}
