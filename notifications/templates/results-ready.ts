import type { Template } from './content.ts';
import { readerOf } from './reader.ts';

/** Results are there. Says so and where to see them, nothing about them (F11). */
export const resultsReady: Template = ({ order, team, recipient }) => {
  const { name, you, your, Your } = readerOf(recipient);
  return {
    subject: `${Your} lab results are ready`,
    preheader: `${team.name} has them and can go over them with you.`,
    title: `${Your} results are ready`,
    blocks: [
      { paragraph: `Hello ${name},` },
      { paragraph: `${team.name} has received ${your} lab results.` },
      { heading: 'Where to see them' },
      {
        paragraph: `To protect ${your} privacy, they are not in this message. To see them and to discuss what they mean for ${you}, sign in to your ${team.name} account or contact ${team.name}.`,
      },
      { facts: [['Requisition number', order.placer_order_number]] },
    ],
  };
};
