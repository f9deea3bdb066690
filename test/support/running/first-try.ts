/** Whether a journey is sending its patient something. */

import { type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';

/**
 * Whether a message to the patient is being sent for the first time, or may be about to be: the journey has something to
 * decide. What has failed once is tried again by whichever worker there is then.
 */
export async function isSendingForTheFirstTime(journey: WorkflowHandle): Promise<boolean> {
  try {
    const { raw } = await journey.describe();
    const deciding = (raw.pendingWorkflowTask?.attempt ?? Number.POSITIVE_INFINITY) <= 1;
    const messages = (raw.pendingActivities ?? []).filter(({ activityType }) => activityType?.name?.startsWith('send'));
    return deciding || messages.some(({ attempt }) => (attempt ?? 1) <= 1);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
