/** Orders and results made from the seeded catalogue, to print and to mail. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RequisitionContent } from '../../documents/requisition/requisition.ts';
import type { ResultReportContent } from '../../documents/result-report/result-report.ts';
import type { ExpectedResult, LabAccount, Laboratory, LabTest, Marker } from '../../domain/catalogue/catalogue.ts';
import { specimenSource } from '../../domain/catalogue/tubes.ts';
import type { Order, OrderInsurance } from '../../domain/orders/order.ts';
import type { FailureType } from '../../domain/results/lab-report.ts';
import type { BiomarkerResult, MissingBiomarkerResult, OrderResult, SampleData } from '../../domain/results/results.ts';

const seed = <T>(name: string): T[] =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../store/catalogue/seed', `${name}.json`), 'utf8')) as T[];

const laboratories = seed<Laboratory>('labs');
export const labTests = seed<LabTest>('lab-tests');
export const markers = seed<Marker>('markers');
const accounts = seed<LabAccount>('lab-accounts');

export const laboratory = found(laboratories, (lab) => lab.slug === 'labcorp');
const account = found(accounts, (candidate) => candidate.lab === 'labcorp');
/** A panel of ten markers, several of them panels themselves. */
export const wellness = found(labTests, (test) => test.slug === 'labcorp-wellness-panel');

export const team = {
  name: 'Northwind Health',
  contact: { email: 'care@northwind.example', phone: '+12125550123' },
  logo: null,
};

export const insurance: OrderInsurance = {
  id: '5f8f6e5e-6a3c-44cf-9d3c-0f4a7c9f2b11',
  payor_code: 'AETNA',
  payor_name: 'Aetna',
  payor_address: {
    first_line: 'PO Box 981106',
    second_line: null,
    city: 'El Paso',
    state: 'TX',
    zip: '79998',
    country: 'US',
  },
  member_id: 'W123456789',
  group_id: '0700-123',
  relationship: 'Self',
  insured: {
    first_name: 'Mai',
    last_name: 'Nguyễn',
    dob: '1985-03-04',
    gender: 'female',
    address: {
      first_line: '350 5th Avenue',
      second_line: null,
      city: 'New York',
      state: 'NY',
      zip: '10118',
      country: 'US',
    },
    phone_number: '+12125550188',
  },
};

/** An order of the given markers; what else it says can be replaced. */
export function orderOf(ordered: Marker[], changes: Partial<Order> = {}): Order {
  return {
    id: '0d6f2c0e-1d5b-4a43-8f3e-7a2d6f4b9c01',
    team_id: '7a1e0a52-9c0d-4c8e-8f15-2b8f8b6f0a02',
    user_id: '2f4f1a77-0f2b-4d2a-8a35-3c9f9c7f1b03',
    client_user_id: 'patient-1',
    transaction_id: '91b3c6de-55a7-4a7c-9d10-4d0f0d8f2c04',
    origin: 'initial',
    parent_id: null,
    collection_method: 'walk_in_test',
    lab_slug: laboratory.slug,
    lab_id: laboratory.id,
    lab_account_id: account.id,
    lab_test_id: wellness.id,
    markers: ordered.map((marker) => ({
      marker_id: marker.id,
      provider_id: marker.provider_id,
      result_slugs: marker.expected_results.map((result) => result.slug),
    })),
    placer_order_number: 'VN4K7Q2M9X',
    sample_id: null,
    patient: {
      first_name: 'Mai',
      last_name: 'Nguyễn',
      dob: '1985-03-04',
      gender: 'female',
      phone_number: '+12125550188',
      email: 'mai@example.com',
      medical_proxy: null,
      race: null,
      ethnicity: null,
      sexual_orientation: null,
      gender_identity: null,
      household_income: null,
      household_size: null,
    },
    address: {
      receiver_name: 'Mai Nguyễn',
      first_line: '350 5th Avenue',
      second_line: 'Apt 12B',
      city: 'New York',
      state: 'NY',
      zip: '10118',
      country: 'US',
      phone_number: null,
      access_notes: null,
    },
    physician: {
      first_name: 'Łukasz',
      last_name: 'Żółkowski',
      npi: '1234567893',
      email: null,
      licensed_states: ['NY'],
    },
    billing_type: 'client_bill',
    insurance: null,
    icd_codes: ['E55.9', 'E78.5'],
    consents: [],
    aoe_answers: [],
    priority: false,
    clinical_notes: 'Follow-up of low vitamin D.\nPatient faints easily; draw lying down.',
    passthrough: null,
    activate_by: null,
    activate_at: null,
    requisition_valid_for: 180 * 24 * 3_600_000,
    options: {
      redraws_enabled: true,
      partial_webhooks_enabled: false,
      email_enabled: true,
      results_ready_mail: true,
      time_zone: 'America/New_York',
      sandbox: true,
    },
    created_at: '2026-11-21T13:00:00.000Z',
    ...changes,
  };
}

