/** Orders drawn at home, and visits booked for them as the journey hears of it: without the API in between. */
import { randomUUID } from 'node:crypto';
import type { Appointment, UsAddress } from '../../domain/appointment.ts';
import type { OfferedSlot } from '../../domain/appointment-command.ts';
import type { OrderDocument } from '../../store/documents.ts';
import type { InProcessVenule } from './in-process-venule.ts';

const ADDRESS: UsAddress = {
  first_line: '400 West Lincoln Street',
  second_line: null,
  city: 'Phoenix',
  state: 'AZ',
  zip_code: '85004',
  access_notes: null,
};

/** An order with its requisition, of a patient in Phoenix. */
export async function placeAtHome(
  venule: InProcessVenule,
  ...[changes, policy]: Parameters<InProcessVenule['place']>
): Promise<OrderDocument> {
  const order = await venule.place({ labTest: 'labcorp-lipid-panel-at-home', ...changes }, policy);
  return venule.reaches(order.id, 'requisition_created');
}

/** Slots that getlabs offers from the day after the day after tomorrow on, earliest first. */
export async function offeredSlots(
  venule: InProcessVenule,
  access_notes: string | null = null,
): Promise<OfferedSlot[]> {
  const start_date = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
  const answer = await venule.atCompany('/phlebotomy/getlabs/v1/availability', {
    address: { first_line: ADDRESS.first_line, city: ADDRESS.city, state: ADDRESS.state, zip: ADDRESS.zip_code },
    start_date,
    days: 3,
  });
  return answer.slots.map((slot: { booking_key: string; start: string; end: string }) => ({
    provider: 'getlabs',
    booking_key: slot.booking_key,
    start_at: slot.start,
    end_at: slot.end,
    time_zone: answer.timezone,
    address: { ...ADDRESS, access_notes },
    location: { lng: -112.07, lat: 33.44 },
    site_code: null,
  }));
}

/** Books a slot; @throws AppointmentRefused */
export function bookVisit(
  venule: InProcessVenule,
  document: OrderDocument,
  slot: OfferedSlot | undefined,
  appointment_notes: string | null = null,
): Promise<Appointment> {
  if (!slot) throw new Error('No slot was offered');
  return venule.journeys.appointment(document, { kind: 'book', appointment_id: randomUUID(), slot, appointment_notes });
}
