/** Reports that no journey could take in when they came: what becomes of them when their order goes on (G2). */
import type { ClientSession } from 'mongoose';
import { EXPIRY_REASONS } from '../../domain/orders/expiry-reasons.ts';
import type { ProposedEvent } from '../../domain/orders/order.ts';
import { collectionOf } from '../collections/define.ts';
import type { OrderDocument } from '../collections/orders.ts';
import type { Store } from '../open.ts';
import { tellOfReview } from './match-review.ts';

/** Has reports taken again that came before the specimen was drawn, as far as was known; their review is over. */
export async function takeAgain(
  store: Store,
  session: ClientSession,
  order: Pick<OrderDocument, '_id' | 'user_id'>,
): Promise<void> {
  const early = { order_id: order._id, state: 'unmatched', unmatched_reason: 'wrong_collection' } as const;
  const reports = await collectionOf(store.labMessages)
    .find(early, { session, projection: { team_id: 1, order_id: 1, unmatched_reason: 1 } })
    .toArray();
  for (const report of reports) await tellOfReview(store, session, report, { status: 'matched', action: null, order });
  await collectionOf(store.labMessages).updateMany(
    early,
    { $set: { state: 'stored', unmatched_reason: null, lease_until: new Date(0), attempts: 0, last_error: null } },
    { session },
  );
}

/** How many reports are named in words. */
const NAMED_REPORTS = 3;

/** Why an order expires, with the reports on it that were set aside: it does not end as if there were none (G2). */
export async function namingReportsAside(
  store: Store,
  session: ClientSession,
  order_id: string,
  { status, reason }: Pick<ProposedEvent, 'status' | 'reason'>,
): Promise<string | null> {
  const aside = await collectionOf(store.labMessages)
    .find({ order_id, state: 'unmatched' }, { session, projection: { _id: 1 } })
    .sort({ received_at: 1 })
    .limit(NAMED_REPORTS + 1)
    .toArray();
  if (aside.length === 0) return reason;
  const named = aside.slice(0, NAMED_REPORTS).map(({ _id }) => _id);
  const more = aside.length > NAMED_REPORTS ? ' and others' : '';
  const { set_aside: expired } = EXPIRY_REASONS[status === 'cancelled' ? 'cancelled' : 'completed'];
  return `${expired} The lab has reported; the report was set aside and is waiting for review (${named.join(', ')}${more}).`;
}
