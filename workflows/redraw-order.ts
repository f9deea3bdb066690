import { continueAsNew } from '@temporalio/workflow';
import type { Order, RecordedEvent } from '../domain/orders/order.ts';
import type { JourneyPolicy } from '../domain/policy.ts';
import { OrderJourney } from './journey/journey.ts';
import type { JourneyMemory } from './journey/memory.ts';

export interface RedrawOrderInput {
  /** The redraw; its first event was written together with the initial order's last one. */
  order: Order;
  policy: JourneyPolicy;
  /** The number of the rules that its initial order's journey follows (domain/rules.ts). */
  rules?: number;
  /** Set when a long journey continues as new. */
  memory?: JourneyMemory;
}

/** The redraw of an order: the usual lifecycle for the results that are drawn again (D6–D8). */
export async function redrawOrder(input: RedrawOrderInput): Promise<RecordedEvent> {
  const { order, policy, rules, memory } = input;
  const ordered: RecordedEvent = {
    number: 1,
    status: 'ordered',
    status_detail: null,
    reason: null,
    report_id: null,
    created_at: order.created_at,
    transaction_status: 'active',
    redraw: null,
  };
  const journey = new OrderJourney(
    order,
    policy,
    (kept) => continueAsNew<typeof redrawOrder>({ ...input, memory: kept }),
    {
      events: [ordered],
      ...(rules !== undefined && { rules }),
      ...(memory && { memory }),
    },
  );
  journey.listen();

  const ending = await journey.run();
  await journey.conclude();
  return ending;
}
