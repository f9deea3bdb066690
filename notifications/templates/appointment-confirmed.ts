import { visitDay } from '../visit-time.ts';
import type { AppointmentTemplate } from './content.ts';
import { readerOf } from './reader.ts';
import { changeBlocks, readyBlocks, visitFacts } from './visit.ts';

/** The appointment has its time. */
export const appointmentConfirmed: AppointmentTemplate = (content) => {
  const { team, appointment, recipient } = content;
  const { name, Your, your } = readerOf(recipient);
  return {
    subject: `${Your} appointment on ${visitDay(appointment)} is confirmed`,
    preheader: 'The time, the location, and what to have ready.',
    title: `${Your} appointment is confirmed`,
    blocks: [
      { paragraph: `Hello ${name},` },
      {
        paragraph: `The appointment for ${your} lab work, ordered by ${team.name}, is confirmed. Open the attached file to add it to your calendar.`,
      },
      ...visitFacts(content),
      ...readyBlocks(content),
      ...changeBlocks(content),
    ],
  };
};
