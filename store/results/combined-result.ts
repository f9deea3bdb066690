/** The combined result of an order transaction (D9, D10). */
import type { ClientSession } from 'mongoose';
import { isCorrection } from '../../domain/results/lab-report.ts';
import { foldReports } from '../../domain/results/result-fold.ts';
import type { OrderResult } from '../../domain/results/results.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { LabMessageDocument } from '../collections/inbox.ts';
import type { OrderDocument, OrderTransactionDocument } from '../collections/orders.ts';
import { readingOf } from '../inbox/readings/numbered.ts';
import type { Store } from '../open.ts';
import { reportedOrder } from './take-result-in.ts';

/** What the orders of a transaction have brought together. */
export interface CombinedResult {
  result: OrderResult;
  /** It replaces what was reported before: a report corrects another, or came after the end and said something new. */
  corrected: boolean;
  /** Changes whenever the result does; part of the id of the issued PDF. */
  revision: string;
  /** The transaction's orders as they were then, oldest first. */
  orders: OrderDocument[];
}

/**
 * Combines everything that the laboratory reported in a transaction, late reports included (D5), as it was at one moment.
 * @returns null while there is no result to combine, or when there is no such transaction.
 */
export async function combinedResult(
  store: Store,
  catalogue: Catalogue,
  transactionId: string,
): Promise<CombinedResult | null> {
  let combined: CombinedResult | null = null;
  // A transaction, as a snapshot session may read what was so a moment before: whoever has been told reads what was told.
  await store.connection.transaction(async (session) => {
    combined = await combinedResultIn(session, store, catalogue, transactionId);
  });
  return combined;
}

/** The same, of what this database transaction sees. @param instead Reports that are to be taken in place of those held. */
export async function combinedResultIn(
  session: ClientSession,
  store: Store,
  catalogue: Catalogue,
  transactionId: string,
  instead: readonly LabMessageDocument[] = [],
): Promise<CombinedResult | null> {
  const transaction = await store.transactions
    .findById(transactionId)
    .session(session)
    .lean<OrderTransactionDocument>();
  if (!transaction) return null;
  const orders = await store.orders
    .find({ transaction_id: transactionId })
    .sort({ created_at: 1 })
    .session(session)
    .lean<OrderDocument[]>();
  const messages = await store.labMessages
    .find({ order_id: { $in: orders.map((order) => order._id) }, state: { $in: ['applied', 'late'] as const } })
    .sort({ received_at: 1 })
    .session(session)
    .lean<LabMessageDocument[]>();
  const reported = orders.map((order) =>
    reportedOrder(
      catalogue,
      order,
      messages
        .filter((message) => message.order_id === order._id)
        .map((message) => instead.find(({ _id }) => _id === message._id) ?? message),
    ),
  );
  const result = foldReports(reported);
  const corrected =
    messages.some(({ report, corrects }) => corrects || isCorrection(report)) ||
    orders.some(({ last_status }) => last_status === 'corrected');
  const readAgain = messages.reduce((times, message) => times + readingOf(message) - 1, 0);
  const revision = `${messages.length}${readAgain > 0 ? `.${readAgain}` : ''}-${transaction.status}`;
  return result && { result, corrected, revision, orders };
}
