/** A caller cancels an order. */
import type { Principal } from '../../domain/principal.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { OrderNotCancellable } from '../../temporal/journeys.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../http/errors.ts';
import { askCaughtUp } from './catching-up.ts';

/**
 * Cancels an order in the name of whoever asks; resolves when its cancellation is recorded and its journey knows of it. The journey is always asked:
 * what is recorded alone may be all that a crash has left of a cancellation.
 * @throws ApiError `transition_not_allowed` when it has come too far
 */
export async function cancelOrder(
  { store, journeys }: Pick<ApiDeps, 'store' | 'journeys'>,
  order: OrderDocument,
  by: Principal,
): Promise<void> {
  try {
    await askCaughtUp(store, order, (current) => journeys.cancel(current, by));
  } catch (error) {
    if (error instanceof OrderNotCancellable) throw new ApiError('transition_not_allowed', error.message);
    throw error;
  }
}
