/** Mail to the patient (A4, F11); none to who asked the team for no more. */
import { ApplicationFailure } from '@temporalio/common';
import type { Order } from '../domain/order.ts';
import { composeAppointmentMail, composeMail } from '../notifications/compose.ts';
import { MailRefused, type OutgoingMail } from '../notifications/mailer.ts';
import { appointmentAt } from '../store/held-appointment.ts';
import { holdBack, noteSent } from '../store/message-log.ts';
import { logoOf } from '../store/teams.ts';
import { isUnsubscribed } from '../store/unsubscriptions.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { fastingNeeded } from './issue-documents.ts';
import type { Activities } from './types.ts';

const WITH_REQUISITION: readonly string[] = ['requisition_ready', 'redraw_needed'];

export function mailActivities({
  store,
  catalogue,
  mailer,
  documents,
  bookingUrl,
  unsubscribeUrl,
}: ActivityDependencies): Pick<Activities, 'sendMail' | 'sendAppointmentMail'> {
  async function contentOf(orderId: string) {
    const { order } = await store.orders.findById(orderId).orFail().lean();
    const team = await store.teams.findById(order.team_id).orFail().lean();
    await catalogue.know([order.lab_test_id]);
    const laboratory = catalogue.laboratoriesBySlug.get(order.lab_slug);
    const labTest = catalogue.labTests.get(order.lab_test_id);
    if (!laboratory || !labTest) throw new Error(`The catalogue no longer holds what order ${orderId} refers to`);
    const markers = order.markers.flatMap(({ marker_id }) => catalogue.markers.get(marker_id) ?? []);
    const booking_url = await bookingUrl(orderId);
    const unsubscribe_url = await unsubscribeUrl(order.team_id, order.patient.email);
    const sender = { name: team.name, contact: team.contact, logo: logoOf(team) };
    const fasting = fastingNeeded(labTest, markers);
    return { order, team: sender, laboratory, booking_url, unsubscribe_url, fasting };
  }

  async function send(order: Order, kind: string, mail: OutgoingMail): Promise<void> {
    if (await isUnsubscribed(store, order.team_id, mail.to.address)) {
      await holdBack(store, mail.message_id, { order_id: order.id, way: 'email', kind, reason: 'unsubscribed' });
      return;
    }
    try {
      await mailer.send(mail);
    } catch (error) {
      if (error instanceof MailRefused) throw ApplicationFailure.nonRetryable(error.message, 'MailRefused');
      throw error;
    }
    await noteSent(store, mail.message_id, { order_id: order.id, way: 'email', kind });
  }

  return {
    async sendMail(orderId, kind) {
      const requisition_pdf = WITH_REQUISITION.includes(kind) ? await documents.requisition(orderId) : null;
      const content = { ...(await contentOf(orderId)), ...(requisition_pdf && { requisition_pdf }) };
      await send(content.order, kind, composeMail(kind, content));
    },

    async sendAppointmentMail(appointmentId, eventNumber, kind) {
      const appointment = appointmentAt(await store.appointments.findById(appointmentId).orFail().lean(), eventNumber);
      const content = await contentOf(appointment.order_id);
      const mail = composeAppointmentMail(kind, { ...content, appointment, event_number: eventNumber });
      await send(content.order, kind, mail);
    },
  };
}
