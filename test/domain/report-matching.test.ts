/** F5: whether a report is given to the order whose number it carries, or looked at by a person first. */
import type { LabReport } from '../../domain/results/lab-report.ts';
import { mismatch } from '../../domain/results/report-matching.ts';
import { labOrder } from '../partners/lab-order.ts';

const { order } = labOrder('labcorp', ['tsh']);
const RECEIVED = new Date('2026-11-22T12:00:00.000Z');
const PATIENT: LabReport['patient'] = { first_name: 'Ana', last_name: 'Nunez', dob: '1985-03-12', gender: 'female' };

const report = (patient: Partial<LabReport['patient']> = {}, reported_at = RECEIVED.toISOString()) =>
  ({ lab_slug: 'labcorp', reported_at, patient: { ...PATIENT, ...patient } }) as LabReport;
const of = (gender: 'female' | 'male' | 'other' | 'unknown') => ({ ...order, patient: { ...order.patient, gender } });

test('the same person, however the laboratory writes the name', () => {
  expect(mismatch(report(), order, RECEIVED)).toBeNull();
});

test.each([
  ['female', 'male', true],
  ['male', 'female', true],
  ['female', 'female', false],
  ['female', 'other', false],
  ['female', 'unknown', false],
  ['female', null, false],
  ['other', 'male', false],
  ['unknown', 'female', false],
] as const)('a patient who is %s and a report about one who is %s: contradicts %s', (ours, theirs, contradicts) => {
  const found = mismatch(report({ gender: theirs }), of(ours), RECEIVED);
  expect(found).toEqual(contradicts ? { decision: 'match_sample_id_mismatch_demo', doubts: ['another_sex'] } : null);
});

test.each([
  [{ dob: null }, ['no_birth_date']],
  [{ dob: '1985-03-13' }, ['another_birth_date']],
  [{ last_name: 'Clark', dob: null, gender: 'male' }, ['another_name', 'no_birth_date', 'another_sex']],
] as const)('a report about %j is held: %j', (changes, doubts) => {
  const found = mismatch(report(changes), order, RECEIVED);
  expect(found).toEqual({ decision: 'match_sample_id_mismatch_demo', doubts });
});

test('a report of more than a day after its receipt is held, as it would win over every later one', () => {
  expect(mismatch(report({}, '2026-11-23T12:00:00.000Z'), order, RECEIVED)).toBeNull();
  const found = mismatch(report({}, '2026-11-23T12:00:00.001Z'), order, RECEIVED);
  expect(found).toEqual({ decision: 'match_sample_id', doubts: ['reported_in_the_future'] });
});

test('whom a person has approved for the order is not doubted again; anybody else is', () => {
  const married = { ...PATIENT, last_name: 'Clark', dob: null };
  expect(mismatch(report(married), order, RECEIVED, [married])).toBeNull();
  expect(mismatch(report({ ...married, gender: 'male' }), order, RECEIVED, [married])?.doubts).toContain('another_sex');
  expect(mismatch(report(married, '2027-01-01T00:00:00.000Z'), order, RECEIVED, [married])?.doubts).toEqual([
    'reported_in_the_future',
  ]);
});

test('no order, or one of another laboratory', () => {
  expect(mismatch(report(), null, RECEIVED)?.decision).toBe('no_match');
  expect(mismatch({ ...report(), lab_slug: 'quest' }, order, RECEIVED)?.decision).toBe('wrong_lab');
});
