/** The parts that mails about an appointment share. */
import { fastingBefore } from '../fasting-words.ts';
import type { Block } from '../letter.ts';
import { directionsTo, onOneLine, visitDay, visitHours } from '../visit-time.ts';
import type { AppointmentMailContent } from './content.ts';
import { photoId, unsure } from './draw.ts';
import { comeAlong, readerOf } from './reader.ts';

/** When, where, and the number to show; the way there, for who has to go. */
export function visitFacts({ appointment }: AppointmentMailContent): Block[] {
  const { type, address, external_id } = appointment;
  const facts: [string, string | null][] = [
    ['Day', visitDay(appointment)],
    [type === 'phlebotomy' ? 'Arrival window' : 'Time', visitHours(appointment)],
    ['Location', onOneLine(address)],
    ['Appointment number', external_id],
  ];
  return [
    { facts: facts.flatMap(([label, value]) => (value === null ? [] : [[label, value]])) },
    ...(type === 'phlebotomy'
      ? [{ paragraph: 'The phlebotomist will arrive within this window; the draw itself takes a few minutes.' }]
      : [{ button: 'Get directions', href: directionsTo(address) }]),
  ];
}

/** How to change or cancel. */
export function changeBlocks({ booking_url, team }: AppointmentMailContent): Block[] {
  if (!booking_url) return [{ paragraph: `To change or cancel the appointment, contact ${team.name}.` }];
  return [
    { heading: 'Need to make a change?' },
    { paragraph: 'Please change or cancel the appointment as early as possible.' },
    { button: 'Manage your appointment', href: booking_url },
  ];
}

/** How to prepare: nothing where there is nothing to say. */
export function fastingBlocks(content: AppointmentMailContent): Block[] {
  if (!content.fasting) return [];
  const { minor } = readerOf(content.recipient);
  return [
    { heading: 'Before the draw' },
    { paragraph: fastingBefore(content.appointment, minor, content.written_at) },
    { paragraph: unsure(content) },
  ];
}

/** What to have ready, who has to be there, and whether to fast. */
export function readyBlocks(content: AppointmentMailContent): Block[] {
  const reader = readerOf(content.recipient);
  const things = [...photoId(reader.minor), 'The requisition, on paper or on your phone'];
  const where = content.appointment.type === 'phlebotomy' ? ['A place to sit, with good light and a table'] : [];
  return [
    ...fastingBlocks(content),
    { heading: 'What to have ready' },
    { list: [...things, ...where] },
    ...comeAlong(reader).map((paragraph) => ({ paragraph })),
  ];
}
