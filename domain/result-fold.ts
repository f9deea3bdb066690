/** From the lab's reports to an order's result (A7), and from two orders' results to the combined one (D10). */
import type { ExpectedResult, Laboratory, Marker } from './catalogue.ts';
import type { FailureType, Interpretation, LabReport, Observation } from './lab-report.ts';
import type { Order } from './order.ts';
import { effectiveStatus, expectedResultOf, type Statement, supersedes } from './report-progress.ts';
import type {
  BiomarkerResult,
  MissingBiomarkerResult,
  OrderResult,
  ParentBiomarker,
  ResultMetadata,
  SampleData,
  ZonedTimestamp,
} from './results.ts';

/** What is needed to read an order's reports. */
export interface ReportedOrder {
  order: Order;
  /** The ordered markers, from the catalogue. */
  markers: readonly Marker[];
  laboratory: Laboratory;
  /** The reports taken in, in the order in which they were. */
  reports: readonly LabReport[];
}

interface ExpectedOfOrder {
  slug: string;
  loinc: string;
  provider_id: string;
  result: ExpectedResult;
  parents: ParentBiomarker[];
}

type Entry = Statement & ({ value: BiomarkerResult } | { missing: MissingBiomarkerResult });

/** The results that an order expects, each with the markers that owe it, in catalogue order. */
export function expectedResults(order: Order, markers: readonly Marker[]): ExpectedOfOrder[] {
  const bySlug = new Map<string, ExpectedOfOrder>();
  for (const ordered of order.markers) {
    const marker = markers.find((candidate) => candidate.id === ordered.marker_id);
    if (!marker) continue;
    const parent = { marker_id: marker.id, name: marker.name, slug: marker.slug, provider_id: marker.provider_id };
    for (const result of marker.expected_results) {
      if (!ordered.result_slugs.includes(result.slug)) continue;
      const known = bySlug.get(result.slug);
      if (known) known.parents.push(parent);
      else {
        const { slug, provider_id, loinc } = result;
        bySlug.set(slug, { slug, provider_id, loinc: loinc.code, result, parents: [parent] });
      }
    }
  }
  return [...bySlug.values()];
}

/**
 * Folds reports into a result: of one order, or the combined one of a transaction's orders (D10), which is the union of
 * their markers; of two reported values the newer; as missing only what no order reported; the samples of all; metadata
 * from the newest report.
 * @param orders Oldest first. For a combined result each with every report about it, late ones included (D5).
 * @param noMoreExpected The lab is done, so that what has not come is missing.
 * @returns null while nothing was reported.
 */
export function foldReports(orders: readonly ReportedOrder[], noMoreExpected: boolean): OrderResult | null {
  const newest = newestReport(orders);
  if (!newest) return null;

  const combined = new Map<string, Entry>();
  for (const entries of orders.map((order) => entriesOf(order, noMoreExpected))) {
    for (const [key, entry] of entries) {
      const other = combined.get(key);
      if (!other || preferred(entry, other)) combined.set(key, entry);
    }
  }

  const values = [...combined.values()].flatMap((entry) => ('value' in entry ? [entry.value] : []));
  const missing = [...combined.values()].flatMap((entry) => ('missing' in entry ? [entry.missing] : []));
  return {
    metadata: metadataOf(newest.from, newest.report, noMoreExpected ? 'final' : 'partial', worst(values)),
    results: values,
    missing_results: missing,
    sample_information: Object.assign({}, ...orders.map(samplesOf)),
  };
}

/** Between two orders' word on the same result: a value before its absence, then the newer report. */
function preferred(entry: Entry, other: Entry): boolean {
  if ('value' in entry !== 'value' in other) return 'value' in entry;
  return Date.parse(entry.reported_at) >= Date.parse(other.reported_at);
}

function entriesOf(reported: ReportedOrder, noMoreExpected: boolean): Map<string, Entry> {
  const expected = expectedResults(reported.order, reported.markers);
  const found = new Map<string, Entry>();
  for (const report of reported.reports) {
    for (const test of report.tests) {
      for (const observation of test.observations) {
        const result = expectedResultOf(observation, expected);
        const key = result?.slug ?? `unsolicited ${observation.loinc ?? observation.provider_id ?? observation.name}`;
        const statement = { status: effectiveStatus(test.status, observation.status), reported_at: report.reported_at };
        if (!supersedes(statement, found.get(key))) continue;
        if (observation.failure_type === null) {
          found.set(key, { ...statement, value: biomarkerResult(observation, report, result) });
        } else if (result) {
          found.set(key, { ...statement, missing: missingResult(result, observation) });
        }
      }
    }
  }
  const inCatalogueOrder = new Map<string, Entry>();
  for (const result of expected) {
    const entry = found.get(result.slug);
    if (entry) inCatalogueOrder.set(result.slug, entry);
    else if (noMoreExpected) {
      const never: Statement = { status: 'cancelled', reported_at: new Date(0).toISOString() };
      inCatalogueOrder.set(result.slug, {
        ...never,
        missing: missingResult(result, null, reasonOfTest(result, reported.reports)),
      });
    }
  }
  for (const [key, entry] of found) if (!inCatalogueOrder.has(key)) inCatalogueOrder.set(key, entry);
  return inCatalogueOrder;
}

