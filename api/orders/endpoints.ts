/** `/v3/order` and `/v3/orders`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Order } from '../../domain/orders/order.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { openOrder } from '../../store/orders/open-order.ts';
import { orderDocument } from '../../store/orders/order-document.ts';
import { clientFacingOrders, findOrder } from '../../store/orders/read-orders.ts';
import { RESENT_AT_MOST, resendOrderEvents, TooManyOrders } from '../../store/outbox/webhook-resend.ts';
import { clientFacingOrder, clientFacingTransaction } from '../../wire/client-facing-order.ts';
import { type ClientFacingOrder, clientFacingOrder as orderAnswer } from '../../wire/order-shapes.ts';
import type { ApiDeps } from '../deps.ts';
import { defineEndpoint, file } from '../http/endpoint.ts';
import { ApiError } from '../http/errors.ts';
import { newOrderIds, ORDERS_KEPT_FOR_MS, onceForKey, transactionIdFor } from '../http/idempotency.ts';
import { acceptOrder, type OrderIds } from './accept-order.ts';
import { cancelOrder } from './cancel-order.ts';
import { completeDraw } from './complete-draw.ts';
import { labRequisitionOf } from './lab-requisition.ts';
import { listOrders } from './list-orders.ts';
import {
  createOrderBody,
  idempotencyHeaders,
  orderList,
  orderListQuery,
  orderPath,
  postOrderAnswer,
  requisitionPdfQuery,
  resendAnswer,
  resendBody,
  simulateAnswer,
  simulateBody,
  simulateQuery,
  windowOf,
} from './schemas.ts';
import { simulate } from './simulate.ts';

const tag = 'Orders';

/** How long a caller waits until an order whose journey has started can be read, in milliseconds. */
const WRITTEN_WITHIN_MS = 5_000;

/**
 * The team's order with this id. One whose caller has been told of success is never denied: it may have yet to be written,
 * when the database was away just then.
 * @throws ApiError `not_found`, for another team's order too; `unavailable` when it is still to be written
 * @throws JourneysUnavailable when Temporal cannot say whether there is such an order
 */
export async function orderOf(
  { store, journeys }: Pick<ApiDeps, 'store' | 'journeys'>,
  teamId: string,
  orderId: string,
): Promise<OrderDocument> {
  const written = () => findOrder(store, teamId, orderId);
  const order = await written();
  if (order) return order;
  if (!(await journeys.isUnderWay(transactionIdFor(teamId, orderId)))) {
    throw new ApiError('not_found', `There is no order ${orderId}.`);
  }
  const since = await written();
  if (!since) throw new ApiError('unavailable', `Order ${orderId} was accepted and is being recorded; please retry.`);
  return since;
}

async function answerOf({ store, catalogue }: ApiDeps, document: OrderDocument): Promise<ClientFacingOrder> {
  const [order] = await clientFacingOrders(store, catalogue, [document]);
  return order as ClientFacingOrder;
}

/** Changes an order and answers with it; what has been done is told, whether or not it can be read again at this moment. */
async function changed(
  deps: ApiDeps,
  document: OrderDocument,
  change: () => Promise<void>,
): Promise<ClientFacingOrder> {
  const before = await answerOf(deps, document);
  await change();
  return orderOf(deps, document.team_id, document._id)
    .then((current) => answerOf(deps, current))
    .catch(() => before);
}

/**
 * Starts the journey of an accepted order, writes what can be read of it, and tells it. Once the journey has started
 * the order exists: whatever fails after that, the journey makes good, and the caller is told of success.
 */
async function open(deps: ApiDeps, order: Order): Promise<ClientFacingOrder> {
  await deps.journeys.start(order);
  await soon(openOrder(deps.store, deps.catalogue, order)).catch((error: Error) => {
    deps.logger.warn({ order_id: order.id, error: error.name }, 'the journey has to write this order itself');
  });
  const document = orderDocument(order);
  const transaction = { _id: document.transaction_id, status: 'active' } as const;
  const told = clientFacingTransaction(transaction, [document]);
  return clientFacingOrder(document, deps.catalogue, told, deps.store.publicUrl);
}

