/** Reports that no open journey takes in: a correction, a part of the combined result, or held for a person. */
import type { ClientSession } from 'mongoose';
import { isEnded, takesResults } from '../../domain/orders/transitions.ts';
import { partner } from '../../domain/principal.ts';
import type { Doubt, MatchDecision } from '../../domain/results/report-matching.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { collectionOf } from '../collections/define.ts';
import type { LabMessageDocument } from '../collections/inbox.ts';
import type { OrderDocument } from '../collections/orders.ts';
import type { Store } from '../open.ts';
import { criticalWebhook } from '../orders/order-webhooks.ts';
import { recordEvent } from '../orders/record-event.ts';
import { putInOutbox } from '../outbox/outbox.ts';
import { combinedResultIn } from '../results/combined-result.ts';
import { sayOtherwise, takenIn } from '../results/taken-in.ts';
import { orderOf } from './lab-inbox.ts';
import { HELD, tellOfReview } from './match-review.ts';
import { takeNewReading } from './readings/take-new-reading.ts';

/**
 * Keeps a report that no open journey takes in. A completed order's result is corrected by it if it says anything new
 * (F5); while a redraw is open it joins the combined result (D5); otherwise it is shown as unmatched. One that was kept or
 * taken in and then read anew is taken in as it is read now. Doing it again changes nothing.
 */
export async function keepLateReport(store: Store, catalogue: Catalogue, reportId: string): Promise<void> {
  const message = await store.labMessages.findById(reportId).lean<LabMessageDocument>();
  if (message?.state === 'applied' || message?.state === 'late') return takeNewReading(store, catalogue, reportId);
  if (!message || !['stored', 'delivered'].includes(message.state)) return;
  const order = await orderOf(store, message);
  switch (order.last_status) {
    case 'completed':
    case 'corrected':
      if (!(await saysAnythingNew(store, catalogue, order, message))) return setAside(store, reportId, null);
      await recordEvent(store, catalogue, {
        order_id: order._id,
        number: order.events.length + 1,
        status: 'corrected',
        status_detail: null,
        reason: null,
        report_id: reportId,
        filler_order_number: null,
        redraw_results: [],
        yields_to_reports: false,
        by: partner(message.lab_slug),
      });
      // Somebody else's event may hold that number; then this report has still to be kept.
      return keepLateReport(store, catalogue, reportId);
    case 'redraw_available':
      return joinCombinedResult(store, catalogue, order, reportId);
    default:
      return setAside(store, reportId, unmatchedBecause(order));
  }
}

function unmatchedBecause(order: OrderDocument): MatchDecision {
  if (order.last_status === 'cancelled') return 'match_cancelled';
  if (isEnded(order.last_status, order.collection_method)) return 'match_completed';
  return takesResults(order.collection_method, order.last_status) ? 'no_match' : 'wrong_collection';
}

/** Holds a report for which its order has no more room; no journey hears of it. */
export const holdExcess = (store: Store, reportId: string, excess: Doubt): Promise<void> =>
  setAside(store, reportId, 'match_sample_id', [excess]);

async function setAside(
  store: Store,
  reportId: string,
  reason: MatchDecision | null,
  doubts: Doubt[] = [],
): Promise<void> {
  await store.connection.transaction(async (session) => {
    const message = await markAside(store, session, reportId, reason, doubts);
    if (message && reason) await tellOfReview(store, session, { ...message, unmatched_reason: reason }, HELD);
  });
}

/** Keeps a report as late, and tells of the combined result when that becomes critical by it (E1). */
async function joinCombinedResult(
  store: Store,
  catalogue: Catalogue,
  order: OrderDocument,
  reportId: string,
): Promise<void> {
  const { transaction_id } = order;
  await store.connection.transaction(async (session) => {
    // Of two reports at once the second conflicts here, and begins again with what the first brought.
    await collectionOf(store.transactions).updateOne({ _id: transaction_id }, { $inc: { version: 1 } }, { session });
    const isCritical = async () => {
      const combined = await combinedResultIn(session, store, catalogue, transaction_id);
      return combined?.result.metadata.interpretation === 'critical';
    };
    const wasCritical = await isCritical();
    const message = await markAside(store, session, reportId, null);
    if (message && !wasCritical && (await isCritical())) {
      await putInOutbox(store, session, criticalWebhook(order, `critical_${reportId}`));
    }
  });
}

function markAside(
  store: Store,
  session: ClientSession,
  reportId: string,
  reason: MatchDecision | null,
  doubts: Doubt[] = [],
): Promise<LabMessageDocument | null> {
  return store.labMessages
    .findOneAndUpdate(
      { _id: reportId, state: { $in: ['stored', 'delivered'] as const } },
      {
        $set: { state: reason ? 'unmatched' : 'late', unmatched_reason: reason, ...(doubts.length > 0 && { doubts }) },
      },
      { session },
    )
    .lean<LabMessageDocument>()
    .exec();
}

async function saysAnythingNew(
  store: Store,
  catalogue: Catalogue,
  order: OrderDocument,
  message: LabMessageDocument,
): Promise<boolean> {
  const applied = await takenIn(store, order._id);
  // The first report on an order that was completed without any says why results are missing, if no more.
  if (applied.length === 0) return true;
  return sayOtherwise(catalogue, order, applied, [...applied, message]);
}
