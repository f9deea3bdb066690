import { LOW_LEVEL_STATUSES, type OrderLowLevelStatus } from '../../domain/orders/status.ts';
import { type OrderStanding, transactionStatus } from '../../domain/orders/transaction.ts';
import { isEnded, mayFollow } from '../../domain/orders/transitions.ts';

const initial = (status: OrderLowLevelStatus): OrderStanding => ({ origin: 'initial', status });
const redraw = (status: OrderLowLevelStatus): OrderStanding => ({ origin: 'redraw', status });

describe('D3: the status of a transaction', () => {
  test.each<[string, OrderStanding[], string]>([
    ['the initial order is under way', [initial('requisition_created')], 'active'],
    ['partial results came', [initial('partial_results')], 'active'],
    ['the initial order completed', [initial('completed')], 'completed'],
    ['the initial order was corrected', [initial('corrected')], 'completed'],
    ['the initial order was cancelled and there is no redraw', [initial('cancelled')], 'cancelled'],
    ['the initial order failed', [initial('sample_error')], 'completed'],
    ['a redraw is to be drawn', [initial('redraw_available'), redraw('ordered')], 'active'],
    ['a redraw is in the lab', [initial('redraw_available'), redraw('partial_results')], 'active'],
    ['the redraw completed', [initial('redraw_available'), redraw('completed')], 'completed'],
    ['the redraw was cancelled', [initial('redraw_available'), redraw('cancelled')], 'completed'],
    ['the redraw failed', [initial('redraw_available'), redraw('sample_error')], 'completed'],
    ['both were cancelled', [initial('cancelled'), redraw('cancelled')], 'cancelled'],
  ])('%s', (_when, orders, status) => {
    expect(transactionStatus(orders)).toBe(status);
  });

  test('is active exactly while its last order can still change', () => {
    const walkIn = LOW_LEVEL_STATUSES.filter((to) =>
      LOW_LEVEL_STATUSES.some((from) => mayFollow('walk_in_test', from, to)),
    ).filter((status) => status !== 'redraw_available');
    for (const status of walkIn) {
      const active = transactionStatus([initial(status)]) === 'active';
      expect([status, active]).toEqual([status, !isEnded(status, 'walk_in_test')]);
    }
  });
});
