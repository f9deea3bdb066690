/** The second event of an order, as its journey proposes it. */
import { NOTHING_MORE, type Order, type ProposedEvent } from '../../domain/orders/order.ts';

export const requisitionCreated = (order: Pick<Order, 'id'>): ProposedEvent => ({
  order_id: order.id,
  number: 2,
  status: 'requisition_created',
  ...NOTHING_MORE,
  filler_order_number: 'F-1',
});
