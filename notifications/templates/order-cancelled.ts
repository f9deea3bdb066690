import type { CollectionMethod } from '../../domain/orders/status.ts';
import type { MailContent, Template } from './content.ts';
import { readerOf } from './reader.ts';

/** What the patient still has to do, or need not do (F7). */
const WHAT_NOW: Record<CollectionMethod, (content: MailContent) => string> = {
  walk_in_test: ({ laboratory }) =>
    `You do not need to go to the laboratory, and the requisition is no longer valid. If you made an appointment with ${laboratory.name}, please cancel it there.`,
  at_home_phlebotomy: () => 'No phlebotomist will come: if a visit was booked, it has been canceled, too.',
  on_site_collection: () => 'No sample will be collected, and the requisition is no longer valid.',
  testkit: () => 'If you have already received a kit, please do not send it in.',
};

/** The order was cancelled: what that means, and who knows more. */
export const orderCancelled: Template = (content) => {
  const { order, team, recipient, laboratory, drawn } = content;
  const { name, you, your, Your } = readerOf(recipient);
  const redraw = order.origin === 'redraw';
  return {
    subject: redraw ? `${Your} second draw was canceled` : `${Your} lab order was canceled`,
    preheader: `${team.name} can tell you more.`,
    title: redraw ? `${Your} second draw was canceled` : `${Your} order was canceled`,
    blocks: [
      { paragraph: `Hello ${name},` },
      {
        paragraph: redraw
          ? `The second draw that ${team.name} ordered for ${you} has been canceled. The results from ${your} first sample are kept.`
          : `The lab work that ${team.name} ordered for ${you} has been canceled.`,
      },
      { heading: 'What to do now' },
      {
        paragraph: drawn
          ? `You do not need to do anything. ${laboratory.name} has been asked not to test the sample that was taken.`
          : WHAT_NOW[order.collection_method](content),
      },
      { paragraph: `If you did not expect this, or the lab work is still needed, contact ${team.name}.` },
      { facts: [['Requisition number', order.placer_order_number]] },
    ],
  };
};
