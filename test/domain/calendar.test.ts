import { DateTime } from 'luxon';
import { ageOn, startOfDay, todayIn } from '../../domain/calendar.ts';

describe('F2: dates in the team’s time zone', () => {
  test('it is still yesterday in New York when the day has begun in London', () => {
    const now = new Date('2026-11-21T03:00:00Z');
    expect(todayIn('America/New_York', now)).toBe('2026-11-20');
    expect(todayIn('Europe/London', now)).toBe('2026-11-21');
  });

  test.each([
    ['2008-11-21', '2026-11-21', 18],
    ['2008-11-22', '2026-11-21', 17],
    ['2008-02-29', '2026-02-28', 17],
    ['2008-02-29', '2026-03-01', 18],
  ])('somebody born on %s is on %s %i years old', (dob, date, age) => {
    expect(ageOn(dob, date)).toBe(age);
  });

  test.each(['America/New_York', 'Pacific/Honolulu', 'Asia/Kolkata', 'Pacific/Kiritimati', 'Asia/Beirut'])(
    'a day in %s starts when luxon says so',
    (zone) => {
      for (const date of ['2026-01-01', '2026-03-08', '2026-03-29', '2026-07-04', '2026-11-01', '2026-12-31']) {
        const expected = DateTime.fromISO(date, { zone }).startOf('day').toUTC().toISO();
        expect(startOfDay(date, zone).toISOString()).toBe(expected);
      }
    },
  );
});
