/** What must be true before a provider is asked for an appointment (C1, C3). Each rule answers in words for the caller. */

import { ageOn, todayIn } from '../calendar.ts';
import type { AppointmentType } from './appointment.ts';

const OLD_ENOUGH = 18;

/** An appointment that somebody would like to make. */
export interface WantedAppointment {
  type: AppointmentType;
  /** Date of birth of the patient, `YYYY-MM-DD`. */
  dob: string;
  /** ISO instant; null when the provider finds the time. */
  start_at: string | null;
  /** IANA zone of the place; the team's for an appointment without a time (F2). */
  time_zone: string;
}

/** What speaks against the appointment, in words; empty when nothing does. */
export function appointmentFaults({ type, dob, start_at, time_zone }: WantedAppointment, now: Date): string[] {
  const when = start_at === null ? now : new Date(start_at);
  return [
    ...(type === 'phlebotomy' && ageOn(dob, todayIn(time_zone, when)) < OLD_ENOUGH
      ? [
          `Phlebotomists do not visit patients under ${OLD_ENOUGH}, and the patient is younger on the day of the appointment`,
        ]
      : []),
    ...(when.getTime() < now.getTime() ? ['The appointment would start in the past'] : []),
  ];
}

/** The lines of an address, taken apart. */
export interface AddressParts {
  /** As written, both lines. */
  text: string;
  /** Of the house; null when there is none. */
  number: string | null;
  /** Name of the street without its type; null when there is none. */
  street: string | null;
  /** `St`, `Ave` …; null when the street has none. */
  street_type: string | null;
  /** Apartment, suite, floor …; null when none is named. */
  unit: string | null;
  /** Whether a post office box is named. */
  po_box: boolean;
}

/** Why a phlebotomist could not get to that address (C3); empty when one can. */
export function addressFaults({ number, street, po_box }: AddressParts): string[] {
  if (po_box) return ['A phlebotomist cannot visit a PO box: give only the street address'];
  if (number === null || street === null) return ['The address has no street number'];
  return [];
}

/** Words for buildings in which a door needs a number of its own. */
const MANY_HOMES =
  /\b(apartments?|apts?|bldg|building|complex|condos?|condominiums?|dorm|dormitory|flats|lofts?|mobile home|residences?|suites?|tenements?|towers?|trailer|units?|villas)\b/i;

/** What the phlebotomist may miss at an address that can be reached otherwise (C3); empty when nothing. */
export function addressWarnings({ text, street, street_type, unit }: AddressParts): string[] {
  const clue = MANY_HOMES.exec(text)?.[0];
  if (unit !== null || clue === undefined) return [];
  const namesTheStreet = street_type !== null && street?.toLowerCase().split(' ').includes(clue.toLowerCase());
  if (namesTheStreet) return [];
  return [`The address seems to be in a building with several units ("${clue}") but has no unit number: add the unit`];
}
