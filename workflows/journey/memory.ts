/** What a journey carries over when it continues as new, or is started again with. */
import type { RecordedEvent } from '../../domain/orders/order.ts';
import type { ReportDigest, ReportProgress } from '../../domain/results/report-progress.ts';
import type { CollectionMemory } from '../collection/collection.ts';

export interface JourneyMemory extends CollectionMemory {
  events: RecordedEvent[];
  progress: ReportProgress;
  reports_taken: string[];
  reports_waiting: ReportDigest[];
  troubles: string[];
  /** What failed for good and a person must see to; absent where it was remembered before that was told at the end. */
  failures?: string[];
  /** The journey was ended by hand and begins again from what is recorded. */
  restarted?: boolean;
}
