/** The patient service centers of the sandbox's laboratories, and how far they are from a ZIP. Nobody works there. */
import { centroidOf, milesBetween } from './geography.ts';
import type { Place } from './slots.ts';
import type { Address } from './wire.ts';

/** A place that patients come to. */
export interface ServiceCenter extends Place {
  /** Slug of the laboratory whose center it is. */
  provider: string;
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

const center = (
  provider: string,
  code: string,
  name: string,
  address: [firstLine: string, secondLine: string | null, city: string, state: string, zip: string],
  [lng, lat]: [number, number],
  timezone: string,
  phone: string,
  hours: ServiceCenter['hours'],
): ServiceCenter => {
  const [first_line, second_line, city, state, zip] = address;
  const location = { lng, lat };
  return {
    provider,
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

const SERVICE_CENTERS: ServiceCenter[] = [
  center(
    'quest',
    'PHX1',
    'Phoenix Downtown',
    ['310 N Central Ave', 'Suite 120', 'Phoenix', 'AZ', '85004'],
    [-112.0742, 33.4522],
    'America/Phoenix',
    '+16025550111',
    { ...weekdays('06:30-15:30'), saturday: '07:00-12:00' },
  ),
  center(
    'quest',
    'PHX2',
    'Phoenix McDowell Road',
    ['1345 E McDowell Rd', null, 'Phoenix', 'AZ', '85006'],
    [-112.0531, 33.4657],
    'America/Phoenix',
    '+16025550112',
    weekdays('07:00-16:00'),
  ),
  center(
    'quest',
    'PHX3',
    'Phoenix Uptown',
    ['4520 N Central Ave', 'Suite 210', 'Phoenix', 'AZ', '85012'],
    [-112.0739, 33.504],
    'America/Phoenix',
    '+16025550113',
    weekdays('07:00-15:00'),
  ),
  center(
    'quest',
    'LSE1',
    'Onalaska',
    ['1180 Crossing Meadows Dr', null, 'Onalaska', 'WI', '54650'],
    [-91.2065, 43.8735],
    'America/Chicago',
    '+16085550114',
    { ...weekdays('07:00-15:30'), saturday: '08:00-11:00' },
  ),
  center(
    'quest',
    'LSE2',
    'La Crosse State Road',
    ['2840 State Rd', 'Suite 3', 'La Crosse', 'WI', '54601'],
    [-91.2143, 43.7938],
    'America/Chicago',
    '+16085550115',
    weekdays('07:30-16:00'),
  ),
  center(
    'quest',
    'NYC1',
    'Chelsea',
    ['275 W 28th St', 'Floor 2', 'New York', 'NY', '10001'],
    [-73.9953, 40.7485],
    'America/New_York',
    '+12125550116',
    { ...weekdays('07:00-15:00'), saturday: '07:00-12:00', sunday: '08:00-11:00' },
  ),
  center(
    'quest',
    'NYC2',
    'Garment District',
    ['224 W 38th St', null, 'New York', 'NY', '10018'],
    [-73.9893, 40.7542],
    'America/New_York',
    '+12125550117',
    weekdays('06:30-15:30'),
  ),
  center(
    'quest',
    'BKN1',
    'Brooklyn Heights',
    ['41 Clark St', null, 'Brooklyn', 'NY', '11201'],
    [-73.9936, 40.6975],
    'America/New_York',
    '+17185550118',
    weekdays('07:00-15:00'),
  ),
  center(
    'labcorp',
    'LCPHX1',
    'Phoenix Midtown',
    ['2140 N 7th St', null, 'Phoenix', 'AZ', '85006'],
    [-112.0649, 33.4719],
    'America/Phoenix',
    '+16025550121',
    weekdays('07:00-16:00'),
  ),
  center(
    'labcorp',
    'LCPHX2',
    'Phoenix Roosevelt',
    ['711 N 1st Ave', 'Suite 4', 'Phoenix', 'AZ', '85003'],
    [-112.0757, 33.4567],
    'America/Phoenix',
    '+16025550122',
    { ...weekdays('06:30-15:00'), saturday: '07:00-11:00' },
  ),
  center(
    'labcorp',
    'LCLSE1',
    'La Crosse Losey Boulevard',
    ['1825 Losey Blvd S', null, 'La Crosse', 'WI', '54601'],
    [-91.2196, 43.7979],
    'America/Chicago',
    '+16085550123',
    weekdays('07:00-15:30'),
  ),
  center(
    'labcorp',
    'LCNYC1',
    'Midtown South',
    ['15 W 34th St', 'Floor 6', 'New York', 'NY', '10001'],
    [-73.9852, 40.7491],
    'America/New_York',
    '+12125550124',
    { ...weekdays('07:00-15:30'), saturday: '07:30-11:30' },
  ),
  center(
    'bioreference',
    'BRPHX1',
    'Phoenix Encanto',
    ['1802 N 15th Ave', null, 'Phoenix', 'AZ', '85007'],
    [-112.0912, 33.4685],
    'America/Phoenix',
    '+16025550131',
    weekdays('07:00-15:30'),
  ),
  center(
    'bioreference',
    'BRLSE1',
    'Onalaska Main Street',
    ['412 Main St', 'Suite 2', 'Onalaska', 'WI', '54650'],
    [-91.2352, 43.8847],
    'America/Chicago',
    '+16085550132',
    weekdays('08:00-15:00'),
  ),
  center(
    'bioreference',
    'BRNYC1',
    'Flatiron',
    ['40 W 23rd St', null, 'New York', 'NY', '10010'],
    [-73.9918, 40.7419],
    'America/New_York',
    '+12125550133',
    weekdays('07:00-15:00'),
  ),
  center(
    'bioreference',
    'BRBKN1',
    'Downtown Brooklyn',
    ['95 Court St', 'Floor 2', 'Brooklyn', 'NY', '11201'],
    [-73.9921, 40.6903],
    'America/New_York',
    '+17185550134',
    { ...weekdays('07:00-15:00'), saturday: '08:00-12:00' },
  ),
];

const centersOf = (provider: string) => SERVICE_CENTERS.filter((center) => center.provider === provider);

/** A laboratory's center of that code, if there is one. */
export function centerOf(provider: string, code: string | null): ServiceCenter | undefined {
  return centersOf(provider).find((center) => center.code === code);
}

/** A laboratory's centers with these codes; those that there are. */
export function centersNamed(provider: string, codes: readonly string[]): ServiceCenter[] {
  return centersOf(provider).filter(({ code }) => codes.includes(code));
}

/** A laboratory's centers within a radius of a ZIP, the nearest first; none for a ZIP that there is not. */
export function centersNear(
  provider: string,
  zip: string,
  radiusMiles: number,
): { center: ServiceCenter; miles: number }[] {
  const from = centroidOf(zip);
  if (!from) return [];
  return centersOf(provider)
    .map((center) => ({ center, miles: milesBetween(from, center.location) }))
    .filter(({ miles }) => miles <= radiusMiles)
    .toSorted((a, b) => a.miles - b.miles);
}
