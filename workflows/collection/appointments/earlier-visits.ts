/** What providers say of visits that are over for us. */
import { orderStatusesToDraw } from '../../../domain/appointments/appointment.ts';
import type { JourneyContext } from '../../journey/context.ts';
import type { OrderStep } from '../collection.ts';
import type { AppointmentChanges } from './change.ts';
import type { VisitReport } from './memory.ts';

/**
 * A visit that was overdue or called off was made after all, and counts for the draw; or it stands again, which a person
 * has to see.
 * @param hasActive Whether there is another visit, which a draw makes needless.
 * @returns null where it is not the provider who says so.
 */
export function weighEarlierVisit(
  { event_id, appointment_id, report }: VisitReport,
  { order, history, trouble, backgroundTasks }: JourneyContext,
  changes: AppointmentChanges,
  hasActive: () => boolean,
): OrderStep | null {
  if (event_id === undefined) return null;
  const toDraw = () => orderStatusesToDraw(history.status, order.collection_method);
  if (report.status !== 'completed' || toDraw().length === 0) {
    const what = `The provider reports that appointment ${appointment_id}, which is over for us, is ${report.status}. Ask the provider.`;
    return { kept: { event_id, because: 'earlier_visit' }, statuses: () => [], recorded: () => trouble(what) };
  }
  return {
    kept: { event_id, because: 'counted_as_draw' },
    statuses: toDraw,
    reason: `Appointment ${appointment_id} took place after all.`,
    recorded: () => {
      if (!hasActive()) return;
      backgroundTasks.runInBackground(
        changes.withdrawal('The specimen was drawn at an earlier visit', 'drawn_earlier'),
      );
    },
  };
}
