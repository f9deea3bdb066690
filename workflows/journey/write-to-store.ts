/** Writes to the database. */
import { log, proxyActivities, proxyLocalActivities, TemporalFailure } from '@temporalio/workflow';
import type { Activities } from '../../activities/types.ts';

/** The writes of a journey, with what Temporal UI calls them. */
const WRITES = {
  openOrder: 'Writes the order, unless it exists',
  openAndCheckOrder: 'Writes the order, unless it exists, and checks whether it can go to the laboratory',
  recordEvent: 'Records the next event of the order',
  recordAppointment: 'Records the appointment',
  checkOrder: 'Checks whether the order can go to the laboratory',
  keepLateReports: 'Sets aside reports that arrived too late',
  keepRejection: 'Leaves a rejection by the laboratory to a person',
  currentProgress: 'Reads what all reports say now',
  keepVisitEvent: 'Keeps a provider event about an earlier visit',
} as const satisfies Partial<Record<keyof Activities, string>>;
type Writes = keyof typeof WRITES;
type Answer<Name extends Writes> = Awaited<ReturnType<Activities[Name]>>;

const QUICK = { scheduleToCloseTimeout: 5000, retry: { maximumAttempts: 2 } };
const PATIENT = { startToCloseTimeout: 30_000, retry: { initialInterval: 500, maximumInterval: 10_000 } };

/**
 * Writes to the database, however long it is away: as a local activity, which costs one history event, and as a regular
 * one when that fails.
 */
export async function writeToStore<Name extends Writes>(
  name: Name,
  argument: Parameters<Activities[Name]>[0],
): Promise<Answer<Name>> {
  type Write = (argument: unknown) => Promise<Answer<Name>>;
  try {
    const quick = proxyLocalActivities<Activities>({ ...QUICK, summary: WRITES[name] });
    return await (quick[name] as unknown as Write)(argument);
  } catch (failure) {
    if (!(failure instanceof TemporalFailure)) throw failure;
    log.warn('The database did not respond in time; retrying until it does', { step: name });
    const patient = proxyActivities<Activities>({
      ...PATIENT,
      summary: `${WRITES[name]}: the database was unavailable`,
    });
    return (patient[name] as unknown as Write)(argument);
  }
}
