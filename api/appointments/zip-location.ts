/** About where a ZIP is, for appointments of providers that do not say where they go. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LngLat } from '../../domain/appointments/appointment.ts';

/** Made by `scripts/make-zip-tables.ts`: latitude and longitude by ZIP, in the order of ZIPs. */
const TABLE = join(import.meta.dirname, 'zip-locations.json');

let table: Map<string, [lat: number, lng: number]> | undefined;
let known: string[] = [];

/** Read when first asked for. */
function locations(): Map<string, [lat: number, lng: number]> {
  if (table) return table;
  table = new Map(Object.entries(JSON.parse(readFileSync(TABLE, 'utf8'))));
  known = [...table.keys()].sort();
  return table;
}

/** The middle of a ZIP or ZIP+4; of the known one that is closest by number where there is none such, or it is newer. */
export function locationOfZip(zip: string): LngLat {
  const zips = locations();
  const wanted = zip.slice(0, 5);
  const next = known.findIndex((candidate) => candidate >= wanted);
  const neighbors = next < 0 ? known.slice(-1) : known.slice(Math.max(0, next - 1), next + 1);
  const distance = (candidate: string) => Math.abs(Number(candidate) - Number(wanted));
  const closest = neighbors.reduce((best, candidate) => (distance(candidate) < distance(best) ? candidate : best));
  const [lat, lng] = zips.get(closest) ?? [0, 0];
  return { lng, lat };
}
