/** The inbox as an operator sees it (F5): what came, what became of it, and giving it to its journey once more. */
import type { ClientSession } from 'mongoose';
import type { Principal } from '../../domain/principal.ts';
import { mismatch } from '../../domain/results/report-matching.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { collectionOf } from '../collections/define.ts';
import type { LabMessageDocument, LabMessageTextDocument } from '../collections/inbox.ts';
import type { OrderDocument } from '../collections/orders.ts';
import type { Store } from '../open.ts';
import { recordAudit } from '../orders/audit.ts';
import { addToEndedOrder, isWithoutJourney } from '../results/added-results.ts';
import { excessOnOrder } from '../results/result-limit.ts';
import { cameAs } from './as-it-came.ts';
import { readFile } from './lab-files.ts';
import { REJECTED, tellOfReview } from './match-review.ts';

export const LAB_MESSAGE_STATES = [
  'stored',
  'delivered',
  'applied',
  'late',
  'repeated',
  'unmatched',
  'closed',
  'test',
] as const satisfies readonly LabMessageDocument['state'][];

/** The states in which a report has done its work, and why it is not given to its journey again. */
const KEPT: Partial<Record<LabMessageDocument['state'], string>> = {
  applied: 'was applied: the order has its results',
  late: 'is kept as late: its results are in the combined result, or were already known',
  repeated: 'repeats an earlier report on its order, which says the same',
  test: 'is a test message (MSH-11 is T or D), which is never a result; ask the laboratory to send it with P',
};

/** Why a report cannot be delivered again. */
export class CannotDeliver extends Error {
  override name = 'CannotDeliver';
}

/** Reports, newest first, without the messages that carried them. */
export async function listReports(
  store: Store,
  choice: {
    state?: LabMessageDocument['state'];
    lab_slug?: string;
    order_id?: string;
    unknown_codes?: { $exists: true };
    'report.remarks'?: { $exists: true };
    to_review?: { $exists: true };
  },
  limit: number,
): Promise<Omit<LabMessageDocument, 'raw' | 'report'>[]> {
  return collectionOf(store.labMessages)
    .find(choice)
    .project<Omit<LabMessageDocument, 'raw' | 'report'>>({ raw: 0, report: 0 })
    .sort({ received_at: -1 })
    .limit(limit)
    .toArray();
}

/** One report, or null. */
export async function findReport(store: Store, id: string): Promise<LabMessageDocument | null> {
  return collectionOf(store.labMessages).findOne({ _id: id });
}

/** The message that carried a report, as it came, which is bytes where they are not UTF-8; null when it is kept no more. */
export async function messageTextOf(
  store: Store,
  { raw, content_hash }: Pick<LabMessageDocument, 'raw' | 'content_hash'>,
): Promise<string | Buffer | null> {
  return raw ?? textIn(store, await collectionOf(store.labMessageTexts).findOne({ _id: content_hash }));
}

async function textIn(store: Store, kept: LabMessageTextDocument | null): Promise<string | Buffer | null> {
  if (kept === null) return null;
  const { _id, raw } = kept;
  return raw === null ? readFile(store, _id) : cameAs({ raw });
}

/** Messages of which nothing could be taken in, newest first, without their texts. */
export async function listRefusedMessages(
  store: Store,
  choice: { lab_slug?: string },
  limit: number,
): Promise<Omit<LabMessageTextDocument, 'raw'>[]> {
  return collectionOf(store.labMessageTexts)
    .find({ ...choice, refused: { $gt: '' } })
    .project<Omit<LabMessageTextDocument, 'raw'>>({ raw: 0 })
    .sort({ received_at: -1 })
    .limit(limit)
    .toArray();
}

/** A refused message as it came; null when there is no such message. @param id As `listRefusedMessages` has it. */
export async function refusedMessageText(store: Store, id: string): Promise<string | Buffer | null> {
  return textIn(store, await collectionOf(store.labMessageTexts).findOne({ _id: id, refused: { $gt: '' } }));
}

/** What became of a report that was delivered again: it is in line for its journey, or a result of its ended order. */
export type DeliveredAgain = 'in_line' | 'added_to_ended_order';

/**
 * Puts a report back in line for its journey, which drops what it has seen already; where the order has ended without
 * results, as one that was canceled, the report is made its result at once. What made it doubtful is approved thereby:
 * whom it names is remembered for the order, and one that says it is of the future counts as of its receipt.
 * @param by who decided it
 * @param orderId the order it belongs to, where it was matched to none or to the wrong one
 * @throws CannotDeliver when it is applied or kept as late already, or no order is known for it
 */
