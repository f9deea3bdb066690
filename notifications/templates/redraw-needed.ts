import type { Template } from './content.ts';
import { drawBlocks } from './draw.ts';
import { readerOf } from './reader.ts';

/** The laboratory could not complete part of the first sample: the new requisition is here (D6). */
export const redrawNeeded: Template = (content) => {
  const { laboratory, team, recipient } = content;
  const { name, your, minor } = readerOf(recipient);
  return {
    subject: minor
      ? `A new sample from ${minor} is needed: the new requisition is attached`
      : 'A new sample is needed: your new requisition is attached',
    preheader: `${laboratory.name} could not complete all of the tests on ${your} first sample. Here is what to do.`,
    title: 'A new sample is needed',
    blocks: [
      { paragraph: `Hello ${name},` },
      {
        paragraph: `${laboratory.name} could not complete all of the tests on ${your} first sample. This happens from time to time, for example when there is not enough blood in a tube. It says nothing about ${your} health.`,
      },
      {
        paragraph: `${team.name} has ordered a second draw for the remaining tests. The new requisition is attached. Please bring this one, not the first one.`,
      },
      ...drawBlocks(content),
    ],
  };
};
