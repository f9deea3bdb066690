/** Updates of a workflow that an engineer may have cancelled. */
import { CancellationScope } from '@temporalio/workflow';

/**
 * A handler of an update that answers although the workflow was cancelled: handlers run in the workflow's own scope, in
 * which every wait fails from then on, while what was asked is done all the same.
 * @param rules The number of the journey's rules: under the first ones such a caller was told of a failure.
 */
export function shielded<Arguments extends unknown[], Answer>(
  rules: number,
  handler: (...said: Arguments) => Promise<Answer>,
): (...said: Arguments) => Promise<Answer> {
  if (rules < 2) return handler;
  return (...said) => CancellationScope.nonCancellable(() => handler(...said));
}