export function markersOf(test: LabTest): Marker[] {
  return test.marker_ids.map((id) => found(markers, (marker) => marker.id === id));
}

/** The requisition of an order. */
export function requisitionOf(order: Order, changes: Partial<RequisitionContent> = {}): RequisitionContent {
  return {
    order,
    laboratory,
    account,
    markers: order.markers.map(({ marker_id }) => found(markers, (marker) => marker.id === marker_id)),
    lab_test_name: wellness.name,
    fasting: wellness.fasting,
    collection_instructions: wellness.collection_instructions,
    issued_at: '2026-11-21T13:29:00.000Z',
    valid_until: '2027-05-20T13:29:00.000Z',
    redraw_of: null,
    team,
    ...changes,
  };
}

const SAMPLE = '23-118-4410-0';

/** A value in the middle of the range, or beyond one end of it. */
function valueFor(expected: ExpectedResult, where: 'inside' | 'high' | 'low' | 'critical'): number {
  const { low = null, high = null } = expected.reference_range ?? {};
  const top = high ?? (low ?? 1) * 2;
  const bottom = low ?? 0;
  const value = { inside: (top + bottom) / 2, high: top * 1.15, low: bottom * 0.85, critical: top * 2.4 }[where];
  return Number(value.toPrecision(3));
}

function rangeText(low: number | null, high: number | null): string | null {
  if (low !== null && high !== null) return `${low}-${high}`;
  if (high !== null) return `<${high}`;
  return low === null ? null : `>${low}`;
}

/** A reported result of a marker, inside its range unless said otherwise. */
export function resultOf(
  marker: Marker,
  expected: ExpectedResult,
  where: 'inside' | 'high' | 'low' | 'critical' = 'inside',
  changes: Partial<BiomarkerResult> = {},
): BiomarkerResult {
  const { low = null, high = null } = expected.reference_range ?? {};
  const numeric = low !== null || high !== null;
  const value = valueFor(expected, where);
  return {
    name: expected.name,
    slug: expected.slug,
    result: numeric ? String(value) : 'Negative',
    type: numeric ? 'numeric' : 'comment',
    value: numeric ? value : -1,
    unit: expected.loinc.unit,
    timestamp: '2026-11-22T12:00:00.000Z',
    notes: null,
    reference_range: rangeText(low, high),
    min_range_value: low,
    max_range_value: high,
    is_above_max_range: numeric && high !== null && value > high,
    is_below_min_range: numeric && low !== null && value < low,
    interpretation: where === 'inside' ? 'normal' : where === 'critical' ? 'critical' : 'abnormal',
    source_interpretation: { inside: 'N', high: 'H', low: 'L', critical: 'HH' }[where],
    loinc: expected.loinc.code,
    loinc_slug: expected.loinc.slug,
    provider_id: expected.provider_id,
    source_markers: [{ marker_id: marker.id, name: marker.name, slug: marker.slug, provider_id: marker.provider_id }],
    performing_laboratory: 'Labcorp',
    source_sample_id: SAMPLE,
    ...changes,
  };
}

