/** A caller cancels an order. */
import type { Principal } from '../../domain/principal.ts';
import { mayFollow, refusedTransition } from '../../domain/transitions.ts';
import type { OrderDocument } from '../../store/documents.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../errors.ts';
import { OrderNotCancellable } from '../journeys.ts';

/**
 * Cancels an order in the name of whoever asks; resolves when its cancellation is recorded.
 * @throws ApiError `transition_not_allowed` when it has come too far
 */
export async function cancelOrder(
  { journeys }: Pick<ApiDeps, 'journeys'>,
  order: OrderDocument,
  by: Principal,
): Promise<void> {
  if (!mayFollow(order.collection_method, order.last_status, 'cancelled')) {
    throw new ApiError('transition_not_allowed', refusedTransition(order.last_status, 'cancelled'));
  }
  try {
    await journeys.cancel(order, by);
  } catch (error) {
    if (error instanceof OrderNotCancellable) throw new ApiError('transition_not_allowed', error.message);
    throw error;
  }
}
