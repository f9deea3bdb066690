import { timeZoneOf } from '../../api/appointments/time-zone.ts';
import { timeZonesOf } from '../../domain/people/time-zones.ts';

test.each([
  ['Phoenix', 'AZ', '85004', 'America/Phoenix'],
  ['Window Rock, which has summer time', 'AZ', '86515', 'America/Denver'],
  ['El Paso', 'TX', '79901', 'America/Denver'],
  ['Dallas', 'TX', '75201', 'America/Chicago'],
  ['Pensacola', 'FL', '32501', 'America/Chicago'],
  ['Miami', 'FL', '33101', 'America/New_York'],
  ['Chattanooga', 'TN', '37402', 'America/New_York'],
  ["Coeur d'Alene", 'ID', '83814', 'America/Los_Angeles'],
  ['Gary', 'IN', '46402', 'America/Chicago'],
  ['Vincennes', 'IN', '47591', 'America/New_York'],
  ['Adak', 'AK', '99546', 'America/Adak'],
  ['Onalaska', 'WI', '54650', 'America/Chicago'],
  ['San Juan', 'PR', '00901', 'America/Puerto_Rico'],
])('%s is where its clocks are', (_place, state, zip, zone) => {
  expect(timeZoneOf(state, zip)).toBe(zone);
  expect(timeZoneOf(state.toLowerCase(), `${zip}-1234`)).toBe(zone);
});

test('a place is never in another country, however close that is', () => {
  for (const [state, zip] of [
    ['TX', '78560'],
    ['ND', '58787'],
    ['MT', '59250'],
    ['ID', '83826'],
  ] as const) {
    expect(timeZonesOf(state)).toContain(timeZoneOf(state, zip));
  }
});
