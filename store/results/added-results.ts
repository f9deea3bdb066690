/**
 * Results that a person adds to an order which ended without them: the laboratory went on with one that was canceled, or
 * reported after all on one that had failed. The order stays as it ended (docs/decisions/0016).
 */
import type { ClientSession } from 'mongoose';
import { isEnded } from '../../domain/orders/transitions.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { OrderDocument } from '../collections/orders.ts';
import type { Store } from '../open.ts';
import { criticalWebhook, orderWebhook } from '../orders/order-webhooks.ts';
import { readJourney, writeWithTransaction } from '../orders/write-order.ts';
import { takeResultIn } from './take-result-in.ts';

/** The endings after which reports are still taken in without a person (docs/decisions/0003). */
const TAKES_MORE: readonly OrderDocument['last_status'][] = ['completed', 'corrected', 'redraw_available'];

/** Whether an order has ended so that nothing takes a report in, unless a person decides it. */
export const isWithoutJourney = ({ last_status, collection_method }: OrderDocument) =>
  isEnded(last_status, collection_method) && !TAKES_MORE.includes(last_status);

/**
 * Makes a report the result of an ended order, or its next version, tells callers, and writes an audit entry.
 * @param session Of the transaction that gives the report to the order.
 * @param reading The number of the report's reading: each is added once.
 */
export async function addToEndedOrder(
  store: Store,
  session: ClientSession,
  catalogue: Catalogue,
  by: Principal,
  orderId: string,
  reportId: string,
  reading = 1,
): Promise<void> {
  const journey = await readJourney(store, orderId, session);
  const { order, siblings, transaction } = journey;
  await catalogue.know([order.order.lab_test_id]);
  const ending = order.events.at(-1);
  if (!ending) throw new Error(`Order ${orderId} has no events`);

  const next = { ...order, updated_at: new Date() };
  const becameCritical = await takeResultIn(store, session, catalogue, order, next, { ...ending, report_id: reportId });
  const which = reading === 1 ? reportId : `${reportId}_${reading}`;
  const kind = `result_added_${which}`;
  const entry = {
    _id: `${orderId}:${kind}`,
    team_id: order.team_id,
    order_id: orderId,
    by,
    action: 'order.result_added',
    detail: { report_id: reportId, result_version: next.result_version, status: ending.status },
    at: next.updated_at,
  };
  const told = orderWebhook(store, catalogue, 'labtest.order.updated', next, transaction, [next, ...siblings], kind);
  const webhooks = [told, ...(becameCritical ? [criticalWebhook(next, `critical_${which}`)] : [])];
  await writeWithTransaction(store, session, journey, next, { id: kind, webhooks, audit: [entry] });
}
