/** Where ZIPs are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Degrees. */
export interface Point {
  lng: number;
  lat: number;
}

const ZIP_CENTROIDS: Record<string, Point> = {
  '10001': { lng: -73.9967, lat: 40.7506 },
  '10018': { lng: -73.9925, lat: 40.7551 },
  '11201': { lng: -73.9903, lat: 40.6937 },
  '54601': { lng: -91.221, lat: 43.7985 },
  '54650': { lng: -91.222, lat: 43.904 },
  '85004': { lng: -112.0701, lat: 33.4512 },
  '85006': { lng: -112.0488, lat: 33.4651 },
  '85012': { lng: -112.0698, lat: 33.5096 },
};

/** Latitude and longitude by ZIP: data of Venule's, which is read as data. */
const TABLE = join(import.meta.dirname, '../../api/appointments/zip-locations.json');
const zips: Record<string, [lat: number, lng: number]> = JSON.parse(readFileSync(TABLE, 'utf8'));

/** About the middle of a ZIP (or ZIP+4); undefined where there is none such. */
export function centroidOf(zip: string): Point | undefined {
  const five = zip.slice(0, 5);
  const known = zips[five];
  return ZIP_CENTROIDS[five] ?? (known && { lng: known[1], lat: known[0] });
}

/** The great-circle distance, by the haversine formula. */
export function milesBetween(a: Point, b: Point): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const half = (from: number, to: number) => Math.sin(radians(to - from) / 2) ** 2;
  const h = half(a.lat, b.lat) + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * half(a.lng, b.lng);
  return 2 * 3958.8 * Math.asin(Math.sqrt(h));
}
