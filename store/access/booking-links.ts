/** Links to the patient's booking page: each opens one order, until it expires or is revoked. */
import type { BookingLinkDocument } from '../collections/access.ts';
import { collectionOf } from '../collections/define.ts';
import { insertOnce } from '../collections/write.ts';
import type { Store } from '../open.ts';
import { linkId, linkToken } from './link-tokens.ts';

/**
 * The token of an order's link; made at the first call, the same ever after. After a revocation it is another one.
 * @param validUntil when a link that is made now expires
 */
export function bookingToken(store: Store, secret: Buffer, orderId: string, validUntil: Date): Promise<string> {
  return tokenOfOrder(store, secret, orderId, { expires_at: validUntil });
}

/**
 * The token of an order's link of one kind, as `bookingToken` describes it.
 * @param made What is kept of a link that is made now.
 */
export async function tokenOfOrder(
  store: Store,
  secret: Buffer,
  order_id: string,
  made: Pick<BookingLinkDocument, 'expires_at' | 'wrong_dates'> & { kind?: 'paper' },
): Promise<string> {
  const kind = made.kind ?? { $exists: false };
  const version = await collectionOf(store.bookingLinks).countDocuments({ order_id, kind, revoked_at: { $ne: null } });
  const token = linkToken(secret, `${made.kind ?? 'booking'} link ${order_id} ${version}`);
  await insertOnce(store.bookingLinks, {
    _id: linkId(token),
    ...made,
    order_id,
    revoked_at: null,
    created_at: new Date(),
  });
  return token;
}

/** A link as it is now: the order it opens, and whether it still does. */
export type FoundLink = Pick<BookingLinkDocument, '_id' | 'order_id' | 'kind'> & {
  state: 'valid' | 'expired' | 'revoked';
};

/** What a token that opens the booking page stands for; null for one that was never given out, or stands on paper. */
export async function findBookingLink(store: Store, token: string, now: Date): Promise<FoundLink | null> {
  const link = await collectionOf(store.bookingLinks).findOne({ _id: linkId(token), kind: { $ne: 'paper' } });
  if (!link) return null;
  const { _id, order_id, kind } = link;
  return { _id, order_id, ...(kind && { kind }), state: stateOf(link, now) };
}

/** Whether a link still opens anything. */
export function stateOf({ revoked_at, expires_at }: BookingLinkDocument, now: Date): FoundLink['state'] {
  if (revoked_at) return 'revoked';
  return expires_at <= now ? 'expired' : 'valid';
}

/** Makes every link of an order useless; answers how many there were. The next message carries a new one. */
export async function revokeBookingLinks(store: Store, orderId: string): Promise<number> {
  const { modifiedCount } = await collectionOf(store.bookingLinks).updateMany(
    { order_id: orderId, revoked_at: null },
    { $set: { revoked_at: new Date() } },
  );
  return modifiedCount;
}
