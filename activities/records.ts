/** What a journey writes down and looks up. */
import { ApplicationFailure } from '@temporalio/common';
import { failedChecks } from '../domain/checks.ts';
import { isEnded } from '../domain/transitions.ts';
import { keepLateReport } from '../store/lab-inbox.ts';
import { orderFacts } from '../store/order-facts.ts';
import { keepEarlierVisitEvent } from '../store/phlebotomy-inbox.ts';
import { recordAppointment } from '../store/record-appointment.ts';
import { ensureOpen, recordEvent } from '../store/record-event.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { Activities } from './types.ts';

export function recordActivities({
  store,
  catalogue,
}: ActivityDependencies): Pick<
  Activities,
  | 'openOrder'
  | 'recordEvent'
  | 'recordAppointment'
  | 'endOfRedraw'
  | 'checkOrder'
  | 'keepLateReports'
  | 'keepVisitEvent'
> {
  return {
    openOrder: (order) => ensureOpen(store, catalogue, order),
    recordEvent: (proposed) => recordEvent(store, catalogue, proposed),
    recordAppointment: (proposed) => recordAppointment(store, catalogue, proposed),
    keepVisitEvent: ({ event_id, because }) => keepEarlierVisitEvent(store, event_id, because),
    async endOfRedraw(orderId) {
      const {
        last_status: status,
        collection_method,
        transaction_id,
      } = await store.orders.findById(orderId).orFail().lean();
      if (!isEnded(status, collection_method)) {
        throw ApplicationFailure.create({ type: 'RedrawIsOpen', message: `Redraw ${orderId} is ${status}` });
      }
      const { status: transaction_status } = await store.transactions.findById(transaction_id).orFail().lean();
      return { status, transaction_status };
    },
    async checkOrder(orderId) {
      const { order } = await store.orders.findById(orderId).orFail().lean();
      return failedChecks(await orderFacts(store, catalogue, order, new Date()));
    },
    async keepLateReports(reportIds) {
      for (const id of reportIds) await keepLateReport(store, catalogue, id);
    },
  };
}
