/** Writes to the database. */
import { log, proxyActivities, proxyLocalActivities, TemporalFailure } from '@temporalio/workflow';
import type { Activities } from '../activities/types.ts';

type Writes = 'openOrder' | 'recordEvent' | 'recordAppointment' | 'checkOrder' | 'keepLateReports';
type Answer<Name extends Writes> = Awaited<ReturnType<Activities[Name]>>;

const QUICK = { scheduleToCloseTimeout: 5000, retry: { maximumAttempts: 2 } };
const PATIENT = { startToCloseTimeout: 30_000, retry: { initialInterval: 500, maximumInterval: 10_000 } };

/**
 * Writes to the database, however long it is away: as a local activity, which costs one history event, and as a regular
 * one when that fails.
 */
export async function durably<Name extends Writes>(
  name: Name,
  argument: Parameters<Activities[Name]>[0],
): Promise<Answer<Name>> {
  type Write = (argument: unknown) => Promise<Answer<Name>>;
  try {
    return await (proxyLocalActivities<Activities>(QUICK)[name] as unknown as Write)(argument);
  } catch (failure) {
    if (!(failure instanceof TemporalFailure)) throw failure;
    log.warn('The database did not answer in time; trying for as long as it takes', { step: name });
    const patient = proxyActivities<Activities>({ ...PATIENT, summary: `${name}: the database was away` });
    return (patient[name] as unknown as Write)(argument);
  }
}
