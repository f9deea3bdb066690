/** Gives stored reports to their journeys (F5). */
import type { Logger } from 'pino';
import type { Catalogue } from '../store/catalogue/catalogue.ts';
import type { OrderDocument } from '../store/collections/orders.ts';
import { noteHeldTests } from '../store/inbox/held-tests.ts';
import { claimReport, digestOf, markDelivered, markUndelivered, noteUnknownCodes } from '../store/inbox/lab-inbox.ts';
import { holdExcess, keepLateReport } from '../store/inbox/late-reports.ts';
import { noteRepetition } from '../store/inbox/note-repetition.ts';
import type { Store } from '../store/open.ts';
import { excessOnOrder } from '../store/results/result-limit.ts';
import { insertsInto, watchCommits } from '../store/watch.ts';
import type { Journeys } from '../temporal/journeys.ts';
import { type InboxDispatcher, startInboxDispatcher } from './inbox.ts';

/** Starts delivering reports; one whose journey is over corrects its order or is kept. */
export function startReportDispatcher(parts: {
  store: Store;
  catalogue: Catalogue;
  journeys: Journeys;
  logger: Logger;
}): InboxDispatcher {
  const { store, catalogue, journeys, logger } = parts;
  return startInboxDispatcher(
    {
      name: 'report',
      watch: (wake) => watchCommits(store, [insertsInto(store.labMessages)], wake),
      claim: (leaseMs) => claimReport(store, leaseMs),
      async deliver(message) {
        const excess = await excessOnOrder(store, message);
        if (excess) {
          logger.warn({ report_id: message._id, order_id: message.order_id }, `report.${excess}`);
          await holdExcess(store, message._id, excess);
          return 'settled';
        }
        const order = await store.orders.findById(message.order_id).orFail().lean<OrderDocument>();
        if (await noteRepetition(store, catalogue, order, message)) return 'settled';
        await noteHeldTests(store, message);
        const digest = await digestOf(store, catalogue, message);
        await noteUnknownCodes(store, digest);
        const journeyIsOpen = await journeys.report(order, digest);
        if (journeyIsOpen) await markDelivered(store, message);
        else await keepLateReport(store, catalogue, message._id);
        return 'settled';
      },
      postpone: (message, error, retryInMs) => markUndelivered(store, message._id, error, retryInMs),
      describe: ({ _id, order_id }) => ({ report_id: _id, order_id }),
    },
    logger,
  );
}
