/** `/v3/order/{id}/result`: readable from the moment a report was processed (A7). */
import type { ResultDocument } from '../../store/collections/orders.ts';
import type { Store } from '../../store/open.ts';
import { transactionsOf } from '../../store/orders/read-orders.ts';
import { clientFacingResult } from '../../wire/client-facing-result.ts';
import { defineEndpoint, pdf } from '../http/endpoint.ts';
import { ApiError } from '../http/errors.ts';
import { orderOf } from '../orders/endpoints.ts';
import { orderPath } from '../orders/schemas.ts';
import { labResultsMetadata, labResultsRaw } from './schemas.ts';

const tag = 'Results';

/** The newest version of an order's result (F5). */
async function newestResult(store: Store, orderId: string): Promise<ResultDocument> {
  const newest = await store.results.findOne({ order_id: orderId }).sort({ version: -1 }).lean<ResultDocument>();
  if (!newest) throw new ApiError('not_found', `Order ${orderId} has no results yet.`);
  return newest;
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
    request: { params: orderPath },
    response: pdf,
    errors: ['not_found'],
    async handler({ deps, team, params }) {
      const order = await orderOf(deps, team._id, params.order_id);
      const report = await deps.documents.result(order._id);
      if (!report) throw new ApiError('not_found', `Order ${order._id} has no results yet.`);
      return report;
    },
  }),
];
