/** The workflows that a worker runs. */
export { orderTransaction } from './order-transaction.ts';
export { redrawOrder } from './redraw-order.ts';
export { sandboxWalk } from './sandbox-walk.ts';
