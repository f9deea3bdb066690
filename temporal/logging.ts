/** What Temporal's SDK logs, without what it logs about: the message of a failure may hold a laboratory's own words. */
import type { RuntimeOptions, Logger as TemporalLogger } from '@temporalio/worker';
import type { Logger } from 'pino';

/** What the SDK says of an event, as far as it is ids and codes. */
const LOGGED = [
  'sdkComponent',
  'taskQueue',
  'workflowType',
  'workflowId',
  'runId',
  'activityType',
  'activityId',
  'attempt',
  'durationMs',
  'state',
] as const;

/**
 * Options for `Runtime.install` that send the SDK's log, its native part's too, to `logger`: ids, codes and the types of
 * failures. Messages and stacks of failures stay in Temporal, encrypted.
 */
export function loggingTo(logger: Logger): Pick<RuntimeOptions, 'logger' | 'telemetryOptions'> {
  const log: TemporalLogger['log'] = (level, message, fields = {}) => {
    const known = Object.fromEntries(LOGGED.filter((name) => name in fields).map((name) => [name, fields[name]]));
    const failures = failureTypes(fields.error ?? fields.err);
    const write = level.toLowerCase() as Lowercase<typeof level>;
    // Behind a colon the SDK puts the message of an error.
    logger[write]({ ...known, ...(failures.length > 0 && { failures }) }, message.split(': ')[0]);
  };
  return {
    logger: {
      log,
      trace: (message, fields) => log('TRACE', message, fields),
      debug: (message, fields) => log('DEBUG', message, fields),
      info: (message, fields) => log('INFO', message, fields),
      warn: (message, fields) => log('WARN', message, fields),
      error: (message, fields) => log('ERROR', message, fields),
    },
    telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } },
  };
}

/** The type of a failure and of each of its causes, outermost first. */
function failureTypes(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const { type } = error as { type?: unknown };
  return [typeof type === 'string' ? type : error.name, ...failureTypes(error.cause)];
}
