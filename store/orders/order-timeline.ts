/** Everything that happened to an order and its redraw, from every side, in the order of time. */
import type { Principal } from '../../domain/principal.ts';
import { collectionOf } from '../collections/define.ts';
import type { OrderDocument } from '../collections/orders.ts';
import { messagesOf } from '../messages/message-log.ts';
import type { Store } from '../open.ts';
import { moveAllOutgoing } from '../outbox/outgoing.ts';

/** One thing that happened. */
export interface TimelineEntry {
  at: Date;
  /** Whose it is: `initial`, `redraw`, `recreation`. */
  order: OrderDocument['origin'];
  /** In the words of the code, such as `order.completed` or `webhook.labtest.order.updated`. */
  what: string;
  detail: string | null;
  /** Who did it, where that is known (G4). */
  by: Principal | null;
}

/** The timeline of an order transaction, oldest first. */
export async function timelineOf(store: Store, transactionId: string): Promise<TimelineEntry[]> {
  const orders = await store.orders.find({ transaction_id: transactionId }).lean<OrderDocument[]>();
  const orderIds = orders.map(({ _id }) => _id);
  await moveAllOutgoing(store, { orders: orderIds });
  const ids = { order_id: { $in: orderIds } };
  const [audit, reports, requisitions, webhooks, messages] = await Promise.all([
    collectionOf(store.audit).find(ids).toArray(),
    collectionOf(store.labMessages).find(ids).project({ raw: 0, report: 0 }).toArray(),
    collectionOf(store.labRequisitions).find(ids).toArray(),
    webhooksOf(store, ids),
    messagesOf(store, ids, Number.POSITIVE_INFINITY),
  ]);
  const originOf = new Map(orders.map(({ _id, origin }) => [_id, origin]));
  const entries = [
    ...eventsOf(orders, new Set(audit.map(({ _id }) => _id))),
    ...audit.map(({ order_id, action, detail, by, at }) => ({
      order_id,
      at,
      what: action,
      detail: inWords(detail),
      by,
    })),
    ...reports.map(({ order_id, received_at, state, unmatched_reason, lab_slug, control_id }) => ({
      order_id,
      at: received_at,
      what: 'report.received',
      detail: [`${lab_slug} ${control_id}:`, state, unmatched_reason].filter(Boolean).join(' '),
      by: { kind: 'partner', id: lab_slug } as Principal,
    })),
    ...requisitions.map(({ order_id, received_at, lab_slug, media_type, bytes, unusable_because }) => ({
      order_id,
      at: received_at,
      what: unusable_because === null ? 'lab_requisition.received' : 'lab_requisition.unusable',
      detail: [media_type && `${media_type}, ${bytes} bytes`, unusable_because].filter(Boolean).join('; '),
      by: { kind: 'partner', id: lab_slug } as Principal,
    })),
    ...webhooks,
    ...messages.map(({ order_id, at, way, kind, held_because }) => ({
      order_id,
      at,
      what: `${way}.${kind}`,
      detail: held_because ? `held back: ${held_because}` : 'sent',
      by: null,
    })),
  ];
  return entries
    .map(({ order_id, ...entry }) => ({ ...entry, order: originOf.get(order_id) as OrderDocument['origin'] }))
    .sort((one, other) => one.at.getTime() - other.at.getTime());
}

/** Events from before transitions were audited. */
function eventsOf(orders: readonly OrderDocument[], audited: ReadonlySet<string>) {
  return orders.flatMap(({ _id, events }) =>
    events
      .filter(({ number }) => !audited.has(`${_id}:${number}`))
      .map(({ status, status_detail, reason, created_at }) => ({
        order_id: _id,
        at: new Date(created_at),
        what: `order.${status}`,
        detail: inWords({ status_detail, reason }),
        by: null,
      })),
  );
}

async function webhooksOf(store: Store, ids: { order_id: { $in: string[] } }) {
  const told = await collectionOf(store.webhookMessages).find(ids).project({ payload: 0 }).toArray();
  const deliveries = await collectionOf(store.webhookDeliveries)
    .find({ message_id: { $in: told.map(({ _id }) => _id) } })
    .toArray();
  return told.map(({ _id, order_id, event_type, created_at }) => {
    const states = deliveries.filter(({ message_id }) => message_id === _id).map(({ state }) => state);
    const counts = [...new Set(states)].map((state) => `${states.filter((each) => each === state).length} ${state}`);
    return {
      order_id: order_id as string,
      at: created_at,
      what: `webhook.${event_type}`,
      detail: counts.join(', ') || 'no endpoint receives it',
      by: null,
    };
  });
}

function inWords(detail: Record<string, unknown>): string | null {
  const words = Object.entries(detail)
    .filter(([name, value]) => value !== null && value !== undefined && name !== 'event_number')
    .map(
      ([name, value]) => `${name.replaceAll('_', ' ')}: ${typeof value === 'object' ? JSON.stringify(value) : value}`,
    );
  return words.join('; ') || null;
}
