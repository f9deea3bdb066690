import { appointmentFaults } from '../../domain/appointments/appointment-checks.ts';
import {
  CANCELLATION_REASONS,
  cancellationReasons,
  findCancellationReason,
} from '../../domain/orders/cancellation-reasons.ts';

const now = new Date('2026-01-02T12:00:00Z');
const visit = (dob: string, start_at: string | null, time_zone = 'America/Phoenix') =>
  appointmentFaults({ type: 'phlebotomy', dob, start_at, time_zone }, now);
const tooYoung = [expect.stringContaining('under 18')];

describe('C1: nobody under 18 is visited', () => {
  it('counts on the day of the appointment, not on today', () => {
    expect(visit('2008-03-10', '2026-03-10T18:00:00Z')).toEqual([]);
    expect(visit('2008-03-11', '2026-03-10T18:00:00Z')).toEqual(tooYoung);
  });

  it('counts in the time zone of the place', () => {
    const instant = '2026-03-10T05:30:00Z';
    expect(visit('2008-03-10', instant, 'America/New_York')).toEqual([]);
    expect(visit('2008-03-10', instant, 'America/Chicago')).toEqual([]);
    expect(visit('2008-03-10', instant, 'America/Phoenix')).toEqual(tooYoung);
    expect(visit('2008-03-10', '2026-03-10T09:59:00Z', 'Pacific/Honolulu')).toEqual(tooYoung);
    expect(visit('2008-03-10', '2026-03-10T10:00:00Z', 'Pacific/Honolulu')).toEqual([]);
  });

  it('takes somebody born on a leap day as 18 from 1 March', () => {
    expect(visit('2008-02-29', '2026-02-28T18:00:00Z')).toEqual(tooYoung);
    expect(visit('2008-02-29', '2026-03-01T06:59:00Z')).toEqual(tooYoung);
    expect(visit('2008-02-29', '2026-03-01T07:00:00Z')).toEqual([]);
  });

  it('visits on a leap day, too', () => {
    expect(visit('2010-02-28', '2028-02-29T18:00:00Z')).toEqual([]);
    expect(visit('2010-03-01', '2028-02-29T18:00:00Z')).toEqual(tooYoung);
  });

  it('counts today for a request without a date', () => {
    expect(visit('2008-01-02', null)).toEqual([]);
    expect(visit('2008-01-03', null)).toEqual(tooYoung);
  });

  it('says nothing about appointments at a service center', () => {
    const psc = { type: 'patient_service_center', dob: '2012-01-01', time_zone: 'America/Phoenix' } as const;
    expect(appointmentFaults({ ...psc, start_at: '2026-03-10T18:00:00Z' }, now)).toEqual([]);
  });
});

it('refuses an appointment in the past', () => {
  expect(visit('1980-01-01', '2026-01-02T11:59:59Z')).toEqual([expect.stringContaining('in the past')]);
  expect(visit('1980-01-01', '2026-01-02T12:00:01Z')).toEqual([]);
});

describe('reasons to cancel', () => {
  it('are eleven, each with an id of its own', () => {
    expect(CANCELLATION_REASONS).toHaveLength(11);
    expect(new Set(CANCELLATION_REASONS.map(({ id }) => id)).size).toBe(11);
    for (const { id } of CANCELLATION_REASONS) {
      expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    }
  });

  it('are fewer for a service center, with "Other" among them', () => {
    const names = cancellationReasons('patient_service_center').map(({ name }) => name);
    expect(names).toContain('Other');
    expect(names).not.toContain('Patient went to a laboratory');
    expect(cancellationReasons('phlebotomy')).toHaveLength(11);
  });

  it('are found by id, for the right kind of appointment only', () => {
    const went = CANCELLATION_REASONS.at(-1)?.id ?? '';
    expect(findCancellationReason('phlebotomy', went.toUpperCase())?.name).toBe('Patient went to a laboratory');
    expect(findCancellationReason('patient_service_center', went)).toBeUndefined();
  });

  it('are refundable however late where they are not the patient’s', () => {
    const refundable = CANCELLATION_REASONS.filter(({ is_refundable }) => is_refundable).map(({ name }) => name);
    expect(refundable).toEqual([
      'Sample cannot be delivered to the preferred laboratory',
      'Provider asked to cancel',
      'Wrong patient',
      'Laboratory order could not be obtained',
    ]);
  });
});
