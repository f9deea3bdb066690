/** A way of collecting that cannot be ordered yet: orders of before go on until they are reported on, cancelled or expired. */
import type { JourneyContext } from '../journey/context.ts';
import { type Wait, waitForDrawAndResults } from '../journey/waits.ts';
import type { Admission, Collection, CollectionStep } from './collection.ts';

export class NotYetServed implements Collection {
  readonly #journey: JourneyContext;
  readonly hasWork = false;

  constructor(journey: JourneyContext) {
    this.#journey = journey;
  }

  listen(): void {}

  async next(): Promise<CollectionStep[]> {
    return [];
  }

  admits(): Admission {
    return { reports: 'taken' };
  }

  waitsFor(_waiting: unknown, until: number): Wait {
    return waitForDrawAndResults(this.#journey.order, until);
  }
}
