import type { Template } from './content.ts';
import { drawBlocks } from './draw.ts';
import { readerOf } from './reader.ts';

/** The requisition exists: the patient can have the sample drawn (A4). */
export const requisitionReady: Template = (content) => {
  const { laboratory, team, recipient } = content;
  const { name, you, Your } = readerOf(recipient);
  return {
    subject: `${Your} ${laboratory.name} requisition is ready`,
    preheader: 'It is attached. Here is where to go and what to bring.',
    title: `${Your} requisition is ready`,
    blocks: [
      { paragraph: `Hello ${name},` },
      {
        paragraph: `${team.name} has ordered lab work for ${you} at ${laboratory.name}. The requisition is attached to this message as a PDF.`,
      },
      ...drawBlocks(content),
    ],
  };
};
