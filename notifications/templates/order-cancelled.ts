import type { CollectionMethod } from '../../domain/status.ts';
import type { MailContent, Template } from './content.ts';

/** What the patient still has to do, or need not do (F7). */
const WHAT_NOW: Record<CollectionMethod, (content: MailContent) => string> = {
  walk_in_test: ({ laboratory }) =>
    `You do not need to go to the laboratory, and a requisition you may have for it is no longer valid. If you made an appointment with ${laboratory.name}, please cancel it there.`,
  at_home_phlebotomy: () => 'No phlebotomist will visit you: a visit that was booked is cancelled, too.',
  on_site_collection: () => 'No sample will be collected, and a requisition you may have for it is no longer valid.',
  testkit: () => 'If a kit has reached you already, please do not send it in.',
};

/** The order was cancelled: what that means, and who knows more. */
export const orderCancelled: Template = (content) => {
  const { order, team } = content;
  const redraw = order.origin === 'redraw';
  return {
    subject: redraw ? 'Your second draw was cancelled' : 'Your laboratory order was cancelled',
    preheader: `${team.name} can tell you more.`,
    title: redraw ? 'Your second draw was cancelled' : 'Your order was cancelled',
    blocks: [
      { paragraph: `Hello ${order.patient.first_name},` },
      {
        paragraph: redraw
          ? `The second draw that ${team.name} ordered for you has been cancelled. What the laboratory reported on your first sample is kept.`
          : `The laboratory work that ${team.name} ordered for you has been cancelled.`,
      },
      { heading: 'What to do now' },
      { paragraph: WHAT_NOW[order.collection_method](content) },
      { paragraph: `If you did not expect this, or still need the work done, contact ${team.name}.` },
      { facts: [['Requisition number', order.placer_order_number]] },
    ],
  };
};
