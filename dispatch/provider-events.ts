/** Gives stored events of phlebotomy providers to the journeys of their appointments. */
import type { Logger } from 'pino';
import { contradictsTheLab } from '../domain/appointments/appointment.ts';
import {
  appointmentOfEvent,
  awaitAppointment,
  claimPhlebotomyEvent,
  keepEvent,
  markEventDelivered,
  markEventUndelivered,
} from '../store/inbox/phlebotomy-inbox.ts';
import type { Store } from '../store/open.ts';
import { insertsInto, watchCommits } from '../store/watch.ts';
import type { Journeys } from '../temporal/journeys.ts';
import { type InboxDispatcher, startInboxDispatcher } from './inbox.ts';

/** Starts delivering events; one whose journey is over, or whose appointment never comes, is kept. */
export function startAppointmentDispatcher(parts: {
  store: Store;
  journeys: Pick<Journeys, 'appointmentReport'>;
  logger: Logger;
}): InboxDispatcher {
  const { store, journeys, logger } = parts;
  return startInboxDispatcher(
    {
      name: 'appointment_event',
      watch: (wake) => watchCommits(store, [insertsInto(store.phlebotomyEvents)], wake),
      claim: (leaseMs) => claimPhlebotomyEvent(store, leaseMs),
      async deliver(event, retryInMs) {
        const found = await appointmentOfEvent(store, event);
        if (!found) {
          await awaitAppointment(store, event, retryInMs);
          return 'waits';
        }
        const { appointment, order } = found;
        const { _id, report } = event;
        if (contradictsTheLab(appointment, report)) {
          logger.warn({ event_id: _id, appointment_id: appointment._id }, 'appointment_event.contradicts_the_lab');
          await keepEvent(store, _id, appointment, 'contradicts_the_lab');
          return 'settled';
        }
        const journeyIsOpen = await journeys.appointmentReport(order, {
          event_id: _id,
          appointment_id: appointment._id,
          report,
        });
        if (journeyIsOpen) await markEventDelivered(store, _id, appointment);
        else await keepEvent(store, _id, appointment, 'journey_over');
        return 'settled';
      },
      postpone: ({ _id }, error, retryInMs) => markEventUndelivered(store, _id, error, retryInMs),
      describe: ({ _id, reference }) => ({ event_id: _id, reference }),
    },
    logger,
  );
}
