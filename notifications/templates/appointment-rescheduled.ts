import { visitDay } from '../visit-time.ts';
import type { AppointmentTemplate } from './content.ts';
import { readerOf } from './reader.ts';
import { changeBlocks, readyBlocks, visitFacts } from './visit.ts';

/** The appointment has another time. */
export const appointmentRescheduled: AppointmentTemplate = (content) => {
  const { team, appointment, recipient } = content;
  const { name, Your, your } = readerOf(recipient);
  return {
    subject: `${Your} appointment has moved to ${visitDay(appointment)}`,
    preheader: 'The new time replaces the previous one.',
    title: `${Your} appointment has a new time`,
    blocks: [
      { paragraph: `Hello ${name},` },
      {
        paragraph: `The appointment for ${your} lab work, ordered by ${team.name}, has been moved. The new time replaces the previous one. Open the attached file to update your calendar.`,
      },
      ...visitFacts(content),
      ...readyBlocks(content),
      ...changeBlocks(content),
    ],
  };
};