/** An expected result that is not there. */
export function missingOf(
  marker: Marker,
  expected: ExpectedResult,
  inferred_failure_type: FailureType,
  note: string | null = null,
): MissingBiomarkerResult {
  return {
    name: expected.name,
    slug: expected.slug,
    inferred_failure_type,
    note,
    loinc: expected.loinc.code,
    loinc_slug: expected.loinc.slug,
    provider_id: expected.provider_id,
    source_markers: [{ marker_id: marker.id, name: marker.name, slug: marker.slug, provider_id: marker.provider_id }],
  };
}

/** A sample drawn on the given day of November 2026. */
export function sampleOf(sample_id: string, day: number, performing: string[] = ['Labcorp']): SampleData {
  const stamp = (hour: number, later = 0) => ({
    timestamp: `2026-11-${day + later}T${hour}:15:00.000Z`,
    timezone_offset: -300,
  });
  return {
    sample_id,
    control_number: null,
    date_collected: stamp(13),
    date_received: stamp(22),
    date_reported: stamp(12, 1),
    performing_laboratories: Object.fromEntries(
      performing.map((name) => [
        name,
        {
          name,
          phone_number: '+18008456167',
          medical_director: 'Ada Pathologist, MD',
          address: {
            first_line: '1447 York Court',
            second_line: null,
            city: 'Burlington',
            state: 'NC',
            zip: '27215',
            country: 'US',
          },
        },
      ]),
    ),
    clinical_information: { fasting: true, notes: null, information: null, total_volume: null },
  };
}

/** A report of the given results; panels are the markers they come from. */
export function reportOf(
  ordered: Marker[],
  results: BiomarkerResult[],
  missing: MissingBiomarkerResult[] = [],
  changes: Partial<ResultReportContent> = {},
  samples: Record<string, SampleData> = { [SAMPLE]: sampleOf(SAMPLE, 21) },
): ResultReportContent {
  const order = orderOf(ordered);
  const result: OrderResult = {
    metadata: {
      age: '41',
      dob: order.patient.dob,
      'clia_#': laboratory.clia_number,
      clia_number: laboratory.clia_number,
      patient: 'Mai Nguyễn',
      provider: 'Łukasz Żółkowski',
      laboratory: laboratory.name,
      date_reported: '2026-11-22T12:15:00.000Z',
      date_collected: '2026-11-21T13:15:00.000Z',
      specimen_number: SAMPLE,
      date_received: '2026-11-21T22:15:00.000Z',
      status: 'final',
      interpretation: 'abnormal',
      patient_id: null,
      account_id: account.provider_account_id,
    },
    results,
    missing_results: missing,
    sample_information: samples,
  };
  return {
    title_kind: 'order',
    result,
    orders: [{ placer_order_number: order.placer_order_number, origin: 'initial' }],
    patient: order.patient,
    patient_id: order.user_id,
    physician: order.physician,
    laboratory,
    account_number: account.provider_account_id,
    team,
    time_zone: 'America/New_York',
    panels: ordered.map((marker) => ({
      name: marker.name,
      result_slugs: marker.expected_results.map((result) => result.slug),
      specimen: specimenSource(marker.specimen),
    })),
    ...changes,
  };
}

/** Every result that the markers yield, in order; `where` decides about each. */
export function resultsOf(
  ordered: Marker[],
  where: (index: number) => 'inside' | 'high' | 'low' | 'critical' = () => 'inside',
): BiomarkerResult[] {
  return ordered
    .flatMap((marker) => marker.expected_results.map((expected) => ({ marker, expected })))
    .map(({ marker, expected }, index) => resultOf(marker, expected, where(index)));
}

function found<T>(list: T[], is: (item: T) => boolean): T {
  const item = list.find(is);
  if (item === undefined) throw new Error('The seeded catalogue lacks what this example needs.');
  return item;
}
