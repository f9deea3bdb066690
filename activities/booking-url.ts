/** Where the patient of an order books, changes and cancels: the link that messages carry. */
import type { JourneyPolicy } from '../domain/policy.ts';
import type { CollectionMethod } from '../domain/status.ts';
import { isEnded } from '../domain/transitions.ts';
import { bookingToken } from '../store/booking-links.ts';
import type { OrderDocument } from '../store/documents.ts';
import type { Store } from '../store/store.ts';
import { linkSecret } from './link-secret.ts';

/** The address of an order's booking page, the same whenever it is asked for; null when there is nothing to book. */
export type BookingUrl = (orderId: string) => Promise<string | null>;

const BOOKED_BY_PATIENTS: readonly CollectionMethod[] = ['at_home_phlebotomy', 'walk_in_test'];

/**
 * Links of an installation. A link is good for as long as the requisition is (F1), from when it is first made or the
 * order goes out.
 * @param keys The keys that encrypt what Temporal stores, the first of which tokens are made from.
 */
export function createBookingUrl(
  store: Store,
  { keys, publicUrl, policy }: { keys: ReadonlyMap<string, Buffer>; publicUrl: string; policy: JourneyPolicy },
): BookingUrl {
  const secret = linkSecret(keys, 'booking');
  return async (orderId) => {
    const { order, last_status } = await store.orders.findById(orderId).orFail().lean<OrderDocument>();
    const { collection_method, activate_at } = order;
    if (!BOOKED_BY_PATIENTS.includes(collection_method) || isEnded(last_status, collection_method)) return null;
    const begins = Math.max(Date.now(), Date.parse(activate_at ?? '') || 0);
    const validUntil = new Date(begins + policy.requisition_valid[collection_method]);
    return `${publicUrl}/book/${await bookingToken(store, secret, orderId, validUntil)}`;
  };
}
