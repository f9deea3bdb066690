/** What a team is told of a report that is held for a person, and of what became of it (E1). */
import { randomUUID } from 'node:crypto';
import type { ClientSession } from 'mongoose';
import { collectionOf } from '../collections/define.ts';
import type { LabMessageDocument } from '../collections/inbox.ts';
import type { OrderDocument } from '../collections/orders.ts';
import type { Store } from '../open.ts';
import { putInOutbox, webhookMessage } from '../outbox/outbox.ts';

/** Where the review of a report stands, in the words of the wire. */
export interface ReviewStanding {
  status: 'pending_ops_review' | 'matched' | 'resolved';
  /** What a person decided; null where nobody did. */
  action: 'accept' | 'reject' | null;
  /** The order that takes the report; null where none does, or where it is another team's. */
  order: Pick<OrderDocument, '_id' | 'user_id'> | null;
}

/** A person has to look at it. */
export const HELD: ReviewStanding = { status: 'pending_ops_review', action: null, order: null };
/** It belongs to no order of the team's. */
export const REJECTED: ReviewStanding = { status: 'resolved', action: 'reject', order: null };

type Reviewed = Pick<LabMessageDocument, '_id' | 'team_id' | 'order_id' | 'unmatched_reason'>;

/**
 * Tells the team of a held report, in the transaction that holds it or lets it go; of a report that is nobody's, nobody
 * is told.
 */
export async function tellOfReview(
  store: Store,
  session: ClientSession,
  { _id, team_id, order_id, unmatched_reason }: Reviewed,
  { status, action, order }: ReviewStanding,
): Promise<void> {
  if (!team_id || !unmatched_reason) return;
  const first = `msg_review_${_id}_1`;
  const isKnown = await store.webhookMessages.exists({ _id: first }).session(session);
  const whose =
    order_id === null
      ? null
      : await collectionOf(store.orders).findOne(
          { _id: order_id, team_id },
          { session, projection: { user_id: 1, 'order.client_user_id': 1 } },
        );
  const data = {
    id: _id,
    status,
    decision_code: unmatched_reason,
    sub_reason_codes: [],
    resolution_action: action,
    resolved_user_id: order?.user_id ?? null,
    resolved_order_id: order?._id ?? null,
  };
  const message = webhookMessage({
    id: isKnown ? `msg_review_${_id}_${randomUUID()}` : first,
    type: isKnown ? 'labtest.match_review.updated' : 'labtest.match_review.created',
    team_id,
    content: { data, ...(whose && { user_id: whose.user_id, client_user_id: whose.order.client_user_id }) },
    order_id,
    event_number: null,
    at: new Date(),
  });
  await putInOutbox(store, session, message);
}
