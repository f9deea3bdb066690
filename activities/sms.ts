/** SMS to the patient (F11). */
import { ApplicationFailure } from '@temporalio/common';
import { mailMessageId } from '../domain/ids.ts';
import type { Order } from '../domain/order.ts';
import { type OutgoingSms, SmsRefused } from '../notifications/sms.ts';
import { appointmentReminderSms, appointmentSms, bookingReminderSms, orderSms } from '../notifications/sms-texts.ts';
import { appointmentAt, appointmentOf } from '../store/record-appointment.ts';
import type { ActivityDependencies } from './create-activities.ts';
import type { Activities } from './types.ts';

export function smsActivities({
  store,
  sms,
  bookingUrl,
}: ActivityDependencies): Pick<Activities, 'sendSms' | 'sendAppointmentSms' | 'sendReminder'> {
  async function contentOf(orderId: string) {
    const { order } = await store.orders.findById(orderId).orFail().lean();
    const team = await store.teams.findById(order.team_id).orFail().lean();
    return { order, team, booking_url: await bookingUrl(orderId) };
  }

  async function send({ patient, id }: Order, kind: string, text: string): Promise<void> {
    const message: OutgoingSms = { to: patient.phone_number, text, reference: mailMessageId(id, `sms.${kind}`) };
    try {
      await sms.send(message);
    } catch (error) {
      if (error instanceof SmsRefused) throw ApplicationFailure.nonRetryable(error.message, 'SmsRefused');
      throw error;
    }
  }

  return {
    async sendSms(orderId, kind) {
      const content = await contentOf(orderId);
      await send(content.order, kind, orderSms(kind, content));
    },

    async sendAppointmentSms(appointmentId, eventNumber, kind) {
      const appointment = appointmentAt(await store.appointments.findById(appointmentId).orFail().lean(), eventNumber);
      const content = await contentOf(appointment.order_id);
      const text = appointmentSms(kind, { ...content, appointment });
      await send(content.order, `appointment.${appointmentId}.${eventNumber}`, text);
    },

    async sendReminder(orderId, appointmentId, due) {
      const content = await contentOf(orderId);
      const held = appointmentId && (await store.appointments.findById(appointmentId).orFail().lean());
      const text = held
        ? appointmentReminderSms({ ...content, appointment: appointmentOf(held) })
        : bookingReminderSms(content);
      await send(content.order, `reminder.${due}`, text);
    },
  };
}
