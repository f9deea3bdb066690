/** The status of an order transaction, derived from its orders (D3). */
import type { OrderLowLevelStatus, OrderOrigin, TransactionStatus } from './status.ts';
import { topLevelStatus } from './status.ts';

/** As much of an order as its transaction's status depends on. */
export interface OrderStanding {
  origin: OrderOrigin;
  status: OrderLowLevelStatus;
}

/**
 * D3: cancelled when every order was cancelled; completed when no further lab work is expected; active otherwise.
 * @param orders The transaction's orders, oldest first; at least one.
 */
export function transactionStatus(orders: readonly OrderStanding[]): TransactionStatus {
  const standings = orders.map((order) => topLevelStatus('walk_in_test', order.status));
  if (standings.every((standing) => standing === 'cancelled')) return 'cancelled';
  // Only the last order can still be worked on: an earlier one has made way for it.
  const last = standings.at(-1);
  return last === 'completed' || last === 'failed' || last === 'cancelled' ? 'completed' : 'active';
}
