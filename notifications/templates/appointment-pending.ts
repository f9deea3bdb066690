import type { AppointmentTemplate } from './content.ts';
import { readerOf } from './reader.ts';
import { changeBlocks, fastingBlocks } from './visit.ts';

/** A visit was asked for; the provider finds the time. */
export const appointmentPending: AppointmentTemplate = (content) => {
  const { team, recipient } = content;
  const { name, Your, your } = readerOf(recipient);
  return {
    subject: `${Your} home visit has been requested`,
    preheader: 'A phlebotomist will contact you to set a time.',
    title: `${Your} home visit has been requested`,
    blocks: [
      { paragraph: `Hello ${name},` },
      {
        paragraph: `A home visit for ${your} lab work, ordered by ${team.name}, has been requested. A phlebotomist will contact you to set the day and time. We will write to you again once they are set.`,
      },
      ...fastingBlocks(content),
      ...changeBlocks(content),
    ],
  };
};
