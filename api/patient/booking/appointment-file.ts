/** The appointment as a file for the patient's own calendar ("Add to calendar"). */
import { recipientOf } from '../../../domain/messages/recipient.ts';
import { type CalendarFile, calendarFile } from '../../../notifications/calendar-file.ts';
import { contactOf } from '../../../store/access/teams.ts';
import { newestAppointment } from '../../../store/appointments/read-appointments.ts';
import { needsFasting } from '../../../store/catalogue/catalogue.ts';
import type { ApiDeps } from '../../deps.ts';
import { typeOf } from './booking-state.ts';
import type { OpenedLink } from './opened-link.ts';

/**
 * The same entry that a mail brings, so that a calendar holds it once.
 * @param manageUrl The link that the patient came by.
 * @returns null while there is no appointment with a time.
 */
export async function appointmentFile(
  deps: Pick<ApiDeps, 'store' | 'catalogue' | 'config'>,
  { order: document, team }: OpenedLink,
  manageUrl: string,
): Promise<CalendarFile | null> {
  const { order } = document;
  const appointment = await newestAppointment(deps.store, document._id, typeOf(document));
  const event = appointment?.events.at(-1);
  if (!appointment || !event || appointment.status !== 'scheduled') return null;
  return calendarFile({
    appointment,
    event_number: event.number,
    team: { name: team.name, contact: contactOf(team, deps.config.standInContact) },
    attendee: null,
    minor: recipientOf(order, new Date()).guardian_of,
    fasting: await needsFasting(deps.catalogue, order),
    sandbox: order.options.sandbox,
    manage_url: manageUrl,
  });
}
