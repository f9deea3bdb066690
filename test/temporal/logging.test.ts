/** F4 and the log: a lab's words are for Temporal UI, where they are decrypted for those who may read them. */
import { ActivityFailure, ApplicationFailure, RetryState } from '@temporalio/common';
import { pino } from 'pino';
import { loggingTo } from '../../temporal/logging.ts';

const WORDS = 'Ana Bell, born 1985, has no insurance';

function logged(say: (logger: NonNullable<ReturnType<typeof loggingTo>['logger']>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  const { logger } = loggingTo(pino({ level: 'trace' }, { write: (line) => lines.push(line) }));
  if (logger) say(logger);
  expect(lines.join('')).not.toContain('Ana');
  return lines.map((line) => JSON.parse(line));
}

test('of a failed activity the ids and the types of failures are logged, and no words', () => {
  const cause = ApplicationFailure.create({ type: 'LabSaidError', message: WORDS, details: [WORDS] });
  const error = new ActivityFailure(WORDS, 'submitOrder', '1', RetryState.MAXIMUM_ATTEMPTS_REACHED, 'worker', cause);
  const [line] = logged((logger) =>
    logger.warn('Activity failed', { workflowId: 'order-1', activityType: 'submitOrder', error, input: WORDS }),
  );
  expect(line).toMatchObject({
    level: 40,
    msg: 'Activity failed',
    workflowId: 'order-1',
    activityType: 'submitOrder',
    failures: ['ActivityFailure', 'LabSaidError'],
  });
});

test('the message of an error that the SDK puts into its own is left out', () => {
  const [line] = logged((logger) => logger.error(`Error while processing ActivityTask.start: ${WORDS}`));
  expect(line).toMatchObject({ level: 50, msg: 'Error while processing ActivityTask.start' });
});
