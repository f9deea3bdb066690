import type { Template } from './content.ts';
import { drawBlocks } from './draw.ts';

/** The laboratory could not complete part of the first sample: the new requisition is here (D6). */
export const redrawNeeded: Template = (content) => {
  const { order, laboratory, team } = content;
  return {
    subject: 'A new sample is needed: your new requisition',
    preheader: `${laboratory.name} could not complete part of your first sample. Here is what to do.`,
    title: 'A new sample is needed',
    blocks: [
      { paragraph: `Hello ${order.patient.first_name},` },
      {
        paragraph: `${laboratory.name} could not complete part of the work on your first sample. This happens from time to time, for example when a tube holds too little, and says nothing about your health.`,
      },
      {
        paragraph: `${team.name} has ordered a second draw for what is still open. The new requisition is attached: please use it and leave the first one at home.`,
      },
      ...drawBlocks(content),
    ],
  };
};
