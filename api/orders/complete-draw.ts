/** A caller says that the specimen of an on-site order is drawn. */
import type { Principal } from '../../domain/principal.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { DrawRefused } from '../../temporal/journeys.ts';
import type { ApiDeps } from '../deps.ts';
import { ApiError } from '../http/errors.ts';
import { askCaughtUp } from './catching-up.ts';

/**
 * Records the draw of an on-site order in the name of whoever says so; resolves when it is recorded. Said again, it changes
 * nothing.
 * @throws ApiError `rule_broken` when the order is not collected on site, `transition_not_allowed` when it is not where it
 * can be drawn
 */
export async function completeDraw(
  { store, journeys }: Pick<ApiDeps, 'store' | 'journeys'>,
  order: OrderDocument,
  by: Principal,
): Promise<void> {
  const { collection_method } = order;
  if (collection_method !== 'on_site_collection') {
    throw new ApiError(
      'rule_broken',
      `The draw can be reported for on_site_collection orders, and this order is ${collection_method}`,
    );
  }
  try {
    await askCaughtUp(store, order, (current) => journeys.drawCompleted(current, by));
  } catch (error) {
    if (error instanceof DrawRefused) throw new ApiError('transition_not_allowed', error.message);
    throw error;
  }
}
