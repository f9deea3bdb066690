import { visitDay } from '../visit-time.ts';
import type { AppointmentTemplate } from './content.ts';
import { changeBlocks, readyBlocks, visitFacts } from './visit.ts';

/** The appointment has its time. */
export const appointmentConfirmed: AppointmentTemplate = (content) => {
  const { order, team, appointment } = content;
  return {
    subject: `Your appointment on ${visitDay(appointment)} is confirmed`,
    preheader: 'The time, the place, and what to have ready.',
    title: 'Your appointment is confirmed',
    blocks: [
      { paragraph: `Hello ${order.patient.first_name},` },
      {
        paragraph: `The appointment for the laboratory work that ${team.name} ordered is confirmed. The attached file puts it into your calendar.`,
      },
      visitFacts(content),
      ...readyBlocks(content),
      ...changeBlocks(content),
    ],
  };
};
