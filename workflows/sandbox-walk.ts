import { ApplicationFailure, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { Activities } from '../activities/types.ts';
import type { JourneyPolicy } from '../domain/policy.ts';
import type { SimulatedReport } from '../domain/simulated-report.ts';
import { rootMessage } from './failures.ts';

/** First pause between two looks at an order: a visit without delay is over soon. In milliseconds. */
const QUICK = 100;

export interface SandboxWalkInput {
  order_id: string;
  /** What the laboratory is to report. */
  report: SimulatedReport;
  /** How long the visit takes by itself, in milliseconds. */
  visit_takes: number;
  policy: JourneyPolicy;
}

/**
 * What is left of a simulated at-home journey when its request has been answered: the laboratory is told to report once
 * the specimen is drawn (F6). It ends quietly when the order ends first, and fails when there is no draw in time.
 */
export async function sandboxWalk(input: SandboxWalkInput): Promise<'reported' | 'order over'> {
  const { order_id, report, visit_takes, policy } = input;
  setCurrentDetails(
    `**Waits for:** the draw of order \`${order_id}\`; then its laboratory reports \`${report.final_status}\``,
  );
  const triedFor = visit_takes + policy.simulation_waits_longer;
  const { reportOnceDrawn } = proxyActivities<Pick<Activities, 'reportOnceDrawn'>>({
    startToCloseTimeout: 2 * policy.partner_call,
    scheduleToCloseTimeout: triedFor + 4 * policy.partner_call,
    retry: {
      initialInterval: Math.min(QUICK, policy.partner_retry_first),
      backoffCoefficient: 1.5,
      maximumInterval: policy.partner_retry_first,
    },
    summary: 'Tells the laboratory to report once the specimen is drawn',
  });
  try {
    const isTold = await reportOnceDrawn(order_id, report, triedFor);
    setCurrentDetails(`The laboratory ${isTold ? 'was told' : 'was not told'} to report on order \`${order_id}\``);
    return isTold ? 'reported' : 'order over';
  } catch (failure) {
    throw ApplicationFailure.nonRetryable(`${rootMessage(failure)} Simulate the order again.`, 'WalkEnded');
  }
}
