/** The phlebotomy providers of the sandbox: data. */
import { centroidOf } from './geography.ts';
import { centreOf, centresNear } from './service-centers.ts';
import { everyDay, type Place } from './slots.ts';
import type { Address } from './wire.ts';

export interface Company {
  provider: string;
  /** Whether the caller picks a slot or the company finds the time; null for a laboratory that only lists its places. */
  serviceType: 'appointment-ready' | 'appointment-request' | null;
  /** The ZIP a mobile company covers, with the calendar of its phlebotomists; absent where patients come to a centre. */
  area?: { zip: string; place: Place };
  priceCents: number;
  /** What appointment numbers begin with. */
  numberPrefix: string;
}

const area = (zip: string, timezone: string, hours: string, slotMinutes: number): Company['area'] => ({
  zip,
  place: {
    code: null,
    timezone,
    hours: everyDay(hours),
    slotMinutes,
    location: centroidOf(zip) ?? { lng: 0, lat: 0 },
  },
});

/** Every company of the sandbox, by its slug. */
export const COMPANIES: ReadonlyMap<string, Company> = new Map(
  [
    {
      provider: 'getlabs',
      serviceType: 'appointment-ready' as const,
      area: area('85004', 'America/Phoenix', '07:00-15:00', 30),
      priceCents: 3500,
      numberPrefix: 'GL',
    },
    {
      provider: 'phlebfinders',
      serviceType: 'appointment-request' as const,
      area: area('54650', 'America/Chicago', '09:00-16:00', 60),
      priceCents: 4500,
      numberPrefix: 'PF',
    },
    { provider: 'quest', serviceType: 'appointment-ready' as const, priceCents: 0, numberPrefix: 'QD' },
    { provider: 'labcorp', serviceType: null, priceCents: 0, numberPrefix: 'LC' },
    { provider: 'bioreference', serviceType: null, priceCents: 0, numberPrefix: 'BR' },
  ].map((company) => [company.provider, company]),
);

/** Whether a company works in a ZIP at all. */
export function covers(company: Company, zip: string): boolean {
  return company.area ? zip.slice(0, 5) === company.area.zip : centresNear(company.provider, zip, 25).length > 0;
}

/** Whether a phlebotomist can find the door: in the company's area, with a street number, and no PO box. */
export function reaches(company: Company, address: Address): boolean {
  const { first_line: line, zip } = address;
  return covers(company, zip) && /^\s*[NSEW]?\d/i.test(line) && !/\bp\.?\s*o\.?\s*box\b/i.test(line);
}

/** The company's place of a code, the mobile company's area for none. */
export function placeOf(company: Company, code: string | null): Place | undefined {
  if (company.area) return code === null ? company.area.place : undefined;
  return centreOf(company.provider, code);
}
