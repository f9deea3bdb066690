/**
 * The link on a requisition's last page. Paper is read by whoever finds it, so it opens nothing by itself: the patient's
 * birth date does, and ten wrong ones close the link for good.
 */
import { randomBytes } from 'node:crypto';
import type { BookingLinkDocument } from '../collections/access.ts';
import { collectionOf } from '../collections/define.ts';
import { insert } from '../collections/write.ts';
import type { Store } from '../open.ts';
import { recordAudit } from '../orders/audit.ts';
import { stateOf, tokenOfOrder } from './booking-links.ts';
import { linkId } from './link-tokens.ts';

/** How many wrong birth dates a link takes in all. */
const MOST_WRONG_DATES = 10;

/** For how long the booking page stays open to who gave the birth date, in milliseconds. */
const VISIT_MS = 30 * 60_000;

/**
 * The token that an order's paper carries; the same until the order's links are revoked.
 * @param validUntil when a link that is made now expires
 */
export function paperToken(store: Store, secret: Buffer, orderId: string, validUntil: Date): Promise<string> {
  return tokenOfOrder(store, secret, orderId, { kind: 'paper', wrong_dates: 0, expires_at: validUntil });
}

/** A link on paper as it is now. */
export type FoundPaper = Pick<BookingLinkDocument, '_id' | 'order_id'> & {
  state: 'valid' | 'expired' | 'revoked' | 'guessed';
};

/** What a token on paper stands for; null for one that was never given out. */
export async function findPaperLink(store: Store, token: string, now: Date): Promise<FoundPaper | null> {
  const link = await collectionOf(store.bookingLinks).findOne({ _id: linkId(token), kind: 'paper' });
  if (!link) return null;
  const { _id, order_id, wrong_dates = 0 } = link;
  const state = stateOf(link, now);
  return { _id, order_id, state: state === 'valid' && wrong_dates >= MOST_WRONG_DATES ? 'guessed' : state };
}

/**
 * Counts an answer as wrong before anybody has looked at it, so that no more than ten are looked at however many come at
 * once.
 * @returns how many more the link takes; null when it takes none, not even this one
 */
export async function countWrongDate(store: Store, { _id }: FoundPaper): Promise<number | null> {
  const counted = await collectionOf(store.bookingLinks).findOneAndUpdate(
    { _id, kind: 'paper', revoked_at: null, wrong_dates: { $lt: MOST_WRONG_DATES } },
    { $inc: { wrong_dates: 1 } },
    { returnDocument: 'after' },
  );
  return counted && MOST_WRONG_DATES - (counted.wrong_dates ?? 0);
}

/** The last wrong answer was given: leaves word for who asks why the link is closed (G4). */
export async function noteGuessed(store: Store, { _id, order_id }: FoundPaper, teamId: string): Promise<void> {
  await recordAudit(store, {
    by: { kind: 'patient_link', id: _id },
    action: 'booking_link.guessed',
    team_id: teamId,
    order_id,
  });
}

/** The answer was right after all: answers the token of a link that opens the booking page for half an hour. */
export async function openFromPaper(store: Store, { _id, order_id }: FoundPaper, now: Date): Promise<string> {
  await collectionOf(store.bookingLinks).updateOne({ _id }, { $inc: { wrong_dates: -1 } });
  const token = randomBytes(32).toString('base64url');
  const expires_at = new Date(now.getTime() + VISIT_MS);
  const link = { _id: linkId(token), order_id, expires_at, revoked_at: null, created_at: now };
  await insert(store.bookingLinks, { ...link, kind: 'from_paper' });
  return token;
}
