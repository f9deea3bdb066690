/** The phlebotomy providers of the sandbox: data. */
import { centroidOf } from './geography.ts';
import { centerOf, centersNear } from './service-centers.ts';
import { everyDay, type Place } from './slots.ts';
import type { Address } from './wire.ts';

export interface Provider {
  slug: string;
  /** Whether the caller picks a slot or the provider finds the time; null for a laboratory that only lists its places. */
  serviceType: 'appointment-ready' | 'appointment-request' | null;
  /** The ZIP a mobile provider covers, with the calendar of its phlebotomists; absent where patients come to a center. */
  area?: { zip: string; place: Place };
  priceCents: number;
  /** What appointment numbers begin with. */
  numberPrefix: string;
}

const area = (zip: string, timezone: string, hours: string, slotMinutes: number): Provider['area'] => ({
  zip,
  place: {
    code: null,
    timezone,
    hours: everyDay(hours),
    slotMinutes,
    location: centroidOf(zip) ?? { lng: 0, lat: 0 },
  },
});

/** Every provider of the sandbox, by its slug. */
export const PROVIDERS: ReadonlyMap<string, Provider> = new Map(
  [
    {
      slug: 'getlabs',
      serviceType: 'appointment-ready' as const,
      area: area('85004', 'America/Phoenix', '07:00-15:00', 30),
      priceCents: 3500,
      numberPrefix: 'GL',
    },
    {
      slug: 'phlebfinders',
      serviceType: 'appointment-request' as const,
      area: area('54650', 'America/Chicago', '09:00-16:00', 60),
      priceCents: 4500,
      numberPrefix: 'PF',
    },
    { slug: 'quest', serviceType: 'appointment-ready' as const, priceCents: 0, numberPrefix: 'QD' },
    { slug: 'labcorp', serviceType: null, priceCents: 0, numberPrefix: 'LC' },
    { slug: 'bioreference', serviceType: null, priceCents: 0, numberPrefix: 'BR' },
  ].map((provider) => [provider.slug, provider]),
);

/** Whether a provider works in a ZIP at all. */
export function covers(provider: Provider, zip: string): boolean {
  return provider.area ? zip.slice(0, 5) === provider.area.zip : centersNear(provider.slug, zip, 25).length > 0;
}

/** Whether a phlebotomist can find the door: in the provider's area, with a street number, and no PO box. */
export function reaches(provider: Provider, address: Address): boolean {
  const { first_line: line, zip } = address;
  return covers(provider, zip) && /^\s*[NSEW]?\d/i.test(line) && !/\bp\.?\s*o\.?\s*box\b/i.test(line);
}

/** The provider's place of a code, the mobile provider's area for none. */
export function placeOf(provider: Provider, code: string | null): Place | undefined {
  if (provider.area) return code === null ? provider.area.place : undefined;
  return centerOf(provider.slug, code);
}
