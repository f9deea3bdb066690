/**
 * A fault of Temporal's SDK (Core of 1.24) that leaves a workflow stuck, and the way out. When a question (a query) comes
 * with the same task as a command (an update), the worker answers the question as soon as it can and reports the task.
 * What the command's local activity wrote in the meantime goes into that report, the command's answer into the next.
 * When the worker dies between the two, the next one replays the first task, in which the command is answered now, and
 * throws the answer away, as it does with all that a replay says again; but it still announces it, and the server
 * refuses the report, `BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE: ProtocolMessageCommand referenced absent message ID`, at
 * every attempt. Questions are asked by us, and by Temporal UI whenever somebody looks at a workflow.
 *
 * The way out is the server's own reset, to before the task that is replayed: what came since, commands included, comes
 * again, and what was written is found under its event number and adopted (docs/decisions/0001).
 */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';

const { EventType, ResetReapplyType, WorkflowTaskFailedCause } = proto.temporal.api.enums.v1;
type Description = proto.temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse;
type Execution = proto.temporal.api.common.v1.IWorkflowExecution;

/** So often a task has failed before it is looked at more closely: what heals by itself does so at the second attempt. */
const ATTEMPTS = 3;
/** How many events, newest first, hold the task that fails and the one before; what is signaled meanwhile comes between. */
const LOOKED_AT = 200;

/** Whether a workflow with a pending task will never finish it, for want of an answer that was lost. @throws what the client throws. */
export async function hasLostAnswer(
  client: Client,
  { pendingWorkflowTask, workflowExecutionInfo }: Description,
): Promise<boolean> {
  if ((pendingWorkflowTask?.attempt ?? 0) < ATTEMPTS) return false;
  const events = await newestEvents(client, workflowExecutionInfo?.execution ?? {});
  const failed = events.find(({ eventType }) => eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED);
  const cause = failed?.workflowTaskFailedEventAttributes?.cause;
  return cause === WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_BAD_UPDATE_WORKFLOW_EXECUTION_MESSAGE;
}

/** Resets a workflow to before its last finished task. @throws what the client throws; nothing when it is over or another run is on. */
export async function stepBack(client: Client, workflowId: string): Promise<void> {
  const execution = { workflowId };
  const events = await newestEvents(client, execution);
  const completed = events.find(({ eventType }) => eventType === EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED);
  if (!completed?.eventId) return;
  await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: execution,
    workflowTaskFinishEventId: completed.eventId,
    resetReapplyType: ResetReapplyType.RESET_REAPPLY_TYPE_ALL_ELIGIBLE,
    requestId: randomUUID(),
    reason: 'An answer was lost when a worker died; the journey goes on from before it.',
  });
}

async function newestEvents(client: Client, execution: Execution) {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution,
    maximumPageSize: LOOKED_AT,
  });
  return history?.events ?? [];
}
