/** Tells journeys that their laboratory has rejected an order after all (F4). */
import type { Logger } from 'pino';
import type { Catalogue } from '../store/catalogue/catalogue.ts';
import type { OrderDocument } from '../store/collections/orders.ts';
import {
  claimRejection,
  hasReports,
  isRejected,
  postponeRejection,
  settleRejection,
} from '../store/inbox/order-messages.ts';
import type { Store } from '../store/open.ts';
import { recordRefusedCancellation } from '../store/orders/refused-cancellation.ts';
import { type Changes, watchCommits } from '../store/watch.ts';
import type { Journeys } from '../temporal/journeys.ts';
import { type InboxDispatcher, startInboxDispatcher } from './inbox.ts';

const rejectionsIn = (store: Store): Changes => ({
  'ns.coll': store.orderMessages.collection.name,
  operationType: 'update',
  'updateDescription.updatedFields.state': 'stored',
});

/** Starts; a rejection of an order that has reports, or has ended other than canceled, is kept for a person. */
export function startRejectionDispatcher(parts: {
  store: Store;
  catalogue: Catalogue;
  journeys: Pick<Journeys, 'rejected'>;
  logger: Logger;
}): InboxDispatcher {
  const { store, catalogue, journeys, logger } = parts;

  /** Whether the journey decides about it, or the order is canceled, as the laboratory wants it. */
  async function isOrderTold(order: OrderDocument, words: string): Promise<boolean> {
    if (!(await hasReports(store, order._id)) && (await journeys.rejected(order, words))) return true;
    return (await store.orders.exists({ _id: order._id, last_status: 'cancelled' })) !== null;
  }

  /** Whether the laboratory has rejected the order, too; else its cancellation says that it was refused. */
  async function isNothingToCancel({ order }: OrderDocument, words: string): Promise<boolean> {
    if (await isRejected(store, order)) return true;
    await recordRefusedCancellation(store, catalogue, order.id, words);
    return false;
  }

  return startInboxDispatcher(
    {
      name: 'rejection',
      watch: (wake) => watchCommits(store, [rejectionsIn(store)], wake),
      claim: (leaseMs) => claimRejection(store, leaseMs),
      async deliver({ _id, order_id, purpose, rejected_because }) {
        const words = rejected_because ?? '';
        const order = await store.orders.findById(order_id).orFail().lean<OrderDocument>();
        const isSettled = purpose === 'NW' ? isOrderTold : isNothingToCancel;
        const state = (await isSettled(order, words)) ? 'delivered' : 'kept';
        if (state === 'kept') logger.warn({ order_id, purpose }, 'rejection.kept');
        await settleRejection(store, _id, state);
        return 'settled';
      },
      postpone: ({ _id }, error, retryInMs) => postponeRejection(store, _id, error, retryInMs),
      describe: ({ order_id }) => ({ order_id }),
    },
    logger,
  );
}
