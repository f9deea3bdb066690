/** In which time zone an address is, for providers that do not say. */
import tzLookup from '@photostructure/tz-lookup';
import { timeZonesOf } from '../../domain/people/time-zones.ts';
import { locationOfZip } from './zip-location.ts';

/**
 * The IANA zone of a state and ZIP: of the state's zones the one whose clocks go as in the middle of the ZIP. Where none
 * does, as where a lookup near a border finds the country beyond, the one that most of the state lives in.
 */
export function timeZoneOf(state: string, zip: string): string {
  const [usual, ...others] = timeZonesOf(state);
  if (others.length === 0) return usual;
  const { lat, lng } = locationOfZip(zip);
  const there = clockOf(tzLookup(lat, lng));
  return [usual, ...others].find((zone) => clockOf(zone) === there) ?? usual;
}

/** How far its clocks are from UTC this year, in winter and in summer. */
function clockOf(timeZone: string): string {
  const year = new Date().getUTCFullYear();
  const clock = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  return [0, 6].map((month) => clock.format(new Date(Date.UTC(year, month, 15)))).join();
}
