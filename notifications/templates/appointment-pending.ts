import type { AppointmentTemplate } from './content.ts';
import { changeBlocks } from './visit.ts';

/** A visit was asked for; the company finds the time. */
export const appointmentPending: AppointmentTemplate = (content) => {
  const { order, team } = content;
  return {
    subject: 'Your visit is requested',
    preheader: 'A phlebotomist will settle the time with you.',
    title: 'Your visit is requested',
    blocks: [
      { paragraph: `Hello ${order.patient.first_name},` },
      {
        paragraph: `The visit for the laboratory work that ${team.name} ordered has been requested. A phlebotomist will get in touch to settle the day and time. You will hear from us again as soon as they are fixed.`,
      },
      ...changeBlocks(content),
    ],
  };
};