function biomarkerResult(observation: Observation, report: LabReport, expected?: ExpectedOfOrder): BiomarkerResult {
  const numeric = observation.type === 'numeric' ? Number(observation.value) : undefined;
  const { low, high } = parseReferenceRange(observation.reference_range);
  const text = observation.value ?? '';
  const notes = [observation.type === 'range' || observation.type === 'comment' ? text : null, observation.notes]
    .filter((note) => note !== null)
    .join('\n');
  return {
    name: expected?.result.name ?? observation.name,
    slug: expected?.slug ?? '',
    result: text,
    type: observation.type,
    value: numeric ?? -1,
    unit: observation.unit,
    timestamp: observation.observed_at ?? report.collected_at,
    notes: notes === '' ? null : notes,
    reference_range: observation.reference_range,
    min_range_value: low,
    max_range_value: high,
    is_above_max_range: numeric !== undefined && high !== null && numeric > high,
    is_below_min_range: numeric !== undefined && low !== null && numeric < low,
    interpretation: observation.interpretation,
    source_interpretation: observation.source_interpretation,
    loinc: observation.loinc ?? expected?.loinc ?? null,
    loinc_slug: expected?.result.loinc.slug ?? null,
    provider_id: observation.provider_id ?? expected?.provider_id ?? null,
    source_markers: expected?.parents ?? null,
    performing_laboratory: observation.performing_laboratory,
    source_sample_id: report.specimen_number,
  };
}

/** What the lab said of the whole test that owed the result. */
function reasonOfTest(expected: ExpectedOfOrder, reports: readonly LabReport[]): FailureType | null {
  const codes = expected.parents.map((parent) => parent.provider_id);
  const tests = reports.flatMap((report) => report.tests).filter((test) => codes.includes(test.provider_id));
  return tests.findLast((test) => test.failure_type !== null)?.failure_type ?? null;
}

function missingResult(
  expected: ExpectedOfOrder,
  observation: Observation | null,
  reason: FailureType | null = null,
): MissingBiomarkerResult {
  return {
    name: expected.result.name,
    slug: expected.slug,
    inferred_failure_type: observation?.failure_type ?? reason ?? 'unknown_failure',
    note: observation?.notes ?? null,
    loinc: expected.loinc,
    loinc_slug: expected.result.loinc.slug,
    provider_id: expected.provider_id,
    source_markers: expected.parents,
  };
}

/** The bounds of a printed reference range: `70-99`, `<5.7`, `>=40`; null where it is open or not a range. */
function parseReferenceRange(text: string | null): { low: number | null; high: number | null } {
  const both = text?.match(/^\s*(-?\d+(?:\.\d+)?)\s*[-–]\s*(-?\d+(?:\.\d+)?)\s*$/);
  if (both) return { low: Number(both[1]), high: Number(both[2]) };
  const one = text?.match(/^\s*([<>])\s*(?:or\s*)?=?\s*(-?\d+(?:\.\d+)?)\s*$/);
  if (!one) return { low: null, high: null };
  return one[1] === '<' ? { low: null, high: Number(one[2]) } : { low: Number(one[2]), high: null };
}

const SEVERITY: Interpretation[] = ['normal', 'unknown', 'abnormal', 'critical'];
function worst(values: readonly BiomarkerResult[]): Interpretation {
  const severity = Math.max(0, ...values.map((value) => SEVERITY.indexOf(value.interpretation)));
  return SEVERITY[severity] ?? 'normal';
}

function newestReport(orders: readonly ReportedOrder[]): { from: ReportedOrder; report: LabReport } | undefined {
  let newest: { from: ReportedOrder; report: LabReport } | undefined;
  for (const from of orders) {
    for (const report of from.reports) {
      if (!newest || Date.parse(report.reported_at) >= Date.parse(newest.report.reported_at)) newest = { from, report };
    }
  }
  return newest;
}

function metadataOf(
  { order, laboratory }: ReportedOrder,
  report: LabReport,
  status: ResultMetadata['status'],
  interpretation: Interpretation,
): ResultMetadata {
  const { patient, physician } = order;
  return {
    age: String(yearsBetween(patient.dob, report.collected_at ?? report.reported_at)),
    dob: patient.dob,
    'clia_#': laboratory.clia_number,
    clia_number: laboratory.clia_number,
    patient: `${patient.last_name}, ${patient.first_name}`,
    provider: report.ordering_provider ?? (physician ? `${physician.last_name}, ${physician.first_name}` : null),
    laboratory: laboratory.name,
    date_reported: report.reported_at,
    date_collected: report.collected_at,
    specimen_number: report.specimen_number ?? report.filler_order_number ?? order.placer_order_number,
    date_received: report.received_at,
    status,
    interpretation,
    patient_id: order.user_id,
    account_id: report.account_number,
  };
}

function yearsBetween(dob: string, instant: string): number {
  const years = Number(instant.slice(0, 4)) - Number(dob.slice(0, 4));
  return instant.slice(5, 10) < dob.slice(5) ? years - 1 : years;
}

const zoned = (instant: string | null): ZonedTimestamp | null =>
  instant === null ? null : { timestamp: new Date(instant).toISOString(), timezone_offset: 0 };

function samplesOf({ reports }: ReportedOrder): Record<string, SampleData> {
  const samples: Record<string, SampleData> = {};
  for (const report of reports) {
    const key = report.specimen_number ?? report.filler_order_number ?? 'unknown';
    samples[key] = {
      sample_id: report.specimen_number,
      control_number: report.filler_order_number,
      date_collected: zoned(report.collected_at),
      date_received: zoned(report.received_at),
      date_reported: zoned(report.reported_at),
      performing_laboratories: {
        ...samples[key]?.performing_laboratories,
        ...Object.fromEntries(
          Object.entries(report.performing_laboratories).map(([name, { clia_number: _, ...laboratory }]) => [
            name,
            laboratory,
          ]),
        ),
      },
      clinical_information: {
        fasting: report.fasting ?? false,
        notes: null,
        information: report.clinical_information,
        total_volume: report.total_volume,
      },
    };
  }
  return samples;
}
