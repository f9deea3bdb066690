/** Where the patient of an order books, changes and cancels: the links that messages and paper carry. */
import { BOOKED_BY_PATIENTS, providerOfLab } from '../domain/appointments/appointment.ts';
import { isEnded } from '../domain/orders/transitions.ts';
import type { JourneyPolicy } from '../domain/policy.ts';
import { bookingToken } from '../store/access/booking-links.ts';
import { paperToken } from '../store/access/paper-links.ts';
import type { OrderDocument } from '../store/collections/orders.ts';
import type { Store } from '../store/open.ts';
import { type LinkSource, linkSecret } from './link-secret.ts';

/** The address of an order's booking page, the same whenever it is asked for; null when there is nothing to book. */
export type BookingUrl = (document: OrderDocument) => Promise<string | null>;

/**
 * The address that an order's requisition carries, which asks for the birth date first; null when there is nothing to
 * book. `validUntil` is when the requisition expires.
 */
export type PaperUrl = (document: OrderDocument, validUntil: Date) => Promise<string | null>;

/**
 * Links of an installation. A link is good for as long as the requisition is (F1), from when it is first made or the
 * order goes out.
 */
export function createBookingUrl(
  store: Store,
  { keys, publicUrl, policy }: LinkSource & { policy: JourneyPolicy },
): BookingUrl {
  const secret = linkSecret(keys, 'booking');
  return async (document) => {
    const { collection_method, activate_at } = document.order;
    if (!isBookedByPatient(document)) return null;
    const begins = Math.max(Date.now(), Date.parse(activate_at ?? '') || 0);
    const validUntil = new Date(begins + policy.requisition_valid[collection_method]);
    return `${publicUrl}/book/${await bookingToken(store, secret, document._id, validUntil)}`;
  };
}

/** Links for paper. There are none where the booking page could tell no more than where the service centers are. */
export function createPaperUrl(store: Store, { keys, publicUrl }: LinkSource): PaperUrl {
  const secret = linkSecret(keys, 'booking');
  return async (document, validUntil) => {
    const { _id, collection_method, lab_slug } = document;
    if (!isBookedByPatient(document)) return null;
    if (collection_method === 'walk_in_test' && !providerOfLab(lab_slug)) return null;
    return `${publicUrl}/book/paper/${await paperToken(store, secret, _id, validUntil)}`;
  };
}

function isBookedByPatient({ collection_method, last_status }: OrderDocument): boolean {
  return BOOKED_BY_PATIENTS.includes(collection_method) && !isEnded(last_status, collection_method);
}
