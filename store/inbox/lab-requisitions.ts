/**
 * What laboratories send with their acknowledgments of orders: their own requisitions (eReq), kept before the acknowledgment
 * counts (G1, F4), and served beside ours.
 */
import type { ReportedDocument } from '../../domain/results/lab-report.ts';
import { collectionOf } from '../collections/define.ts';
import type { LabRequisitionDocument, OrderMessageDocument, SaidOfOrder } from '../collections/order-messages.ts';
import { insertOnce } from '../collections/write.ts';
import type { Store } from '../open.ts';
import { PDF } from '../results/lab-documents.ts';
import { keepFile } from './lab-files.ts';

/** What an acknowledgment carries. */
export interface Carried {
  documents: ReportedDocument[];
  /** Their contents, by hash. */
  contents: ReadonlyMap<string, Buffer>;
  /** Why something in it is no document: places and reasons, never a value. */
  problems: string[];
}

/** Which order message was acknowledged, how, and in which message. */
export interface Acknowledged
  extends Pick<OrderMessageDocument, 'order_id' | 'lab_slug' | 'purpose'>,
    Pick<SaidOfOrder, 'code'> {
  control_id: string;
  /** As `keepText` answered. */
  content_hash: string;
}

/** Keeps what an acknowledgment carries: the contents first, so that whatever has a record is there. The same again changes nothing. */
export async function keepRequisitions(
  store: Store,
  { order_id, lab_slug, purpose, code, control_id, content_hash }: Acknowledged,
  { documents, contents, problems }: Carried,
): Promise<void> {
  // With its order it is forgotten, too.
  await collectionOf(store.labMessageTexts).updateOne(
    { _id: content_hash },
    { $addToSet: { requisition_of: order_id } },
  );
  for (const [hash, content] of contents) await keepFile(store, hash, content);
  const ofOrder = { order_id, lab_slug, control_id, content_hash, received_at: new Date() };
  const because = notOfAnAcceptedOrder(purpose, code);
  for (const { hash, name, media_type, bytes } of documents) {
    const _id = `${order_id}:${hash}`;
    const about = { ...ofOrder, hash, name, media_type, bytes, unusable_because: because };
    const isNew = await insertOnce(store.labRequisitions, { _id, ...about });
    if (isNew || because !== null) continue;
    // It has come before, with an error or a rejection, and is a requisition now.
    const unusable = { _id, unusable_because: { $ne: null } };
    await collectionOf(store.labRequisitions).updateOne(unusable, { $set: about });
  }
  if (problems.length === 0) return;
  const unusable_because = problems.join('; ');
  const nothing = { ...ofOrder, hash: null, name: 'Requisition', media_type: null, bytes: 0, unusable_because };
  await insertOnce(store.labRequisitions, { _id: `${order_id}:${content_hash}`, ...nothing });
}

function notOfAnAcceptedOrder(purpose: Acknowledged['purpose'], code: Acknowledged['code']): string | null {
  if (purpose === 'CA') return 'it came with the answer to the cancellation';
  return code === 'AA' ? null : `it came with the answer ${code}`;
}

/** A requisition with a content. */
export type LabRequisition = LabRequisitionDocument & { hash: string; media_type: string };

/** The newest requisition of an order's laboratory, a PDF where there is any; null where there is none. */
export async function newestLabRequisition(store: Store, orderId: string): Promise<LabRequisition | null> {
  const all = await collectionOf(store.labRequisitions)
    .find({ order_id: orderId, hash: { $ne: null }, unusable_because: null })
    .sort({ received_at: -1 })
    .toArray();
  const usable = all.filter((each): each is LabRequisition => each.hash !== null && each.media_type !== null);
  return usable.find(({ media_type }) => media_type === PDF) ?? usable[0] ?? null;
}
