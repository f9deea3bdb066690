/** What a journey writes down and looks up. */
import { ApplicationFailure } from '@temporalio/common';
import { failedChecks } from '../domain/orders/checks.ts';
import type { Order } from '../domain/orders/order.ts';
import { isEnded } from '../domain/orders/transitions.ts';
import { recordAppointment } from '../store/appointments/record-appointment.ts';
import { keepLateReport } from '../store/inbox/late-reports.ts';
import { keepRejections } from '../store/inbox/order-messages.ts';
import { keepEarlierVisitEvent } from '../store/inbox/phlebotomy-inbox.ts';
import { ensureOpen } from '../store/orders/open-order.ts';
import { orderFacts } from '../store/orders/order-facts.ts';
import { recordEvent } from '../store/orders/record-event.ts';
import { currentProgress } from '../store/results/taken-in.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { Activities } from './types.ts';

export function recordActivities({
  store,
  catalogue,
}: ActivityDependencies): Pick<
  Activities,
  | 'openOrder'
  | 'openAndCheckOrder'
  | 'recordEvent'
  | 'recordAppointment'
  | 'endOfRedraw'
  | 'checkOrder'
  | 'keepLateReports'
  | 'keepRejection'
  | 'currentProgress'
  | 'keepVisitEvent'
> {
  const reasonsAgainst = async (order: Order) => failedChecks(await orderFacts(store, catalogue, order, new Date()));

  return {
    openOrder: (order) => ensureOpen(store, catalogue, order),
    async openAndCheckOrder(order) {
      const opened = await ensureOpen(store, catalogue, order);
      return { opened, reasons: await reasonsAgainst(order) };
    },
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
      return reasonsAgainst(order);
    },
    async keepRejection(orderId) {
      const { order } = await store.orders.findById(orderId).orFail().lean();
      await keepRejections(store, order);
    },
    currentProgress: (orderId) => currentProgress(store, catalogue, orderId),
    async keepLateReports(reportIds) {
      for (const id of reportIds) await keepLateReport(store, catalogue, id);
    },
  };
}
