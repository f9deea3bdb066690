import { findTransaction } from '../../store/orders/read-orders.ts';
import { combinedResult } from '../../store/results/combined-result.ts';
import { clientFacingTransaction, orderTransactionResponse } from '../../wire/client-facing-order.ts';
import { clientFacingResult } from '../../wire/client-facing-result.ts';
import { orderTransactionResponse as transactionAnswer } from '../../wire/order-shapes.ts';
import type { ApiDeps } from '../deps.ts';
import { defineEndpoint, pdf } from '../http/endpoint.ts';
import { ApiError } from '../http/errors.ts';
import { labResultsRaw } from '../results/schemas.ts';
import { transactionPath } from './schemas.ts';

const tag = 'Order transactions';

/** The team's transaction with this id, found and refused as `orderOf` does. */
async function transactionOf({ store, journeys }: ApiDeps, teamId: string, id: string) {
  const found = await findTransaction(store, teamId, id);
  if (found) return found;
  const isWritten = await store.orders.exists({ transaction_id: id });
  if (isWritten || !(await journeys.isUnderWay(id))) {
    throw new ApiError('not_found', `There is no order transaction ${id}.`);
  }
  throw new ApiError('unavailable', `Order transaction ${id} was accepted and is being recorded; please retry.`);
}

/** Endpoints of order transactions. */
export const orderTransactionEndpoints = [
  defineEndpoint({
    method: 'get',
    path: '/v3/order_transaction/:transaction_id',
    operationId: 'getOrderTransaction',
    tag,
    summary: 'Get an order transaction with its orders, oldest first',
    request: { params: transactionPath },
    response: transactionAnswer,
    errors: ['not_found'],
    async handler({ deps, team, params: { transaction_id } }) {
      const { transaction, orders } = await transactionOf(deps, team._id, transaction_id);
      return orderTransactionResponse(transaction, orders);
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/order_transaction/:transaction_id/result',
    operationId: 'getOrderTransactionResult',
    tag,
    summary: 'Get the combined results of its orders',
    request: { params: transactionPath },
    response: labResultsRaw,
    errors: ['not_found'],
    async handler({ deps, team, params: { transaction_id } }) {
      const { transaction, orders } = await transactionOf(deps, team._id, transaction_id);
      const combined = await combinedResult(deps.store, deps.catalogue, transaction_id);
      if (!combined) throw new ApiError('not_found', `Order transaction ${transaction_id} has no results yet.`);
      return {
        ...clientFacingResult(combined.result),
        order_transaction: clientFacingTransaction(transaction, orders),
      };
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/order_transaction/:transaction_id/result/pdf',
    operationId: 'getOrderTransactionResultPdf',
    tag,
    summary: 'Get the combined results as a PDF',
    request: { params: transactionPath },
    response: pdf,
    errors: ['not_found'],
    async handler({ deps, team, params: { transaction_id } }) {
      await transactionOf(deps, team._id, transaction_id);
      const report = await deps.documents.combined(transaction_id);
      if (!report) throw new ApiError('not_found', `Order transaction ${transaction_id} has no results yet.`);
      return report;
    },
  }),
];
