/** The reports that an order has taken in: what they say of its progress, and whether they say anything new. */
import type { ClientSession } from 'mongoose';
import { advance, noProgress, type ReportProgress } from '../../domain/results/report-progress.ts';
import { foldReports } from '../../domain/results/result-fold.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { collectionOf } from '../collections/define.ts';
import type { LabMessageDocument } from '../collections/inbox.ts';
import type { OrderDocument } from '../collections/orders.ts';
import { digestIn } from '../inbox/lab-inbox.ts';
import { asTaken } from '../inbox/readings/numbered.ts';
import type { Store } from '../open.ts';
import { reportedOrder } from './take-result-in.ts';

/** The reports that an order has taken in, in the order in which it did. */
export function takenIn(store: Store, order_id: string, session?: ClientSession): Promise<LabMessageDocument[]> {
  return collectionOf(store.labMessages)
    .find({ order_id, state: 'applied' }, { projection: { raw: 0 }, ...(session && { session }) })
    .sort({ event_number: 1, received_at: 1 })
    .toArray();
}

/** How far the laboratory has come with an order, as its reports are read now; and whether they say anything new thereby. */
export interface CurrentProgress {
  progress: ReportProgress;
  says_anything_new: boolean;
}

/** Works that out of everything that an order has taken in. @throws Error when there is no such order */
export async function currentProgress(store: Store, catalogue: Catalogue, orderId: string): Promise<CurrentProgress> {
  const order = await store.orders.findById(orderId).orFail().lean<OrderDocument>();
  const reports = await takenIn(store, orderId);
  let progress = noProgress();
  for (const report of reports) progress = advance(progress, digestIn(catalogue, order, report));
  const before = await asTaken(store, reports);
  return { progress, says_anything_new: sayOtherwise(catalogue, order, before, reports) };
}

/** Whether an order's result is another one with these reports: its values, or which are missing. */
export function sayOtherwise(
  catalogue: Catalogue,
  order: OrderDocument,
  before: readonly LabMessageDocument[],
  after: readonly LabMessageDocument[],
): boolean {
  const valuesWith = (messages: readonly LabMessageDocument[]) => {
    const result = foldReports([reportedOrder(catalogue, order, messages)]);
    return JSON.stringify([result?.results, result?.missing_results.map((missing) => missing.slug)]);
  };
  return valuesWith(before) !== valuesWith(after);
}
