/**
 * What a journey carries over when it continues as new, or is started again with. None of it grows without bound: troubles
 * and failures are kept up to a number, reports up to how many an order may have (store/results/result-limit.ts), and with
 * them the events. An appointment grows with what its callers ask for, each step of which is a call to the provider.
 */
import type { RecordedEvent } from '../../domain/orders/order.ts';
import type { Principal } from '../../domain/principal.ts';
import type { ReportDigest, ReportProgress } from '../../domain/results/report-progress.ts';
import type { CollectionMemory } from '../collection/collection.ts';

/** A report as it is read now. */
export interface NewReading {
  report: ReportDigest;
  /** Who had its message read anew. */
  by: Principal | undefined;
}

export interface JourneyMemory extends CollectionMemory {
  events: RecordedEvent[];
  progress: ReportProgress;
  reports_taken: string[];
  reports_waiting: ReportDigest[];
  /** Those that were read anew and not come to yet; absent where there are none. */
  reports_read_anew?: NewReading[];
  troubles: string[];
  /** What failed for good and a person must see to; absent where it was remembered before that was told at the end. */
  failures?: string[];
  /** How many failed before those, and are kept as a number only; absent where there are none. */
  earlier_failures?: number;
  /** The journey was ended by hand and begins again from what is recorded. */
  restarted?: boolean;
}
