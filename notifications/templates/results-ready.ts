import type { Template } from './content.ts';
import { readerOf } from './reader.ts';

/** Results are there. Says so and where to see them, nothing about them (F11). */
export const resultsReady: Template = ({ order, team, recipient }) => {
  const { name, you, your, Your } = readerOf(recipient);
  return {
    subject: `${Your} laboratory results are ready`,
    preheader: `${team.name} has them and can go through them with you.`,
    title: `${Your} results are ready`,
    blocks: [
      { paragraph: `Hello ${name},` },
      { paragraph: `The laboratory has reported, and ${team.name} has ${your} results.` },
      { heading: 'Where to see them' },
      {
        paragraph: `To protect ${your} privacy they are not in this message. Sign in with ${team.name} or get in touch to see them and to talk about what they mean for ${you}.`,
      },
      { facts: [['Requisition number', order.placer_order_number]] },
    ],
  };
};
