/** Links to the patient's booking page: each opens one order, until it expires or is revoked. */
import type { BookingLinkDocument } from './documents.ts';
import { linkId, linkToken } from './link-tokens.ts';
import { rows, type Store } from './store.ts';

/**
 * The token of an order's link; made at the first call, the same ever after. After a revocation it is another one.
 * @param validUntil when a link that is made now expires
 */
export async function bookingToken(store: Store, secret: Buffer, orderId: string, validUntil: Date): Promise<string> {
  const version = await rows(store.bookingLinks).countDocuments({
    ...{ order_id: orderId, kind: { $exists: false }, revoked_at: { $ne: null } },
  });
  const token = linkToken(secret, `booking link ${orderId} ${version}`);
  await rows(store.bookingLinks).updateOne(
    { _id: linkId(token) },
    { $setOnInsert: { order_id: orderId, expires_at: validUntil, revoked_at: null, created_at: new Date() } },
    { upsert: true },
  );
  return token;
}

/** A link as it is now: the order it opens, and whether it still does. */
export type FoundLink = Pick<BookingLinkDocument, '_id' | 'order_id'> & { state: 'valid' | 'expired' | 'revoked' };

/** What a token stands for; null for one that was never given out. */
export async function findBookingLink(store: Store, token: string, now: Date): Promise<FoundLink | null> {
  const link = await rows(store.bookingLinks).findOne({ _id: linkId(token), kind: { $ne: 'paper' } });
  if (!link) return null;
  const { _id, order_id, revoked_at, expires_at } = link;
  return { _id, order_id, state: revoked_at ? 'revoked' : expires_at <= now ? 'expired' : 'valid' };
}

/** Makes every link of an order useless; answers how many there were. The next message carries a new one. */
export async function revokeBookingLinks(store: Store, orderId: string): Promise<number> {
  const { modifiedCount } = await rows(store.bookingLinks).updateMany(
    { order_id: orderId, revoked_at: null },
    { $set: { revoked_at: new Date() } },
  );
  return modifiedCount;
}
