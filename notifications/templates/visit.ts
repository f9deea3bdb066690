/** The parts that mails about an appointment share. */

import type { Block } from '../letter.ts';
import { onOneLine, visitDay, visitHours } from '../visit-time.ts';
import type { AppointmentMailContent } from './content.ts';

/** When, where, and the number to show. */
export function visitFacts({ appointment }: AppointmentMailContent): Block {
  const facts: [string, string | null][] = [
    ['Day', visitDay(appointment)],
    ['Time', visitHours(appointment)],
    ['Place', onOneLine(appointment.address)],
    ['Appointment number', appointment.external_id],
  ];
  return { facts: facts.flatMap(([label, value]) => (value === null ? [] : [[label, value]])) };
}

/** How to change or cancel. */
export function changeBlocks({ booking_url, team }: AppointmentMailContent): Block[] {
  if (!booking_url) return [{ paragraph: `To change or cancel the appointment, contact ${team.name}.` }];
  return [
    { heading: 'Does the time no longer suit you?' },
    { paragraph: 'Please change or cancel the appointment as early as you can.' },
    { button: 'Manage your appointment', href: booking_url },
  ];
}

/** What to have ready. */
export function readyBlocks({ appointment }: AppointmentMailContent): Block[] {
  const things = ['A photo ID', 'Your requisition, on paper or on your phone'];
  const where = appointment.type === 'phlebotomy' ? ['A place to sit, with good light and a table'] : [];
  return [{ heading: 'What to have ready' }, { list: [...things, ...where] }];
}
