/** What every part of a journey knows. */
import type { Order } from '../../domain/orders/order.ts';
import type { JourneyPolicy } from '../../domain/policy.ts';
import type { BackgroundTasks } from './background-tasks.ts';
import type { OrderHistory } from './order-history.ts';

export interface JourneyContext {
  readonly order: Order;
  readonly policy: JourneyPolicy;
  /** The number of the rules that the journey was accepted under (domain/rules.ts). */
  readonly rules: number;
  readonly history: OrderHistory;
  readonly backgroundTasks: BackgroundTasks;
  /** Shows engineers something that a person must do. */
  trouble(message: string): void;
}
