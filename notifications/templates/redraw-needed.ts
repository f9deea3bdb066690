import type { Template } from './content.ts';
import { drawBlocks } from './draw.ts';
import { readerOf } from './reader.ts';

/** The laboratory could not complete part of the first sample: the new requisition is here (D6). */
export const redrawNeeded: Template = (content) => {
  const { laboratory, team, recipient } = content;
  const { name, your, minor } = readerOf(recipient);
  return {
    subject: minor
      ? `A new sample of ${minor} is needed: the new requisition`
      : 'A new sample is needed: your new requisition',
    preheader: `${laboratory.name} could not complete part of ${your} first sample. Here is what to do.`,
    title: 'A new sample is needed',
    blocks: [
      { paragraph: `Hello ${name},` },
      {
        paragraph: `${laboratory.name} could not complete part of the work on ${your} first sample. This happens from time to time, for example when a tube holds too little, and says nothing about ${your} health.`,
      },
      {
        paragraph: `${team.name} has ordered a second draw for what is still open. The new requisition is attached: please use it and leave the first one at home.`,
      },
      ...drawBlocks(content),
    ],
  };
};