/** @throws Error when the order is not written in time, as when MongoDB has gone silent in the middle of it */
function soon(written: Promise<unknown>): Promise<unknown> {
  const tooLate = sleep(WRITTEN_WITHIN_MS, undefined, { ref: false }).then(() => {
    throw new Error('Not written in time');
  });
  return Promise.race([written, tooLate]);
}

/** Endpoints of orders; the literal paths come before `/v3/order/:order_id`. */
export const orderEndpoints = [
  defineEndpoint({
    method: 'post',
    path: '/v3/order',
    operationId: 'createOrder',
    tag,
    summary: 'Order tests for a patient',
    description:
      'Send `X-Idempotency-Key` to make retries safe: for 48 hours, the same key returns the same order and response.',
    request: { headers: idempotencyHeaders, body: createOrderBody },
    response: postOrderAnswer,
    errors: ['rule_broken', 'not_found', 'idempotency_key_in_use', 'idempotency_key_reused'],
    async handler({ deps, team, by, headers, body, correlationId }) {
      const key = headers['x-idempotency-key'];
      const answer = (order: ClientFacingOrder) => ({ order, status: 'success', message: 'order created' });
      const place = async (ids: OrderIds) => answer(await open(deps, await acceptOrder(deps, { team, by }, body, ids)));
      if (key === undefined) return place(newOrderIds(team._id));
      const keepRefusals = headers['x-idempotency-error'] !== 'no-cache';
      const id = `${team._id}:${key}`;
      const newIds = () => newOrderIds(team._id);
      const request = { id, newIds, keptForMs: ORDERS_KEPT_FOR_MS, keepRefusals, body, correlationId };
      return onceForKey(deps.store, request, async (ids, isFirst) => {
        const placed = isFirst ? null : await findOrder(deps.store, team._id, ids.order_id);
        return placed ? answer(await answerOf(deps, placed)) : place(ids);
      });
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/orders',
    operationId: 'listOrders',
    tag,
    summary: 'List the team’s orders, newest first by default',
    request: { query: orderListQuery },
    response: orderList,
    async handler({ deps: { store, catalogue }, team, query }) {
      const { documents, total } = await listOrders(store, team, query);
      return {
        orders: await clientFacingOrders(store, catalogue, documents),
        total,
        page: query.page,
        size: query.size,
      };
    },
  }),

  defineEndpoint({
    method: 'post',
    path: '/v3/order/resend_events',
    operationId: 'resendOrderEvents',
    tag,
    summary: 'Resend the latest event of orders by webhook',
    description:
      'Resends the latest event of each order that was sent as a webhook; events that the team does not receive, such as partial results, are skipped. Returns the orders whose events were resent. When selected by time, the call can be repeated: nothing is resent twice within five minutes. A time range in which more than 5,000 orders changed is rejected.',
    request: { body: resendBody },
    response: resendAnswer,
    async handler({ deps: { store }, team, body }) {
      const window =
        body.start_at === undefined ? undefined : windowOf({ start_at: body.start_at, end_at: body.end_at });
      const order_ids = await resendOrderEvents(store, team._id, {
        ...(body.order_ids?.length && { order_ids: body.order_ids }),
        ...(window && { start_at: window.from, end_at: window.to }),
      }).catch((error) => {
        if (!(error instanceof TooManyOrders)) throw error;
        throw new ApiError(
          'rule_broken',
          `More than ${RESENT_AT_MOST} orders changed in this time range; nothing was sent. Use a shorter one.`,
        );
      });
      return { order_ids };
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/order/:order_id',
    operationId: 'getOrder',
    tag,
    summary: 'Get an order with its history and its transaction',
    request: { params: orderPath },
    response: orderAnswer,
    errors: ['not_found'],
    async handler({ deps, team, params }) {
      return answerOf(deps, await orderOf(deps, team._id, params.order_id));
    },
  }),

  defineEndpoint({
    method: 'post',
    path: '/v3/order/:order_id/cancel',
    operationId: 'cancelOrder',
    tag,
    summary: 'Cancel an order, if its status still allows it',
    request: { params: orderPath },
    response: postOrderAnswer,
    errors: ['not_found', 'transition_not_allowed'],
    async handler({ deps, team, params, by }) {
      const document = await orderOf(deps, team._id, params.order_id);
      const order = await changed(deps, document, () => cancelOrder(deps, document, by));
      return { order, status: 'success', message: 'order cancelled' };
    },
  }),

  defineEndpoint({
    method: 'patch',
    path: '/v3/order/:order_id/draw_completed',
    operationId: 'completeDraw',
    tag,
    summary: 'Report that the specimen of an on-site order was drawn',
    description:
      'The order must have its requisition, and becomes `draw_completed`; from then on, its laboratory’s results are accepted. Reporting the draw again changes nothing. If nobody reports it, the laboratory’s first report with a result shows that the specimen was drawn.',
    request: { params: orderPath },
    response: postOrderAnswer,
    errors: ['not_found', 'rule_broken', 'transition_not_allowed'],
    async handler({ deps, team, params, by }) {
      const document = await orderOf(deps, team._id, params.order_id);
      const order = await changed(deps, document, () => completeDraw(deps, document, by));
      return { order, status: 'success', message: 'order updated' };
    },
  }),

  defineEndpoint({
    method: 'post',
    path: '/v3/order/:order_id/test',
    operationId: 'simulateOrder',
    tag,
    summary: 'Sandbox: simulate an order up to a status',
    description:
      'Any order can be simulated up to `requisition_created`, `partial_results`, `completed`, `corrected`, `sample_error`, or `cancelled`, and to `redraw_available` where a redraw is possible. At-home orders include the visit and can stop at any of its statuses; so can walk-in orders with those of an appointment, where their laboratory takes appointments. On-site orders can stop at `draw_completed`, and are drawn on the way to results. If there is no appointment, the first available slot is booked, or a visit is requested from a provider. A status that cannot be reached is refused with a list of those that can; test kits go to `requisition_created` and `cancelled` only. Results alternate between numbers, ranges, and comments unless `result_types` says otherwise. Responds once the sandbox partners have been told; a visit, and steps that are `delay` seconds apart, continue after that.',
    request: { params: orderPath, query: simulateQuery, body: simulateBody },
    response: simulateAnswer,
    errors: ['not_found', 'forbidden', 'rule_broken', 'transition_not_allowed'],
    async handler({ deps, team, by, params, query, body }) {
      if (team.environment !== 'sandbox') throw new ApiError('forbidden', 'Only sandbox teams can simulate.');
      await simulate(deps, { team, by }, await orderOf(deps, team._id, params.order_id), {
        finalStatus: query.final_status,
        delaySeconds: query.delay,
        interpretation: body?.interpretation ?? 'normal',
        resultTypes: body?.result_types ?? [],
        hasMissingResults: body?.has_missing_results ?? false,
      });
      return null;
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/order/:order_id/requisition/pdf',
    operationId: 'getRequisitionPdf',
    tag,
    summary: 'Get the requisition that the patient brings along',
    description:
      'With `source=lab`, the requisition that the laboratory sent with its acknowledgment of the order, as it was sent: the newest PDF, which browsers show, or else the newest document of another kind, which is a download.',
    request: { params: orderPath, query: requisitionPdfQuery },
    response: file,
    errors: ['not_found'],
    async handler({ deps, team, params, query }) {
      const order = await orderOf(deps, team._id, params.order_id);
      if (query.source === 'lab') return labRequisitionOf(deps.store, order._id);
      const requisition = await deps.documents.requisition(order._id);
      if (!requisition) throw new ApiError('not_found', 'The order has no requisition yet.');
      return requisition;
    },
  }),
];
