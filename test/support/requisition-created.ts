/** The second event of an order, as its journey proposes it. */
import type { Order, ProposedEvent } from '../../domain/orders/order.ts';

export const requisitionCreated = (order: Pick<Order, 'id'>): ProposedEvent => ({
  order_id: order.id,
  number: 2,
  status: 'requisition_created',
  status_detail: null,
  reason: null,
  report_id: null,
  filler_order_number: 'F-1',
  redraw_results: [],
  yields_to_reports: false,
});
