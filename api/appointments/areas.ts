/** `/v3/order/area/info` and `/v3/order/…/psc/info`: who draws blood around a ZIP. */

import { defineEndpoint } from '../http/endpoint.ts';
import { ApiError } from '../http/errors.ts';
import { orderOf } from '../orders/endpoints.ts';
import { orderPath } from '../orders/schemas.ts';
import { areaInfo as areaAnswer, areaQuery, orderPscInfoQuery, pscInfo as pscAnswer, pscInfoQuery } from './schemas.ts';
import { areaInfo, pscInfo } from './service-centers.ts';

const tag = 'Areas';

/** Endpoints of areas and service centers. */
export const areaEndpoints = [
  defineEndpoint({
    method: 'get',
    path: '/v3/order/area/info',
    operationId: 'getAreaInfo',
    tag,
    summary: 'Get the phlebotomy providers and service centers that serve a ZIP',
    request: { query: areaQuery },
    response: areaAnswer,
    errors: ['not_found', 'rule_broken'],
    async handler({ deps, team, query }) {
      return areaInfo(deps, team, query);
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/order/psc/info',
    operationId: 'getPscInfo',
    tag,
    summary: 'List a laboratory’s service centers around a ZIP, nearest first',
    description: 'Only laboratories that publish their locations have service centers here.',
    request: { query: pscInfoQuery },
    response: pscAnswer,
    errors: ['not_found', 'rule_broken'],
    async handler({ deps, team, query }) {
      const { lab_id, zip_code: zip, radius, capabilities, lab_account_id: accountId } = query;
      const laboratory = deps.catalogue.laboratories.get(lab_id);
      if (!laboratory) throw new ApiError('not_found', `There is no laboratory ${lab_id}.`);
      return pscInfo(deps, team, laboratory, { zip, radius, capabilities, accountId });
    },
  }),

  defineEndpoint({
    method: 'get',
    path: '/v3/order/:order_id/psc/info',
    operationId: 'getOrderPscInfo',
    tag,
    summary: 'List the service centers of an order’s laboratory around the patient, nearest first',
    request: { params: orderPath, query: orderPscInfoQuery },
    response: pscAnswer,
    errors: ['not_found', 'rule_broken'],
    async handler({ deps, team, params, query }) {
      const { order } = await orderOf(deps, team._id, params.order_id);
      const laboratory = deps.catalogue.laboratories.get(order.lab_id);
      if (!laboratory) throw new ApiError('not_found', `There is no laboratory ${order.lab_id}.`);
      const near = { ...query, zip: order.address.zip, accountId: order.lab_account_id };
      return pscInfo(deps, team, laboratory, near);
    },
  }),
];
