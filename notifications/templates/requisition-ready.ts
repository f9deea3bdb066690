import type { Template } from './content.ts';
import { drawBlocks } from './draw.ts';

/** The requisition exists: the patient can have the sample drawn (A4). */
export const requisitionReady: Template = (content) => {
  const { order, laboratory, team } = content;
  return {
    subject: `Your ${laboratory.name} requisition is ready`,
    preheader: 'It is attached. Here is where to go and what to bring.',
    title: 'Your requisition is ready',
    blocks: [
      { paragraph: `Hello ${order.patient.first_name},` },
      {
        paragraph: `${team.name} has ordered laboratory work for you at ${laboratory.name}. Your requisition is attached to this message as a PDF.`,
      },
      ...drawBlocks(content),
    ],
  };
};