export async function deliverAgain(
  store: Store,
  catalogue: Catalogue,
  by: Principal,
  id: string,
  orderId?: string,
): Promise<DeliveredAgain> {
  let became: DeliveredAgain = 'in_line';
  await store.connection.transaction(async (session) => {
    const { report, order } = await deliverable(store, session, id, orderId);
    const doubts = mismatch(report.report, order.order, report.received_at, order.approved_patients)?.doubts ?? [];
    const isOfTheFuture = doubts.includes('reported_in_the_future');
    await collectionOf(store.labMessages).updateOne(
      { _id: id },
      {
        $set: {
          state: 'stored',
          order_id: order._id,
          team_id: order.team_id,
          unmatched_reason: null,
          // Later reports are to win over it.
          ...(isOfTheFuture && { 'report.reported_at': report.received_at.toISOString() }),
          lease_until: new Date(0),
          attempts: 0,
          last_error: null,
        },
        $unset: { closed_because: '' },
      },
      { session },
    );
    if (isWithoutJourney(order)) {
      await addToEndedOrder(store, session, catalogue, by, order._id, id);
      became = 'added_to_ended_order';
    } else {
      became = 'in_line';
    }
    if (doubts.some((doubt) => doubt !== 'reported_in_the_future')) {
      const { patient } = report.report;
      await collectionOf(store.orders).updateOne(
        { _id: order._id },
        { $addToSet: { approved_patients: patient } },
        { session },
      );
    }
    const isTheirs = report.team_id === order.team_id;
    await tellOfReview(store, session, report, isTheirs ? { status: 'resolved', action: 'accept', order } : REJECTED);
    const detail = {
      report_id: id,
      was: report.state,
      unmatched_reason: report.unmatched_reason,
      approved_despite: doubts,
      ...(isOfTheFuture && { reported_at: report.report.reported_at }),
    };
    const { team_id, _id: order_id } = order;
    await recordAudit(store, { by, action: 'report.delivered_again', team_id, order_id, detail }, session);
  });
  return became;
}

/** A report that can be delivered, and the order it goes to. @throws CannotDeliver when it cannot */
async function deliverable(
  store: Store,
  session: ClientSession,
  id: string,
  orderId: string | undefined,
): Promise<{ report: LabMessageDocument; order: OrderDocument }> {
  const report = await collectionOf(store.labMessages).findOne({ _id: id }, { session });
  if (!report) throw new CannotDeliver(`There is no report ${id}`);
  const kept = KEPT[report.state];
  if (kept) throw new CannotDeliver(`Report ${id} ${kept}`);
  const wanted = orderId ?? report.order_id;
  if (!wanted) throw new CannotDeliver(`Report ${id} matched no order; name the order it belongs to`);
  const order = await collectionOf(store.orders).findOne({ _id: wanted }, { session });
  if (!order) throw new CannotDeliver(`There is no order ${wanted}`);
  if (order.lab_slug !== report.lab_slug) {
    throw new CannotDeliver(`Order ${wanted} went to ${order.lab_slug}, but the report comes from ${report.lab_slug}`);
  }
  const excess = await excessOnOrder(store, { ...report, order_id: order._id }, session);
  if (excess === 'too_many_for_its_order') {
    throw new CannotDeliver(
      `Order ${wanted} has as many reports as an order can have, so report ${id} cannot be added. Read it with: npm run admin -- inbox show ${id}`,
    );
  }
  if (excess) {
    throw new CannotDeliver(
      `Report ${id} is, with the other reports on order ${wanted}, more than one result can hold. Ask the laboratory for a shorter one, and close it.`,
    );
  }
  return { report, order };
}

/**
 * Closes a report that belongs to no order, so that it waits for nobody any more. It stays as it came, and can be given
 * to an order all the same.
 * @param reason what a person found, for whoever asks later
 * @throws CannotDeliver when it is not unmatched
 */
export async function closeReport(store: Store, by: Principal, id: string, reason: string): Promise<void> {
  await store.connection.transaction(async (session) => {
    const report = await collectionOf(store.labMessages).findOneAndUpdate(
      { _id: id, state: 'unmatched' },
      { $set: { state: 'closed', closed_because: reason } },
      { session },
    );
    if (!report) {
      const state = (await findReport(store, id))?.state;
      throw new CannotDeliver(
        state ? `Report ${id} is ${state}; only an unmatched one can be closed` : `There is no report ${id}`,
      );
    }
    await tellOfReview(store, session, report, REJECTED);
    const { team_id, order_id, unmatched_reason } = report;
    const detail = { report_id: id, unmatched_reason, reason };
    await recordAudit(store, { by, action: 'report.closed', team_id, order_id, detail }, session);
  });
}
