import type { AppointmentTemplate } from './content.ts';
import { readerOf } from './reader.ts';
import { changeBlocks, fastingBlocks } from './visit.ts';

/** A visit was asked for; the company finds the time. */
export const appointmentPending: AppointmentTemplate = (content) => {
  const { team, recipient } = content;
  const { name, Your, your } = readerOf(recipient);
  return {
    subject: `${Your} visit is requested`,
    preheader: 'A phlebotomist will settle the time with you.',
    title: `${Your} visit is requested`,
    blocks: [
      { paragraph: `Hello ${name},` },
      {
        paragraph: `The visit for ${your} laboratory work, ordered by ${team.name}, has been requested. A phlebotomist will get in touch to settle the day and time. You will hear from us again as soon as they are fixed.`,
      },
      ...fastingBlocks(content),
      ...changeBlocks(content),
    ],
  };
};
