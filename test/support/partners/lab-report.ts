/** Reports of a laboratory as they are once they have been read, for tests of what is made of them. */
import type { LabReport, Observation, ReportedStatus, ReportedTest } from '../../../domain/results/lab-report.ts';

export const observation = (loinc: string, value: string | null, rest: Partial<Observation> = {}) =>
  ({
    loinc,
    provider_id: null,
    name: loinc,
    status: value === null ? 'cancelled' : 'final',
    failure_type: value === null ? 'unknown_failure' : null,
    type: 'numeric',
    value,
    unit: null,
    reference_range: null,
    interpretation: 'normal',
    source_interpretation: '',
    notes: null,
    observed_at: null,
    performing_laboratory: null,
    ...rest,
  }) as Observation;

export const testOf = (
  provider_id: string,
  observations: Observation[],
  rest: Partial<ReportedTest> = {},
): ReportedTest => ({
  provider_id,
  name: provider_id,
  status: 'final' as ReportedStatus,
  failure_type: null,
  notes: null,
  observations,
  specimens: [{ number: 'S1', collected_at: null, received_at: null }],
  ...rest,
});

export const reportOf = (tests: ReportedTest[], rest: Partial<LabReport> = {}): LabReport => ({
  lab_slug: 'labcorp',
  placer_order_number: null,
  filler_order_number: null,
  control_id: '1',
  patient: { first_name: 'Ana', last_name: 'Núñez', dob: null, gender: null },
  specimen_number: 'S1',
  collected_at: null,
  received_at: null,
  reported_at: '2026-11-20T10:00:00.000Z',
  fasting: null,
  clinical_information: null,
  total_volume: null,
  account_number: null,
  ordering_provider: null,
  performing_laboratories: {},
  tests,
  ...rest,
});
