/** From an order's reports to the next version of its result (A7, F5). */
import type { ClientSession } from 'mongoose';
import { resultId } from '../../domain/ids.ts';
import type { OrderEvent } from '../../domain/orders/order.ts';
import { isEnded } from '../../domain/orders/transitions.ts';
import { foldReports, type ReportedOrder } from '../../domain/results/result-fold.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { collectionOf } from '../collections/define.ts';
import type { LabMessageDocument } from '../collections/inbox.ts';
import type { OrderDocument } from '../collections/orders.ts';
import { insert } from '../collections/write.ts';
import type { Store } from '../open.ts';
import { searchTerms } from '../orders/lists/search-terms.ts';

/**
 * Makes the next version of an order's result, if an event brings one.
 * @param next The order as it is about to be written: what the result says of it is noted there.
 * @returns Whether the order's result has just become critical.
 */
export async function takeResultIn(
  store: Store,
  session: ClientSession,
  catalogue: Catalogue,
  order: OrderDocument,
  next: OrderDocument,
  event: OrderEvent,
): Promise<boolean> {
  if (!event.report_id && !isEnded(event.status, order.collection_method)) return false;
  if (event.report_id) {
    // A report that was read anew keeps its place among the others.
    const number = { $cond: [{ $eq: ['$state', 'applied'] }, '$event_number', event.number] };
    await collectionOf(store.labMessages).updateOne(
      { _id: event.report_id },
      [{ $set: { state: 'applied', event_number: number, lease_until: new Date(0) } }],
      { session },
    );
  }
  await collectionOf(store.labMessages).updateMany(
    { order_id: order._id, state: 'applied', reading: { $gt: 1 } },
    [{ $set: { taken_reading: '$reading' } }],
    { session },
  );
  const messages = await store.labMessages
    .find({ order_id: order._id, state: 'applied' })
    .sort({ event_number: 1, received_at: 1 })
    .session(session)
    .lean<LabMessageDocument[]>();
  const result = foldReports([reportedOrder(catalogue, next, messages)]);
  if (!result) return false;

  next.result_version = order.result_version + 1;
  next.interpretation = result.metadata.interpretation;
  next.has_missing_results = result.missing_results.length > 0;
  next.sample_id = messages.at(-1)?.report.specimen_number ?? order.sample_id;
  next.search_terms = searchTerms(next);
  await insert(
    store.results,
    {
      _id: resultId(order._id, next.result_version),
      order_id: order._id,
      transaction_id: order.transaction_id,
      version: next.result_version,
      event_number: event.number,
      result,
      created_at: next.updated_at,
    },
    { session },
  );
  return result.metadata.interpretation === 'critical' && order.interpretation !== 'critical';
}

/**
 * An order with its reports, as the fold of results reads them: once it has ended, what has not come is missing, and where
 * it was completed without any report, that is everything (F1).
 */
export function reportedOrder(
  catalogue: Catalogue,
  { order, last_status, events }: OrderDocument,
  messages: readonly LabMessageDocument[],
): ReportedOrder {
  const laboratory = catalogue.laboratories.get(order.lab_id);
  if (!laboratory) throw new Error(`Laboratory ${order.lab_id} is not in the catalog`);
  const markers = order.markers.flatMap(({ marker_id }) => catalogue.markers.get(marker_id) ?? []);
  const reports = messages.map((message) => message.report);
  const noMoreExpected = isEnded(last_status, order.collection_method);
  const completed_at = events.find(({ status }) => status === 'completed')?.created_at ?? null;
  return { order, laboratory, markers, reports, noMoreExpected, completed_at };
}
