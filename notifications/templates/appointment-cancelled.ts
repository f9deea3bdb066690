import type { Block } from '../letter.ts';
import { visitDay } from '../visit-time.ts';
import type { AppointmentMailContent, AppointmentTemplate } from './content.ts';
import { readerOf } from './reader.ts';

/** The appointment is off: how to make another. */
export const appointmentCancelled: AppointmentTemplate = (content) => {
  const { team, appointment, recipient } = content;
  const { name, Your, your } = readerOf(recipient);
  const day = visitDay(appointment);
  const nothing = appointment.type === 'phlebotomy' ? 'Nobody will come.' : 'There is no need to go there.';
  return {
    subject: `${Your} appointment was canceled`,
    preheader: content.booking_url ? 'You can choose another time.' : `${team.name} can tell you more.`,
    title: `${Your} appointment was canceled`,
    blocks: [
      { paragraph: `Hello ${name},` },
      {
        paragraph: `${day ? `The appointment on ${day}` : 'The appointment'} for ${your} laboratory work has been canceled. ${nothing} ${team.name} ordered the work.`,
      },
      ...another(content),
    ],
  };
};

function another({ booking_url, team }: AppointmentMailContent): Block[] {
  if (!booking_url) return [{ paragraph: `If you did not expect this, contact ${team.name}.` }];
  return [
    { heading: 'What to do now' },
    { paragraph: 'The laboratory order is still good. Please choose another time.' },
    { button: 'Choose another time', href: booking_url },
  ];
}
