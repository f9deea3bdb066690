/** SMS to the patient (F11); none about an order whose SMS are switched off, and none to who has opted out. */
import { ApplicationFailure } from '@temporalio/common';
import type { Appointment } from '../domain/appointment.ts';
import { mailMessageId } from '../domain/ids.ts';
import type { HeldBackReason } from '../domain/messages.ts';
import { type PlannedVisit, reminderDue } from '../domain/reminders.ts';
import { type OutgoingSms, SmsRefused } from '../notifications/sms.ts';
import { appointmentReminderSms, appointmentSms, bookingReminderSms, orderSms } from '../notifications/sms-texts.ts';
import { smsEnabled } from '../store/communication-settings.ts';
import type { OrderDocument } from '../store/documents.ts';
import { appointmentAt, appointmentOf } from '../store/held-appointment.ts';
import { holdBack, noteSent } from '../store/message-log.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { Activities } from './types.ts';

export function smsActivities({
  store,
  sms,
  bookingUrl,
}: ActivityDependencies): Pick<Activities, 'sendSms' | 'sendAppointmentSms' | 'sendReminder'> {
  async function contentOf(orderId: string) {
    const document = await store.orders.findById(orderId).orFail().lean<OrderDocument>();
    const team = await store.teams.findById(document.team_id).orFail().lean();
    return { document, content: { order: document.order, team, booking_url: await bookingUrl(orderId) } };
  }

  /** @param occasion What tells the message from others about the order. */
  async function send(document: OrderDocument, kind: string, occasion: string, text: string): Promise<void> {
    const { id, patient } = document.order;
    const message: OutgoingSms = { to: patient.phone_number, text, reference: mailMessageId(id, `sms.${occasion}`) };
    const heldBack = (reason: HeldBackReason) =>
      holdBack(store, message.reference, { order_id: id, way: 'sms', kind, reason });
    if (!smsEnabled(document)) return heldBack('sms_off');
    try {
      await sms.send(message);
    } catch (error) {
      if (!(error instanceof SmsRefused)) throw error;
      if (error.optedOut) return heldBack('opted_out');
      throw ApplicationFailure.nonRetryable(error.message, 'SmsRefused');
    }
    await noteSent(store, message.reference, { order_id: id, way: 'sms', kind });
  }

  return {
    async sendSms(orderId, kind) {
      const { document, content } = await contentOf(orderId);
      await send(document, kind, kind, orderSms(kind, content));
    },

    async sendAppointmentSms(appointmentId, eventNumber, kind) {
      const appointment = appointmentAt(await store.appointments.findById(appointmentId).orFail().lean(), eventNumber);
      const { document, content } = await contentOf(appointment.order_id);
      const text = appointmentSms(kind, { ...content, appointment });
      await send(document, kind, `appointment.${appointmentId}.${eventNumber}`, text);
    },

    async sendReminder(orderId, visit, due) {
      const { document, content } = await contentOf(orderId);
      const { last_status: status, appointment_id, order } = document;
      const held = appointment_id ? await store.appointments.findById(appointment_id).orFail().lean() : null;
      const appointment = held && appointmentOf(held);
      const of = reminderDue({ status, collection_method: order.collection_method }, appointment);
      if (of === 'booking' && !visit) {
        await send(document, 'booking_reminder', `reminder.${due}`, bookingReminderSms(content));
      } else if (of === 'appointment' && visit && appointment && isStill(appointment, visit)) {
        const text = appointmentReminderSms({ ...content, appointment });
        await send(document, 'appointment_reminder', `reminder.${due}`, text);
      }
    },
  };
}

/** Whether an appointment is the visit that a reminder was planned for, and has yet to begin. */
function isStill({ id, start_at }: Appointment, visit: PlannedVisit): boolean {
  return id === visit.id && start_at !== null && start_at === visit.start_at && Date.parse(start_at) > Date.now();
}
