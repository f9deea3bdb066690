/** Gives stored reports to their journeys. Several may run: a lease makes each report one dispatcher's at a time. */
import type { Logger } from 'pino';
import { createAlarm } from '../../notifications/webhooks/alarm.ts';
import type { Catalogue } from '../../store/catalogue.ts';
import type { LabMessageDocument, OrderDocument } from '../../store/documents.ts';
import { claimReport, digestOf, keepLateReport, markDelivered, markUndelivered } from '../../store/lab-inbox.ts';
import type { Store } from '../../store/store.ts';
import { watchInserts } from '../../store/watch-inserts.ts';
import type { Journeys } from '../journeys.ts';

const LEASE_MS = 30_000;
const POLL_MS = 1_000;
const AT_ONCE = 8;
const LONGEST_RETRY_MS = 60_000;

export interface ReportDispatcher {
  /** Finishes the reports in hand and stops. */
  stop(): Promise<void>;
}

/** Starts delivering, woken by every report that any process stores. */
export function startReportDispatcher(parts: {
  store: Store;
  catalogue: Catalogue;
  journeys: Journeys;
  logger: Logger;
}): ReportDispatcher {
  const { store, catalogue, journeys, logger } = parts;
  const alarm = createAlarm();
  const watch = watchInserts(store.labMessages, alarm.ring);
  let stopping = false;

  async function deliver(message: LabMessageDocument): Promise<void> {
    try {
      const order = await store.orders.findById(message.order_id).orFail().lean<OrderDocument>();
      const journeyIsOpen = await journeys.report(order, await digestOf(store, catalogue, message));
      if (journeyIsOpen) await markDelivered(store, message._id);
      else await keepLateReport(store, catalogue, message._id);
    } catch (error) {
      const retryInMs = Math.min(LONGEST_RETRY_MS, 250 * 2 ** message.attempts);
      logger.warn(
        { err: error, report_id: message._id, order_id: message.order_id, retryInMs },
        'report.delivery.failed',
      );
      await markUndelivered(store, message._id, String(error), retryInMs);
      alarm.ringIn(retryInMs);
    }
  }

  async function emptyInbox(): Promise<void> {
    for (let message = await claimReport(store, LEASE_MS); message; message = await claimReport(store, LEASE_MS)) {
      await deliver(message);
      if (stopping) return;
    }
  }

  const dispatching = (async () => {
    while (!stopping) {
      try {
        await Promise.all(Array.from({ length: AT_ONCE }, emptyInbox));
      } catch (error) {
        logger.error({ err: error }, 'report.inbox.unreachable');
      }
      await alarm.sleep(POLL_MS);
    }
  })();

  return {
    async stop() {
      stopping = true;
      alarm.ring();
      await watch.close();
      await dispatching;
      alarm.close();
    },
  };
}
