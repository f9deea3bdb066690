/** `GET /v3/order/{id}/requisition/pdf?source=lab`: the requisition that the laboratory itself made of an order. */
import { readFile } from '../../store/inbox/lab-files.ts';
import { newestLabRequisition } from '../../store/inbox/lab-requisitions.ts';
import type { Store } from '../../store/open.ts';
import type { SentFile } from '../http/endpoint.ts';
import { ApiError } from '../http/errors.ts';
import { labFile } from '../http/lab-file.ts';

/** @throws ApiError `not_found` where the laboratory has sent none, or it is kept no more */
export async function labRequisitionOf(store: Store, orderId: string): Promise<SentFile> {
  const requisition = await newestLabRequisition(store, orderId);
  if (!requisition) throw new ApiError('not_found', `The laboratory has sent no requisition for order ${orderId}.`);
  const { hash: id, name, media_type } = requisition;
  const content = await readFile(store, id);
  if (!content) throw new ApiError('not_found', `The laboratory’s requisition for order ${orderId} is no longer kept.`);
  return labFile(content, { id, name, media_type });
}
