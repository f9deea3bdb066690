/** Tells journeys that their laboratory has rejected an order after all (F4). */
import type { Logger } from 'pino';
import type { Catalogue } from '../store/catalogue/catalogue.ts';
import type { OrderDocument } from '../store/collections/orders.ts';
import { claimRejection, hasReports, postponeRejection, settleRejection } from '../store/inbox/order-messages.ts';
import type { Store } from '../store/open.ts';
import { recordRefusedCancellation } from '../store/orders/refused-cancellation.ts';
import { watchCommits } from '../store/watch.ts';
import type { Journeys } from '../temporal/journeys.ts';
import { type InboxDispatcher, startInboxDispatcher } from './inbox.ts';

const rejectionsIn = (store: Store): object => ({
  'ns.coll': store.orderMessages.collection.name,
  operationType: 'update',
  'updateDescription.updatedFields.state': 'stored',
});

/** Starts; a rejection of an order that has reports, or has ended, is kept for a person. */
export function startRejectionDispatcher(parts: {
  store: Store;
  catalogue: Catalogue;
  journeys: Pick<Journeys, 'rejected'>;
  logger: Logger;
}): InboxDispatcher {
  const { store, catalogue, journeys, logger } = parts;
  return startInboxDispatcher(
    {
      name: 'rejection',
      watch: (wake) => watchCommits(store, [rejectionsIn(store)], wake),
      claim: (leaseMs) => claimRejection(store, leaseMs),
      async deliver({ _id, order_id, purpose, rejected_because }) {
        const words = rejected_because ?? '';
        const order = await store.orders.findById(order_id).orFail().lean<OrderDocument>();
        if (purpose === 'CA') await recordRefusedCancellation(store, catalogue, order_id, words);
        const isForJourney = purpose === 'NW' && !(await hasReports(store, order_id));
        const isTold = isForJourney && (await journeys.rejected(order, words));
        if (!isTold) logger.warn({ order_id, purpose }, 'rejection.kept');
        await settleRejection(store, _id, isTold ? 'delivered' : 'kept');
        return 'settled';
      },
      postpone: ({ _id }, error, retryInMs) => postponeRejection(store, _id, error, retryInMs),
      describe: ({ order_id }) => ({ order_id }),
    },
    logger,
  );
}
