/** The part of a simulation that takes longer than its request: a workflow of its own, so that no crash ends it (F6). */
import { isGrpcServiceError, type WorkflowClient } from '@temporalio/client';
import { sandboxWalkWorkflowId } from '../../domain/ids.ts';
import type { Order } from '../../domain/orders/order.ts';
import type { JourneyPolicy } from '../../domain/policy.ts';
import type { SimulatedReport } from '../../domain/simulated-report.ts';
import { JourneysUnavailable } from '../../temporal/journeys.ts';
import type { sandboxWalk } from '../../workflows/sandbox-walk.ts';
import { idsOf } from '../../workflows/search-attributes.ts';

/** Simulations that go on when their request has been answered. */
export interface SandboxSimulations {
  /**
   * Sees to it that the laboratory reports on an order once its specimen is drawn, in place of what was wanted before.
   * @param visitTakes How long the visit takes, in milliseconds.
   * @throws JourneysUnavailable when Temporal does not answer
   */
  start(order: Order, report: SimulatedReport, visitTakes: number): Promise<void>;
}

/** How long Temporal has to take it in, in milliseconds. */
const TAKEN_IN_MS = 5_000;

/** Walks on a Temporal server. */
export function temporalSandboxSimulations(
  client: WorkflowClient,
  taskQueue: string,
  policy: JourneyPolicy,
): SandboxSimulations {
  return {
    async start(order, report, visitTakes) {
      try {
        await client.withDeadline(Date.now() + TAKEN_IN_MS, () =>
          client.start<typeof sandboxWalk>('sandboxWalk', {
            taskQueue,
            workflowId: sandboxWalkWorkflowId(order.id),
            workflowIdConflictPolicy: 'TERMINATE_EXISTING',
            args: [{ order_id: order.id, report, visit_takes: visitTakes, policy }],
            typedSearchAttributes: idsOf(order),
            staticSummary: `Simulation: ${order.lab_slug} reports on ${order.placer_order_number} when the specimen is drawn`,
          }),
        );
      } catch (error) {
        if (!isGrpcServiceError(error) && !(error instanceof Error && isGrpcServiceError(error.cause))) throw error;
        throw new JourneysUnavailable('Temporal did not respond in time; send the request again', { cause: error });
      }
    },
  };
}
