/** `/v3/order/:order_id/communication_settings`: what is sent to an order's patient, and what was held back. */
import type { z } from 'zod';
import { recipientOf } from '../../domain/messages/recipient.ts';
import type { OrderDocument } from '../../store/collections/orders.ts';
import { smsEnabled, switchSms } from '../../store/messages/communication-settings.ts';
import { heldMessages } from '../../store/messages/message-log.ts';
import { isUnsubscribed } from '../../store/messages/unsubscriptions.ts';
import type { Store } from '../../store/open.ts';
import { defineEndpoint } from '../http/endpoint.ts';
import { ApiError } from '../http/errors.ts';
import { orderOf } from '../orders/endpoints.ts';
import { orderPath } from '../orders/schemas.ts';
import { communicationSettingsBody, communicationSettings as settingsAnswer } from './schemas.ts';

const tag = 'Orders';
const path = '/v3/order/:order_id/communication_settings';

async function settingsOf(store: Store, document: OrderDocument): Promise<z.input<typeof settingsAnswer>> {
  const [email_unsubscribed, held] = await Promise.all([
    isUnsubscribed(store, document.team_id, recipientOf(document.order, new Date()).email),
    heldMessages(store, document._id),
  ]);
  return {
    order_id: document._id,
    sms_enabled: smsEnabled(document),
    email_unsubscribed,
    held_back: held.map(({ way, kind, reason, held_at }) => ({ way, kind, reason, held_at: held_at.toISOString() })),
  };
}

/** Endpoints of an order's communication settings. */
export const communicationSettingsEndpoints = [
  defineEndpoint({
    method: 'get',
    path,
    operationId: 'getOrderCommunicationSettings',
    tag,
    summary: 'Get what is sent to an order’s patient, and what was held back',
    request: { params: orderPath },
    response: settingsAnswer,
    errors: ['not_found'],
    async handler({ deps, team, params }) {
      const { store } = deps;
      return settingsOf(store, await orderOf(deps, team._id, params.order_id));
    },
  }),

  defineEndpoint({
    method: 'patch',
    path,
    operationId: 'updateOrderCommunicationSettings',
    tag,
    summary: 'Switch SMS for an order on or off',
    description:
      'Applies to all SMS that are due from now on. An order starts with the team’s setting at the time it was accepted, and a redraw with the setting of its initial order. If an order was accepted without SMS, they cannot be switched on.',
    request: { params: orderPath, body: communicationSettingsBody },
    response: settingsAnswer,
    errors: ['not_found', 'rule_broken'],
    async handler({ deps, team, params, body: { sms_enabled } }) {
      const { store } = deps;
      const document = await orderOf(deps, team._id, params.order_id);
      if (sms_enabled && !document.order.options.sms_enabled) {
        const because = 'SMS were switched off for the team when the order was accepted';
        throw new ApiError('rule_broken', `${because}, so they cannot be switched on for it`);
      }
      await switchSms(store, document._id, sms_enabled);
      return settingsOf(store, { ...document, sms_enabled });
    },
  }),
];
