/** Tells journeys of reports that were read anew; an order that has ended takes them in without one (docs/decisions/0022). */
import type { Logger } from 'pino';
import type { Catalogue } from '../store/catalogue/catalogue.ts';
import { noteHeldTests } from '../store/inbox/held-tests.ts';
import { digestIn, noteUnknownCodes, orderOf } from '../store/inbox/lab-inbox.ts';
import { keepLateReport } from '../store/inbox/late-reports.ts';
import {
  claimReading,
  markReadingTold,
  markReadingUntold,
  reportReadAnew,
} from '../store/inbox/readings/owed-readings.ts';
import type { Store } from '../store/open.ts';
import { insertsInto, watchCommits } from '../store/watch.ts';
import type { Journeys } from '../temporal/journeys.ts';
import { type InboxDispatcher, startInboxDispatcher } from './inbox.ts';

/** Starts telling of them. One that is told twice changes nothing the second time. */
export function startReadingDispatcher(parts: {
  store: Store;
  catalogue: Catalogue;
  journeys: Pick<Journeys, 'report'>;
  logger: Logger;
}): InboxDispatcher {
  const { store, catalogue, journeys, logger } = parts;
  return startInboxDispatcher(
    {
      name: 'reading',
      watch: (wake) => watchCommits(store, [insertsInto(store.labReadings)], wake),
      claim: (leaseMs) => claimReading(store, leaseMs),
      async deliver(earlier, retryInMs) {
        const report = await reportReadAnew(store, earlier);
        // It may be on its way as it was read before; only then can it be told what it is.
        if (report.state === 'stored') {
          await markReadingUntold(store, earlier._id, 'The report waits for its journey', retryInMs);
          return 'waits';
        }
        // Nobody has any other.
        if (report.state === 'delivered' || report.state === 'applied' || report.state === 'late') {
          const order = await orderOf(store, report);
          const digest = digestIn(catalogue, order, report);
          await noteUnknownCodes(store, digest);
          await noteHeldTests(store, report, earlier);
          const journeyIsOpen = await journeys.report(order, digest, earlier.replaced_by);
          if (!journeyIsOpen) await keepLateReport(store, catalogue, report._id);
        }
        await markReadingTold(store, earlier._id);
        return 'settled';
      },
      postpone: ({ _id }, error, retryInMs) => markReadingUntold(store, _id, error, retryInMs),
      describe: ({ report_id, number }) => ({ report_id, reading: number + 1 }),
    },
    logger,
  );
}
