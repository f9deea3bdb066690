/** How long an activity goes on being tried, where its last words matter more than that its time is over. */
import { Context } from '@temporalio/activity';

/** Whether the time for attempts, in milliseconds since the first one was scheduled, is over. */
export function retryBudgetSpent(triedFor: number): boolean {
  return Date.now() - Context.current().info.scheduledTimestampMs >= triedFor;
}
