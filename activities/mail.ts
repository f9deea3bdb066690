/** Mail to the patient or a minor's guardian (A4, F11, G6); none to who asked the team for no more. */
import { ApplicationFailure } from '@temporalio/common';
import type { Order } from '../domain/orders/order.ts';
import { composeAppointmentMail, composeMail } from '../notifications/compose.ts';
import { MailRefused, type OutgoingMail } from '../notifications/mailer.ts';
import { appointmentAt } from '../store/appointments/held-appointment.ts';
import { holdBack, noteSent } from '../store/messages/message-log.ts';
import { isUnsubscribed } from '../store/messages/unsubscriptions.ts';
import { announcesNothing, correspondence } from './correspondence.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { Activities } from './types.ts';

const WITH_REQUISITION: readonly string[] = ['requisition_ready', 'redraw_needed'];

export function mailActivities(
  dependencies: ActivityDependencies,
): Pick<Activities, 'sendMail' | 'sendAppointmentMail'> {
  const { store, mailer, documents, unsubscribeUrl } = dependencies;
  const about = correspondence(dependencies);

  async function contentOf(orderId: string) {
    const content = await about(orderId);
    return { ...content, unsubscribe_url: await unsubscribeUrl(content.order.team_id, content.recipient.email) };
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
      if (announcesNothing(kind, content.document)) return;
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
