/** The patient service centres of the sandbox, and how far they are from a ZIP. Nobody works there. */
import { centroidOf, milesBetween } from './geography.ts';
import type { Place } from './slots.ts';
import type { Address } from './wire.ts';

/** A place that patients come to. */
export interface ServiceCentre extends Place {
  code: string;
  name: string;
  address: Address;
  phone: string;
}

const weekdays = (hours: string) => ({
  monday: hours,
  tuesday: hours,
  wednesday: hours,
  thursday: hours,
  friday: hours,
});

const centre = (
  code: string,
  name: string,
  address: [firstLine: string, secondLine: string | null, city: string, state: string, zip: string],
  [lng, lat]: [number, number],
  timezone: string,
  phone: string,
  hours: ServiceCentre['hours'],
): ServiceCentre => {
  const [first_line, second_line, city, state, zip] = address;
  const location = { lng, lat };
  return {
    code,
    name,
    address: { first_line, second_line, city, state, zip },
    location,
    timezone,
    phone,
    hours,
    slotMinutes: 20,
  };
};

/** Every service centre of the sandbox. */
export const SERVICE_CENTRES: ServiceCentre[] = [
  centre(
    'PHX1',
    'Phoenix Downtown',
    ['310 N Central Ave', 'Suite 120', 'Phoenix', 'AZ', '85004'],
    [-112.0742, 33.4522],
    'America/Phoenix',
    '+16025550111',
    { ...weekdays('06:30-15:30'), saturday: '07:00-12:00' },
  ),
  centre(
    'PHX2',
    'Phoenix McDowell Road',
    ['1345 E McDowell Rd', null, 'Phoenix', 'AZ', '85006'],
    [-112.0531, 33.4657],
    'America/Phoenix',
    '+16025550112',
    weekdays('07:00-16:00'),
  ),
  centre(
    'PHX3',
    'Phoenix Uptown',
    ['4520 N Central Ave', 'Suite 210', 'Phoenix', 'AZ', '85012'],
    [-112.0739, 33.504],
    'America/Phoenix',
    '+16025550113',
    weekdays('07:00-15:00'),
  ),
  centre(
    'LSE1',
    'Onalaska',
    ['1180 Crossing Meadows Dr', null, 'Onalaska', 'WI', '54650'],
    [-91.2065, 43.8735],
    'America/Chicago',
    '+16085550114',
    { ...weekdays('07:00-15:30'), saturday: '08:00-11:00' },
  ),
  centre(
    'LSE2',
    'La Crosse State Road',
    ['2840 State Rd', 'Suite 3', 'La Crosse', 'WI', '54601'],
    [-91.2143, 43.7938],
    'America/Chicago',
    '+16085550115',
    weekdays('07:30-16:00'),
  ),
  centre(
    'NYC1',
    'Chelsea',
    ['275 W 28th St', 'Floor 2', 'New York', 'NY', '10001'],
    [-73.9953, 40.7485],
    'America/New_York',
    '+12125550116',
    { ...weekdays('07:00-15:00'), saturday: '07:00-12:00', sunday: '08:00-11:00' },
  ),
  centre(
    'NYC2',
    'Garment District',
    ['224 W 38th St', null, 'New York', 'NY', '10018'],
    [-73.9893, 40.7542],
    'America/New_York',
    '+12125550117',
    weekdays('06:30-15:30'),
  ),
  centre(
    'BKN1',
    'Brooklyn Heights',
    ['41 Clark St', null, 'Brooklyn', 'NY', '11201'],
    [-73.9936, 40.6975],
    'America/New_York',
    '+17185550118',
    weekdays('07:00-15:00'),
  ),
];

/** The centres with these codes; those that there are. */
export function centresNamed(codes: readonly string[]): ServiceCentre[] {
  return SERVICE_CENTRES.filter(({ code }) => codes.includes(code));
}

/** The centres within a radius of a ZIP, the nearest first; none for a ZIP that the sandbox does not know. */
export function centresNear(zip: string, radiusMiles: number): { centre: ServiceCentre; miles: number }[] {
  const from = centroidOf(zip);
  if (!from) return [];
  return SERVICE_CENTRES.map((centre) => ({ centre, miles: milesBetween(from, centre.location) }))
    .filter(({ miles }) => miles <= radiusMiles)
    .toSorted((a, b) => a.miles - b.miles);
}
