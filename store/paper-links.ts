/**
 * The link on a requisition's last page. Paper is read by whoever finds it, so it opens nothing by itself: the birth date
 * does, and ten wrong ones close the link for good.
 */
import { randomBytes } from 'node:crypto';
import type { BookingLinkDocument } from './documents.ts';
import { linkId, linkToken } from './link-tokens.ts';
import { rows, type Store } from './store.ts';

/** How many wrong birth dates a link takes in all. */
const MOST_WRONG_DATES = 10;

/** For how long the booking page stays open to who gave the birth date, in milliseconds. */
const VISIT_MS = 30 * 60_000;

/**
 * The token that an order's paper carries; the same until the order's links are revoked.
 * @param validUntil when a link that is made now expires
 */
export async function paperToken(store: Store, secret: Buffer, orderId: string, validUntil: Date): Promise<string> {
  const revoked = { order_id: orderId, kind: 'paper', revoked_at: { $ne: null } } as const;
  const version = await rows(store.bookingLinks).countDocuments(revoked);
  const token = linkToken(secret, `paper link ${orderId} ${version}`);
  const made = { order_id: orderId, kind: 'paper', wrong_dates: 0, revoked_at: null, created_at: new Date() } as const;
  await rows(store.bookingLinks).updateOne(
    { _id: linkId(token) },
    { $setOnInsert: { ...made, expires_at: validUntil } },
    { upsert: true },
  );
  return token;
}

/** A paper link as it is now. */
export type FoundPaper = Pick<BookingLinkDocument, '_id' | 'order_id'> & {
  state: 'valid' | 'expired' | 'revoked' | 'guessed';
  /** How many more wrong dates it takes. */
  left: number;
};

/** What a token on paper stands for; null for one that was never given out. */
export async function findPaperLink(store: Store, token: string, now: Date): Promise<FoundPaper | null> {
  const link = await rows(store.bookingLinks).findOne({ _id: linkId(token), kind: 'paper' });
  if (!link) return null;
  const { _id, order_id, revoked_at, expires_at, wrong_dates = 0 } = link;
  const state = revoked_at
    ? 'revoked'
    : expires_at <= now
      ? 'expired'
      : wrong_dates >= MOST_WRONG_DATES
        ? 'guessed'
        : 'valid';
  return { _id, order_id, state, left: Math.max(0, MOST_WRONG_DATES - wrong_dates) };
}

/** Counts an answer as wrong before anybody has looked at it; false when the link takes no more. */
export async function countWrongDate(store: Store, id: string): Promise<boolean> {
  const counted = await rows(store.bookingLinks).updateOne(
    { _id: id, kind: 'paper', revoked_at: null, wrong_dates: { $lt: MOST_WRONG_DATES } },
    { $inc: { wrong_dates: 1 } },
  );
  return counted.modifiedCount === 1;
}

/** The answer was right after all: answers the token of a link that opens the booking page for half an hour. */
export async function openFromPaper(store: Store, { _id, order_id }: FoundPaper, now: Date): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const expires_at = new Date(now.getTime() + VISIT_MS);
  await rows(store.bookingLinks).insertOne({
    ...{ _id: linkId(token), order_id, kind: 'from_paper', expires_at, revoked_at: null, created_at: now },
  });
  await rows(store.bookingLinks).updateOne({ _id }, { $inc: { wrong_dates: -1 } });
  return token;
}
