/** Webhook deliveries as an operator sees them: what was given up, and sending it again (E4). */
import { collectionOf } from '../collections/define.ts';
import type { WebhookDeliveryDocument } from '../collections/outbox.ts';
import type { Store } from '../open.ts';
import { NO_LEASE } from './webhooks.ts';

/** Which deliveries an operator means. */
export interface DeliveryChoice {
  ids?: readonly string[];
  team_id?: string;
  endpoint_id?: string;
}

function chosen({ ids, team_id, endpoint_id }: DeliveryChoice) {
  return { ...(ids && { _id: { $in: [...ids] } }), ...(team_id && { team_id }), ...(endpoint_id && { endpoint_id }) };
}

/** Deliveries in one state, newest first. */
export async function listDeliveries(
  store: Store,
  state: WebhookDeliveryDocument['state'],
  choice: DeliveryChoice,
  limit: number,
): Promise<WebhookDeliveryDocument[]> {
  return collectionOf(store.webhookDeliveries)
    .find({ state, ...chosen(choice) })
    .sort({ created_at: -1 })
    .limit(limit)
    .toArray();
}

/** Sends exhausted deliveries again, from the beginning of the schedule. Answers how many there were. */
export async function replayExhausted(store: Store, choice: DeliveryChoice): Promise<number> {
  const { modifiedCount } = await collectionOf(store.webhookDeliveries).updateMany(
    { state: 'exhausted', ...chosen(choice) },
    { $set: { state: 'pending', attempts: [], next_attempt_at: new Date(), lease_until: NO_LEASE } },
  );
  return modifiedCount;
}
