/** What the sandbox partners are told while a simulation goes on (F6). */
import { ApplicationFailure } from '@temporalio/common';
import { isEnded, takesResults } from '../domain/orders/transitions.ts';
import { SandboxAway, SandboxRefused, tellSandboxLab } from '../partners/sandbox-controls.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { retryBudgetSpent } from './patience.ts';
import type { Activities } from './types.ts';

export function sandboxActivities({ store, sandboxLab }: ActivityDependencies): Pick<Activities, 'reportOnceDrawn'> {
  const standing = async (orderId: string) => {
    const { last_status: status, order } = await store.orders.findById(orderId).orFail().lean();
    return { order, status, isEnd: isEnded(status, order.collection_method) };
  };

  return {
    async reportOnceDrawn(orderId, report, triedFor) {
      const failed = (type: string, message: string, category?: 'BENIGN') =>
        ApplicationFailure.create({ type, message, category, nonRetryable: retryBudgetSpent(triedFor) });
      const { order, status, isEnd } = await standing(orderId);
      if (isEnd) return false;
      if (!takesResults(order.collection_method, status)) {
        throw failed('NotDrawn', `The specimen has not been drawn: the order is ${status}.`, 'BENIGN');
      }
      try {
        await tellSandboxLab(sandboxLab, order, report);
        return true;
      } catch (error) {
        if (error instanceof SandboxAway) throw failed(error.name, error.message);
        if (!(error instanceof SandboxRefused)) throw error;
        // An order that was cancelled meanwhile is one that the laboratory no longer has.
        if ((await standing(orderId)).isEnd) return false;
        throw ApplicationFailure.nonRetryable(error.message, error.name);
      }
    },
  };
}
