import type { Block } from '../letter.ts';
import { visitDay } from '../visit-time.ts';
import type { AppointmentMailContent, AppointmentTemplate } from './content.ts';

/** The appointment is off: how to make another. */
export const appointmentCancelled: AppointmentTemplate = (content) => {
  const { order, team, appointment } = content;
  const day = visitDay(appointment);
  return {
    subject: 'Your appointment was cancelled',
    preheader: content.booking_url ? 'You can choose another time.' : `${team.name} can tell you more.`,
    title: 'Your appointment was cancelled',
    blocks: [
      { paragraph: `Hello ${order.patient.first_name},` },
      {
        paragraph: `${day ? `The appointment on ${day}` : 'The appointment'} for the laboratory work that ${team.name} ordered has been cancelled. Nobody will come.`,
      },
      ...another(content),
    ],
  };
};

function another({ booking_url, team }: AppointmentMailContent): Block[] {
  if (!booking_url) return [{ paragraph: `If you did not expect this, contact ${team.name}.` }];
  return [
    { heading: 'What to do now' },
    { paragraph: 'Your laboratory order is still good. Please choose another time.' },
    { button: 'Choose another time', href: booking_url },
  ];
}
