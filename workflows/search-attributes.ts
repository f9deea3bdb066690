/**
 * What a journey is found by in Temporal UI: ids and codes only, never personal data. A search attribute is an entry here;
 * `temporal/register-search-attributes.ts` makes the server know it.
 */
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import type { Order } from '../domain/orders/order.ts';
import type { OrderLowLevelStatus, TransactionStatus } from '../domain/orders/status.ts';

const TEAM_ID = defineSearchAttributeKey('TeamId', 'KEYWORD');
const ORDER_ID = defineSearchAttributeKey('OrderId', 'KEYWORD');
/** Requisition number, user and transaction: what somebody may have in hand. Set at the start only. */
const IDENTIFIERS = defineSearchAttributeKey('Identifiers', 'KEYWORD_LIST');
const LAB = defineSearchAttributeKey('Lab', 'KEYWORD');
const COLLECTION_METHOD = defineSearchAttributeKey('CollectionMethod', 'KEYWORD');
export const ORDER_STATUS = defineSearchAttributeKey('OrderStatus', 'KEYWORD');
const TRANSACTION_STATUS = defineSearchAttributeKey('TransactionStatus', 'KEYWORD');

/** Every search attribute of journeys. */
export const SEARCH_ATTRIBUTES = [
  TEAM_ID,
  ORDER_ID,
  ORDER_STATUS,
  TRANSACTION_STATUS,
  LAB,
  COLLECTION_METHOD,
  IDENTIFIERS,
] as const;

/** What everything that is done for an order is found by. */
export function idsOf(order: Order): SearchAttributePair[] {
  return [
    { key: TEAM_ID, value: order.team_id },
    { key: ORDER_ID, value: order.id },
  ];
}

/** What a journey is found by from its start on. */
export function searchAttributesOf(order: Order): SearchAttributePair[] {
  return [
    ...idsOf(order),
    { key: LAB, value: order.lab_slug },
    { key: COLLECTION_METHOD, value: order.collection_method },
    { key: IDENTIFIERS, value: [order.placer_order_number, order.user_id, order.transaction_id] },
    ...standing('ordered', 'active'),
  ];
}

/** The part of them that changes with every event. */
export function standing(status: OrderLowLevelStatus, transaction: TransactionStatus): SearchAttributePair[] {
  return [
    { key: ORDER_STATUS, value: status },
    { key: TRANSACTION_STATUS, value: transaction },
  ];
}
