/** SMS to the patient or a minor's guardian (F11, G6); none about an order whose SMS are off, and none after STOP. */
import { ApplicationFailure } from '@temporalio/common';
import { type Appointment, BOOKED_BY_PATIENTS } from '../domain/appointments/appointment.ts';
import { mailMessageId } from '../domain/ids.ts';
import { type HeldBackReason, mailedInstead } from '../domain/messages/messages.ts';
import type { Recipient } from '../domain/messages/recipient.ts';
import { type PlannedVisit, reminderDue } from '../domain/messages/reminders.ts';
import { type OutgoingSms, SmsRefused } from '../notifications/sms.ts';
import { appointmentReminderSms, appointmentSms, bookingReminderSms, orderSms } from '../notifications/sms-texts.ts';
import { appointmentAt, appointmentOf } from '../store/appointments/held-appointment.ts';
import type { OrderDocument } from '../store/collections/orders.ts';
import { smsEnabled } from '../store/messages/communication-settings.ts';
import { holdBack, noteSent } from '../store/messages/message-log.ts';
import { announcesNothing, correspondence } from './correspondence.ts';
import type { ActivityDependencies } from './dependencies.ts';
import type { Activities } from './types.ts';

const SMS_REFUSED = 'SmsRefused';

/** @param sendAppointmentMail Reaches whom no SMS reaches. */
export function smsActivities(
  dependencies: ActivityDependencies,
  { sendAppointmentMail }: Pick<Activities, 'sendAppointmentMail'>,
): Pick<Activities, 'sendSms' | 'sendAppointmentSms' | 'sendReminder'> {
  const { store, sms } = dependencies;
  const about = correspondence(dependencies);

  async function contentOf(orderId: string) {
    const content = await about(orderId);
    return { ...content, minor: content.recipient.guardian_of };
  }

  /**
   * @param occasion What tells the message from others about the order.
   * @returns Why it was held back; null when it was sent.
   */
  async function send(
    { document, recipient }: { document: OrderDocument; recipient: Recipient },
    kind: string,
    occasion: string,
    text: string,
  ): Promise<HeldBackReason | null> {
    const { id } = document.order;
    const message: OutgoingSms = { to: recipient.phone_number, text, reference: mailMessageId(id, `sms.${occasion}`) };
    const heldBack = async (reason: HeldBackReason) => {
      await holdBack(store, message.reference, { order_id: id, way: 'sms', kind, reason });
      return reason;
    };
    if (!smsEnabled(document)) return heldBack('sms_off');
    try {
      await sms.send(message);
    } catch (error) {
      if (!(error instanceof SmsRefused)) throw error;
      if (error.optedOut) return heldBack('opted_out');
      throw ApplicationFailure.nonRetryable(error.message, SMS_REFUSED);
    }
    await noteSent(store, message.reference, { order_id: id, way: 'sms', kind });
    return null;
  }

  return {
    async sendSms(orderId, kind) {
      const content = await contentOf(orderId);
      if (announcesNothing(kind, content.document)) return;
      await send(content, kind, kind, orderSms(kind, content));
    },

    async sendAppointmentSms(appointmentId, eventNumber, kind) {
      const appointment = appointmentAt(await store.appointments.findById(appointmentId).orFail().lean(), eventNumber);
      const content = await contentOf(appointment.order_id);
      const text = appointmentSms(kind, { ...content, appointment });
      const isMailedInstead = mailedInstead(kind, content.order);
      try {
        const heldBack = await send(content, kind, `appointment.${appointmentId}.${eventNumber}`, text);
        if (heldBack && isMailedInstead) await sendAppointmentMail(appointmentId, eventNumber, kind);
      } catch (error) {
        const isRefused = error instanceof ApplicationFailure && error.type === SMS_REFUSED;
        if (isRefused && isMailedInstead) await sendAppointmentMail(appointmentId, eventNumber, kind);
        throw error;
      }
    },

    async sendReminder(orderId, visit, due) {
      const content = await contentOf(orderId);
      const { last_status: status, appointment_id, order } = content.document;
      // Planned by orders of before for which nothing is booked.
      if (!BOOKED_BY_PATIENTS.includes(order.collection_method)) return;
      const held = appointment_id ? await store.appointments.findById(appointment_id).orFail().lean() : null;
      const appointment = held && appointmentOf(held);
      const of = reminderDue({ status, collection_method: order.collection_method }, appointment);
      if (of === 'booking' && !visit) {
        await send(content, 'booking_reminder', `reminder.${due}`, bookingReminderSms(content));
      } else if (of === 'appointment' && visit && appointment && isStill(appointment, visit)) {
        const text = appointmentReminderSms({ ...content, appointment });
        await send(content, 'appointment_reminder', `reminder.${due}`, text);
      }
    },
  };
}

/** Whether an appointment is the visit that a reminder was planned for, and has yet to begin. */
function isStill({ id, start_at }: Appointment, visit: PlannedVisit): boolean {
  return id === visit.id && start_at !== null && start_at === visit.start_at && Date.parse(start_at) > Date.now();
}
