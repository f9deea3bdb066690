/** What follows from a journey's events, undos and messages: each runs to its own end, whatever becomes of the others (G3). */
import { ApplicationFailure, TemporalFailure } from '@temporalio/workflow';
import type { RecordedEvent } from '../../domain/orders/order.ts';
import { rootMessage } from '../failures.ts';
import type { JourneyMemory } from './memory.ts';

type FailureMemory = Pick<JourneyMemory, 'failures' | 'earlier_failures'>;

/** Something that is seen to, however long it takes. */
export interface BackgroundTask {
  /** What it does, after "waits for": "labcorp to take note of the cancellation". */
  doing: string;
  /** Rejects when it failed for good. */
  done: Promise<void>;
  /** What a person must know and do then, in whole sentences. */
  ifItFails: string;
}

/** How many failures are kept in words; earlier ones are counted. */
const MOST_FAILURES = 50;

export class BackgroundTasks {
  /** What is under way, oldest first. */
  readonly #open = new Map<Promise<void>, string>();
  readonly #failures: string[];
  #earlierFailures: number;
  /** A fault of the code, which fails the workflow task, so that a mended version goes on from here. */
  #fault: { error: unknown } | undefined;
  readonly #trouble: (message: string) => void;

  /**
   * @param trouble Shows engineers at once what failed for good.
   * @param memory What failed before the journey continued as new.
   */
  constructor(trouble: (message: string) => void, { failures = [], earlier_failures = 0 }: FailureMemory = {}) {
    this.#trouble = trouble;
    this.#failures = [...failures];
    this.#earlierFailures = earlier_failures;
  }

  runInBackground({ doing, done, ifItFails }: BackgroundTask): void {
    const ended = done
      .catch((failure: unknown) => {
        if (failure instanceof TemporalFailure) this.failed(`${ifItFails} ${rootMessage(failure)}`);
        else this.#fault = { error: failure };
      })
      .then(() => {
        this.#open.delete(ended);
      });
    this.#open.set(ended, doing);
  }

  /** Notes something that failed for good and that a person must see to. */
  failed(message: string): void {
    this.#failures.push(message);
    if (this.#failures.length > MOST_FAILURES) {
      this.#failures.shift();
      this.#earlierFailures += 1;
    }
    this.#trouble(message);
  }

  /** What is under way, in words, newest first. */
  get open(): string[] {
    return [...this.#open.values()].reverse();
  }

  /** What failed for good, with what a person must do, oldest first; of a great many the latest. */
  get failures(): readonly string[] {
    const earlier = this.#earlierFailures;
    return earlier > 0 ? [`${earlier} earlier failures are not listed.`, ...this.#failures] : this.#failures;
  }

  memory(): FailureMemory {
    return {
      failures: [...this.#failures],
      ...(this.#earlierFailures > 0 && { earlier_failures: this.#earlierFailures }),
    };
  }

  /** Waits until nothing is under way, whatever is set off meanwhile. @throws a fault of the code; never a failure. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open.keys());
    if (this.#fault) throw this.#fault.error;
  }

  /**
   * To be called once, when everything else is over.
   * @param ending How the order ended, for whoever waits for the workflow.
   * @throws ApplicationFailure `CancellationNotDelivered` with everything that failed for good; its details are `ending`.
   */
  throwFailures(ending: RecordedEvent): void {
    if (this.#failures.length === 0) return;
    throw ApplicationFailure.nonRetryable(this.failures.join('\n'), 'CancellationNotDelivered', ending);
  }
}
