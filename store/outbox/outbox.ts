/** Events to be told, written in the transaction that makes them true (E3, E4). */
import type { ClientSession } from 'mongoose';
import type { WebhookEventType } from '../../domain/webhook-events.ts';
import type { WebhookMessageDocument } from '../collections/outbox.ts';
import { insert } from '../collections/write.ts';
import type { Store } from '../open.ts';

/** An event about to be told. */
export interface OutgoingEvent {
  /** The `svix-id`; made of what happened, so that writing it again is refused. */
  id: string;
  type: WebhookEventType;
  team_id: string;
  /** The rest of the envelope: `data`, and whose it is where it is somebody's. */
  content: { data: object; user_id?: string; client_user_id?: string };
  order_id: string | null;
  event_number: number | null;
  at: Date;
}

/** An event as the outbox holds it; its body is what will be sent, however much later that succeeds. */
export function webhookMessage({ id, type, team_id, content, order_id, event_number, at }: OutgoingEvent) {
  const message: WebhookMessageDocument = {
    _id: id,
    team_id,
    event_type: type,
    payload: JSON.stringify({ event_type: type, team_id, ...content }),
    order_id,
    event_number,
    fanned_out: false,
    created_at: at,
  };
  return message;
}

/**
 * Puts an event that does not come with a write of its order into the outbox, in the transaction that makes it true. What
 * an order's own write has to tell travels in its document (`outgoing.ts`).
 */
export async function putInOutbox(store: Store, session: ClientSession, message: WebhookMessageDocument) {
  await insert(store.webhookMessages, message, { session });
}
