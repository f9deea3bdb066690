import type { Block } from '../letter.ts';
import { visitDay } from '../visit-time.ts';
import type { AppointmentMailContent, AppointmentTemplate } from './content.ts';
import { readerOf } from './reader.ts';

/** The appointment is off: how to make another. */
export const appointmentCancelled: AppointmentTemplate = (content) => {
  const { team, appointment, recipient } = content;
  const { name, Your, your } = readerOf(recipient);
  const day = visitDay(appointment);
  const nothing = appointment.type === 'phlebotomy' ? 'No phlebotomist will come.' : 'You do not need to go there.';
  return {
    subject: `${Your} appointment was canceled`,
    preheader: content.booking_url ? 'You can choose another time.' : `${team.name} can tell you more.`,
    title: `${Your} appointment was canceled`,
    blocks: [
      { paragraph: `Hello ${name},` },
      {
        paragraph: `${day ? `The appointment on ${day}` : 'The appointment'} for ${your} lab work, ordered by ${team.name}, has been canceled. ${nothing}`,
      },
      ...another(content),
    ],
  };
};

function another({ booking_url, team }: AppointmentMailContent): Block[] {
  if (!booking_url) return [{ paragraph: `If you did not expect this, contact ${team.name}.` }];
  return [
    { heading: 'What to do now' },
    { paragraph: 'The lab order is still valid. Please choose another time.' },
    { button: 'Choose another time', href: booking_url },
  ];
}
