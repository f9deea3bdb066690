/** `/v3/order/{id}/result`: readable from the moment a report was processed (A7). */
import type { ResultDocument } from '../../store/collections/orders.ts';
import type { Store } from '../../store/open.ts';
import { transactionsOf } from '../../store/orders/read-orders.ts';
import { contentOf, type LabDocument, labDocuments, newestLabPdf } from '../../store/results/lab-documents.ts';
import { clientFacingResult } from '../../wire/client-facing-result.ts';
import { defineEndpoint, file, pdf } from '../http/endpoint.ts';
import { ApiError } from '../http/errors.ts';
import { labFile } from '../http/lab-file.ts';
import { orderOf } from '../orders/endpoints.ts';
import { orderPath } from '../orders/schemas.ts';
import { labDocumentList, labDocumentPath, labResultsMetadata, labResultsRaw, resultPdfQuery } from './schemas.ts';

const tag = 'Results';

/** The newest version of an order's result (F5). */
async function newestResult(store: Store, orderId: string): Promise<ResultDocument> {
  const newest = await store.results.findOne({ order_id: orderId }).sort({ version: -1 }).lean<ResultDocument>();
  if (!newest) throw new ApiError('not_found', `Order ${orderId} has no results yet.`);
  return newest;
}

/** @throws ApiError `not_found` where the content is kept no more */
async function contentOrNone(store: Store, document: LabDocument): Promise<Buffer> {
  const content = await contentOf(store, document);
  if (!content) throw new ApiError('not_found', `Document ${document.id} is no longer kept.`);
  return content;
}

/** Endpoints of an order's results. */
export const resultEndpoints = [
  defineEndpoint({
    method: 'get',
    path: '/v3/order/:order_id/result',
    operationId: 'getResult',
    tag,
    summary: 'Get the results of an order, including partial results',
    request: { params: orderPath },
    response: labResultsRaw,
    errors: ['not_found'],
    async handler({ deps, team, params }) {
      const { store } = deps;
      const order = await orderOf(deps, team._id, params.order_id);
      const [{ result }, transactions] = await Promise.all([
        newestResult(store, order._id),
        transactionsOf(store, [order]),
      ]);
      const order_transaction = transactions.get(order.transaction_id);
      if (!order_transaction) throw new Error(`Order ${order._id} has no transaction.`);
      return { ...clientFacingResult(result), order_transaction };
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/order/:order_id/result/metadata',
    operationId: 'getResultMetadata',
    tag,
    summary: 'Get the metadata of an order’s results: patient, lab, and status',
    request: { params: orderPath },
    response: labResultsMetadata,
    errors: ['not_found'],
    async handler({ deps, team, params }) {
      const { store } = deps;
      const order = await orderOf(deps, team._id, params.order_id);
      return (await newestResult(store, order._id)).result.metadata;
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/order/:order_id/result/pdf',
    operationId: 'getResultPdf',
    tag,
    summary: 'Get the results of an order as a PDF',
    description:
      'With `source=lab`, the newest PDF that the laboratory sent with its reports, as it was sent; the documents of an order are listed by `/v3/order/{order_id}/result/documents`.',
    request: { params: orderPath, query: resultPdfQuery },
    response: pdf,
    errors: ['not_found'],
    async handler({ deps, team, params, query }) {
      const order = await orderOf(deps, team._id, params.order_id);
      if (query.source === 'lab') {
        const document = await newestLabPdf(deps.store, order._id);
        if (!document) throw new ApiError('not_found', `The laboratory has sent no PDF for order ${order._id}.`);
        return contentOrNone(deps.store, document);
      }
      const report = await deps.documents.result(order._id);
      if (!report) throw new ApiError('not_found', `Order ${order._id} has no results yet.`);
      return report;
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/order/:order_id/result/documents',
    operationId: 'listResultDocuments',
    tag,
    summary: 'List the documents that the laboratory sent with its results',
    request: { params: orderPath },
    response: labDocumentList,
    errors: ['not_found'],
    async handler({ deps, team, params }) {
      const order = await orderOf(deps, team._id, params.order_id);
      const documents = await labDocuments(deps.store, order._id);
      return {
        documents: documents.map(({ media_type, received_at, ...document }) => ({
          ...document,
          content_type: media_type,
          received_at: received_at.toISOString(),
        })),
      };
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/order/:order_id/result/documents/:document_id',
    operationId: 'getResultDocument',
    tag,
    summary: 'Get one of the laboratory’s documents, as it was sent',
    description: 'Browsers show a PDF; everything else is a download.',
    request: { params: labDocumentPath },
    response: file,
    errors: ['not_found'],
    async handler({ deps, team, params }) {
      const order = await orderOf(deps, team._id, params.order_id);
      const documents = await labDocuments(deps.store, order._id);
      const document = documents.find(({ id }) => id === params.document_id);
      if (!document) throw new ApiError('not_found', `Order ${order._id} has no document ${params.document_id}.`);
      return labFile(await contentOrNone(deps.store, document), document);
    },
  }),
];
