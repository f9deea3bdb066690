/** Updates of a workflow that an engineer may have cancelled. */
import { CancellationScope, patched } from '@temporalio/workflow';

/**
 * A handler of an update that answers although the workflow was cancelled: handlers run in the workflow's own scope, in
 * which every wait fails from then on, while what was asked is done all the same.
 * @param rules The number of the journey's rules. Journeys under the first ones did not shield their handlers; those that
 * are still open do it from the first update that today's code hears, which their history then says.
 */
export function shielded<Arguments extends unknown[], Answer>(
  rules: number,
  handler: (...said: Arguments) => Promise<Answer>,
): (...said: Arguments) => Promise<Answer> {
  return (...said) => {
    const isShielded = rules >= 2 || patched('shielded-updates');
    return isShielded ? CancellationScope.nonCancellable(() => handler(...said)) : handler(...said);
  };
}
