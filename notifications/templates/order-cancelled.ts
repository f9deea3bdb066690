import type { CollectionMethod } from '../../domain/status.ts';
import type { MailContent, Template } from './content.ts';
import { readerOf } from './reader.ts';

/** What the patient still has to do, or need not do (F7). */
const WHAT_NOW: Record<CollectionMethod, (content: MailContent) => string> = {
  walk_in_test: ({ laboratory }) =>
    `There is no need to go to the laboratory, and a requisition you may have for it is no longer valid. If you made an appointment with ${laboratory.name}, please cancel it there.`,
  at_home_phlebotomy: () => 'No phlebotomist will come: a visit that was booked is canceled, too.',
  on_site_collection: () => 'No sample will be collected, and a requisition you may have for it is no longer valid.',
  testkit: () => 'If a kit has reached you already, please do not send it in.',
};

/** The order was cancelled: what that means, and who knows more. */
export const orderCancelled: Template = (content) => {
  const { order, team, recipient } = content;
  const { name, you, your, Your } = readerOf(recipient);
  const redraw = order.origin === 'redraw';
  return {
    subject: redraw ? `${Your} second draw was canceled` : `${Your} laboratory order was canceled`,
    preheader: `${team.name} can tell you more.`,
    title: redraw ? `${Your} second draw was canceled` : `${Your} order was canceled`,
    blocks: [
      { paragraph: `Hello ${name},` },
      {
        paragraph: redraw
          ? `The second draw that ${team.name} ordered for ${you} has been canceled. What the laboratory reported on ${your} first sample is kept.`
          : `The laboratory work that ${team.name} ordered for ${you} has been canceled.`,
      },
      { heading: 'What to do now' },
      { paragraph: WHAT_NOW[order.collection_method](content) },
      { paragraph: `If you did not expect this, or the work is still needed, contact ${team.name}.` },
      { facts: [['Requisition number', order.placer_order_number]] },
    ],
  };
};
