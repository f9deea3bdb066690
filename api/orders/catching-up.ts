/** What a journey refuses while it knows less than its store: a crash set it back, and it catches up in seconds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { standingOf } from '../../domain/orders/journey-position.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import type { Store } from '../../store/open.ts';
import { storedPosition } from '../../store/orders/journey-check.ts';
import { JourneyRefusal, JourneysUnavailable } from '../../temporal/journeys.ts';

/** How long a caller waits for a journey that is behind its store, in milliseconds. */
const CAUGHT_UP_WITHIN_MS = 10_000;
const PAUSE_MS = 100;

/**
 * Asks a journey for something, and asks again when it refuses for want of what its store holds.
 * @throws JourneysUnavailable when it has not caught up in time: nothing was decided
 * @throws whatever `ask` throws, when the journey knows all there is
 */
export async function askCaughtUp<T>(
  store: Store,
  order: OrderDocument,
  ask: (order: OrderDocument) => Promise<T>,
): Promise<T> {
  const giveUpAt = Date.now() + CAUGHT_UP_WITHIN_MS;
  for (let current = order; ; ) {
    try {
      return await ask(current);
    } catch (error) {
      if (!(error instanceof JourneyRefusal) || error.known === null) throw error;
      current = await store.orders.findById(order._id).orFail().lean<OrderDocument>();
      if (standingOf(error.known, await storedPosition(store, current)) !== 'behind') throw error;
      if (Date.now() >= giveUpAt) {
        throw new JourneysUnavailable(
          'The journey of this order has not caught up with what is recorded yet. Please retry.',
        );
      }
      await sleep(PAUSE_MS);
    }
  }
}
