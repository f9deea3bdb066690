/** Mail to the patient (A4, F11). */
import { ApplicationFailure } from '@temporalio/common';
import { mailMessageId } from '../domain/ids.ts';
import { composeMail } from '../notifications/compose.ts';
import { MailRefused } from '../notifications/mailer.ts';
import type { ActivityDependencies } from './create-activities.ts';
import type { Activities } from './types.ts';

const WITH_REQUISITION = ['requisition_ready', 'redraw_needed'];

export function mailActivities({ store, catalogue, mailer, documents }: ActivityDependencies): Pick<Activities, 'sendMail'> {
  return {
    async sendMail(orderId, kind) {
      const { order } = await store.orders.findById(orderId).orFail().lean();
      const team = await store.teams.findById(order.team_id).orFail().lean();
      const laboratory = catalogue.laboratoriesBySlug.get(order.lab_slug);
      if (!laboratory) throw new Error(`Laboratory ${order.lab_slug} is not in the catalogue`);
      const requisition_pdf = WITH_REQUISITION.includes(kind) ? await documents.requisition(orderId) : null;
      const mail = composeMail(kind, {
        order,
        team,
        laboratory,
        ...(requisition_pdf && { requisition_pdf }),
      });
      try {
        await mailer.send(mail);
      } catch (error) {
        if (error instanceof MailRefused) throw ApplicationFailure.nonRetryable(error.message, 'MailRefused');
        throw error;
      }
    },
  };
}
