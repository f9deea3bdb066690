/** From the lab's reports to an order's result (A7), and from two orders' results to the combined one (D10). */
import type { ExpectedResult, Laboratory, Marker } from '../catalogue/catalogue.ts';
import { FASTING_REQUIRED } from '../messages/fasting.ts';
import type { Order } from '../orders/order.ts';
import type { FailureType, Interpretation, LabReport, Observation, ReportedTest, Specimen } from './lab-report.ts';
import { apart, isFurther, promote } from './occurrences.ts';
import { type FullStatement, missingResults, progressOf, statementsIn, wordOn } from './report-progress.ts';
import type {
  BiomarkerResult,
  MissingBiomarkerResult,
  OrderResult,
  ParentBiomarker,
  ResultMetadata,
  SampleData,
  ZonedTimestamp,
} from './results.ts';
import { noteOnSamples, notesOfTests, type SpecimenNote } from './test-notes.ts';

/** What is needed to read an order's reports. */
export interface ReportedOrder {
  order: Order;
  /** The ordered markers, from the catalogue. */
  markers: readonly Marker[];
  laboratory: Laboratory;
  /** The reports taken in, in the order in which they were. */
  reports: readonly LabReport[];
  /** The lab is done with the order, so that what has not come is missing. */
  noMoreExpected: boolean;
  /** When it was completed, an ISO instant; null or absent while it is not, and where it ended in another way. */
  completed_at?: string | null;
}

interface ExpectedOfOrder {
  slug: string;
  loinc: string;
  provider_id: string;
  result: ExpectedResult;
  parents: ParentBiomarker[];
}

/** What an order's reports say of a result, and when they did. */
type Entry = { reported_at: string } & ({ value: BiomarkerResult } | { missing: MissingBiomarkerResult });

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
 * @returns null while nothing was reported, unless an order was completed without: then everything is missing (F1).
 */
export function foldReports(orders: readonly ReportedOrder[]): OrderResult | null {
  const newest = newestReport(orders) ?? completedWithout(orders);
  if (!newest) return null;

  const combined = new Map<string, Entry>();
  const samples: Record<string, SampleData> = {};
  for (const order of orders) {
    const names = sampleNames(order, Object.keys(samples));
    takeSamples(samples, order, names);
    const { entries, absent } = entriesOf(order, names);
    noteOnSamples(samples, [...notesOfTests(order.reports), ...absent], names);
    for (const [key, entry] of entries) {
      const other = combined.get(key);
      if (!other || preferred(entry, other)) combined.set(key, entry);
    }
  }

  const status = orders.every((order) => order.noMoreExpected) ? 'final' : 'partial';
  const values = [...combined.values()].flatMap((entry) => ('value' in entry ? [entry.value] : []));
  const missing = [...combined.values()].flatMap((entry) => ('missing' in entry ? [entry.missing] : []));
  return {
    metadata: metadataOf(newest, status, worst(values)),
    results: values,
    missing_results: missing,
    sample_information: samples,
  };
}

/** Between two orders' word on the same result: a value before its absence, then the newer report. */
function preferred(entry: Entry, other: Entry): boolean {
  if ('value' in entry !== 'value' in other) return 'value' in entry;
  return Date.parse(entry.reported_at) >= Date.parse(other.reported_at);
}

function entriesOf(
  { order, markers, reports, noMoreExpected }: ReportedOrder,
  samples: SampleNames,
): { entries: Map<string, Entry>; absent: SpecimenNote[] } {
  const expected = new Map(expectedResults(order, markers).map((result) => [result.slug, result]));
  const progress = progressOf(apart(reports.map((report) => statementsIn(report, [...expected.values()]))));
  promote(progress, expected.keys());
  const reasons = new Map(
    missingResults(progress, order.markers).map((missing) => [missing.slug, missing.failure_type]),
  );
  /** A reflex test stands with what was ordered of the result, or the test, that brought it about. */
  const parentsOf = (test: ReportedTest, observation: Observation) => {
    const of = observation.reflex_of ?? test.reflex_of;
    if (of === undefined) return undefined;
    const all = [...expected.values()];
    const result = all.find(({ loinc, provider_id }) => of === loinc || of === provider_id);
    const ordered = all.flatMap(({ parents }) => parents.find(({ provider_id }) => of === provider_id) ?? []);
    return result?.parents ?? (ordered[0] && [ordered[0]]);
  };
  const newest = reports.map((report) => report.reported_at).reduce(later, new Date(0).toISOString());
  const entries = new Map<string, Entry>();
  const absent: SpecimenNote[] = [];
  for (const slug of new Set([...expected.keys(), ...Object.keys(progress.results)])) {
    const word = wordOn(progress, slug);
    const result = expected.get(slug);
    const reason = reasons.get(slug);
    if (word?.failure_type === null) {
      entries.set(slug, { reported_at: word.reported_at, value: biomarkerResult(word, samples, parentsOf) });
    } else if (result && reason && (word || noMoreExpected)) {
      const notes = word?.source.observation.notes ?? null;
      entries.set(slug, { reported_at: word?.reported_at ?? newest, missing: missingResult(result, reason, notes) });
    } else if (word && !result) {
      const { report, test, observation } = word.source;
      const text = [`${observation.name}: no result`, observation.notes].filter(Boolean).join('\n');
      absent.push({ report, test, text });
    }
  }
  return { entries, absent };
}

const later = (one: string, other: string) => (Date.parse(other) >= Date.parse(one) ? other : one);

function biomarkerResult(
  { slug, status, expected, source }: FullStatement<ExpectedOfOrder>,
  samples: SampleNames,
  parentsOf: (test: ReportedTest, observation: Observation) => ParentBiomarker[] | undefined,
): BiomarkerResult {
  const { report, test, observation } = source;
  const [specimen] = test.specimens;
  const numeric = observation.type === 'numeric' ? Number(observation.value) : undefined;
  const { low, high } = parseReferenceRange(observation.reference_range);
  const text = observation.value ?? '';
  const notes = [observation.type === 'range' || observation.type === 'comment' ? text : null, observation.notes]
    .filter((note) => note !== null)
    .join('\n');
  // What is looked up by slug or LOINC is found once: the first of several.
  const named = isFurther(slug) ? undefined : expected;
  return {
    name: named?.result.name ?? observation.name,
    slug: named?.slug ?? '',
    result: text,
    type: observation.type,
    value: numeric ?? -1,
    unit: observation.unit,
    timestamp: observation.observed_at ?? specimen?.collected_at ?? report.collected_at,
    notes: notes === '' ? null : notes,
    reference_range: observation.reference_range,
    min_range_value: low,
    max_range_value: high,
    is_above_max_range: numeric !== undefined && high !== null && numeric > high,
    is_below_min_range: numeric !== undefined && low !== null && numeric < low,
    interpretation: observation.interpretation,
    source_interpretation: observation.source_interpretation,
    loinc: isFurther(slug) ? null : (observation.loinc ?? expected?.loinc ?? null),
    loinc_slug: named?.result.loinc.slug ?? null,
    provider_id: observation.provider_id ?? expected?.provider_id ?? null,
    source_markers: expected?.parents ?? parentsOf(test, observation) ?? null,
    performing_laboratory: observation.performing_laboratory,
    source_sample_id: specimen ? samples(report, specimen) : null,
    reported_status: status,
  };
}

function missingResult(expected: ExpectedOfOrder, reason: FailureType, note: string | null): MissingBiomarkerResult {
  return {
    name: expected.result.name,
    slug: expected.slug,
    inferred_failure_type: reason,
    note,
    loinc: expected.loinc,
    loinc_slug: expected.result.loinc.slug,
    provider_id: expected.provider_id,
    source_markers: expected.parents,
  };
}

/** In characters. */
const LONGEST_RANGE = 200;

/** The bounds of a printed reference range: `70-99`, `<5.7`, `>=40`; null where it is open or not a range. */
function parseReferenceRange(text: string | null): { low: number | null; high: number | null } {
  // A laboratory's text may be megabytes long, which no range is.
  if (!text || text.length > LONGEST_RANGE) return { low: null, high: null };
  const both = text.match(/^\s*(-?\d+(?:\.\d+)?)\s*[-–]\s*(-?\d+(?:\.\d+)?)\s*$/);
  if (both) return { low: Number(both[1]), high: Number(both[2]) };
  const one = text.match(/^\s*([<>])\s*(?:or\s*)?=?\s*(-?\d+(?:\.\d+)?)\s*$/);
  if (!one) return { low: null, high: null };
  return one[1] === '<' ? { low: null, high: Number(one[2]) } : { low: Number(one[2]), high: null };
}

const SEVERITY: Interpretation[] = ['normal', 'unknown', 'abnormal', 'critical'];
function worst(values: readonly BiomarkerResult[]): Interpretation {
  if (values.length === 0) return 'unknown';
  const severity = Math.max(0, ...values.map((value) => SEVERITY.indexOf(value.interpretation)));
  return SEVERITY[severity] ?? 'normal';
}

/** What a result's metadata is taken from; `report` is null where an order was completed without any. */
interface MetadataSource {
  from: ReportedOrder;
  report: LabReport | null;
  /** ISO instant. */
  reported_at: string;
}

function newestReport(orders: readonly ReportedOrder[]): MetadataSource | undefined {
  let newest: MetadataSource | undefined;
  for (const from of orders) {
    for (const report of from.reports) {
      const { reported_at } = report;
      if (!newest || Date.parse(reported_at) >= Date.parse(newest.reported_at)) newest = { from, report, reported_at };
    }
  }
  return newest;
}

function completedWithout(orders: readonly ReportedOrder[]): MetadataSource | undefined {
  const from = orders.findLast(({ completed_at }) => Boolean(completed_at));
  return from?.completed_at ? { from, report: null, reported_at: from.completed_at } : undefined;
}

function metadataOf(
  { from: { order, laboratory }, report, reported_at }: MetadataSource,
  status: ResultMetadata['status'],
  interpretation: Interpretation,
): ResultMetadata {
  const { patient, physician } = order;
  return {
    age: String(yearsBetween(patient.dob, report?.collected_at ?? reported_at)),
    dob: patient.dob,
    'clia_#': laboratory.clia_number,
    clia_number: laboratory.clia_number,
    patient: `${patient.last_name}, ${patient.first_name}`,
    provider: report?.ordering_provider ?? (physician ? `${physician.last_name}, ${physician.first_name}` : null),
    laboratory: laboratory.name,
    date_reported: reported_at,
    date_collected: report?.collected_at ?? null,
    specimen_number: report?.specimen_number ?? report?.filler_order_number ?? order.placer_order_number,
    date_received: report?.received_at ?? null,
    status,
    interpretation,
    patient_id: order.user_id,
    account_id: report?.account_number ?? null,
  };
}

function yearsBetween(dob: string, instant: string): number {
  const years = Number(instant.slice(0, 4)) - Number(dob.slice(0, 4));
  return instant.slice(5, 10) < dob.slice(5) ? years - 1 : years;
}

const zoned = (instant: string | null): ZonedTimestamp | null =>
  instant === null ? null : { timestamp: new Date(instant).toISOString(), timezone_offset: 0 };

/** What a specimen is called in `sample_information`, and in `source_sample_id` of the results from it. */
type SampleNames = (report: LabReport, specimen: Specimen) => string;

/** By its number; with the requisition's before it where an earlier order of the transaction has that number, too. */
function sampleNames({ order }: ReportedOrder, taken: readonly string[]): SampleNames {
  return (report, specimen) => {
    const name = specimen.number ?? report.filler_order_number ?? 'unknown';
    return taken.includes(name) ? `${order.placer_order_number} ${name}` : name;
  };
}

function takeSamples(
  samples: Record<string, SampleData>,
  { markers, reports }: ReportedOrder,
  names: SampleNames,
): void {
  const mayBeOurs = markers.some(({ fasting }) => fasting);
  for (const report of reports) {
    const isOurOwn = mayBeOurs && report.clinical_information === FASTING_REQUIRED;
    for (const test of report.tests) {
      for (const specimen of test.specimens) {
        const name = names(report, specimen);
        samples[name] = sampleOf(report, test, specimen, !isOurOwn && report.fasting === true, samples[name]);
      }
    }
  }
}

/**
 * @param fasting Whether the patient was, as far as the laboratory says.
 * @param before What is known of it already; it grows by what this test adds.
 */
function sampleOf(
  report: LabReport,
  test: ReportedTest,
  specimen: Specimen,
  fasting: boolean,
  before: SampleData | undefined,
): SampleData {
  const performing_laboratories = before?.performing_laboratories ?? {};
  const known = report.performing_laboratories;
  for (const place of new Set(test.observations.map((observation) => observation.performing_laboratory))) {
    if (place === null || !Object.hasOwn(known, place)) continue;
    const { clia_number: _, ...laboratory } = known[place] as (typeof known)[string];
    performing_laboratories[place] = laboratory;
  }
  return {
    sample_id: specimen.number,
    control_number: report.filler_order_number,
    date_collected: zoned(specimen.collected_at) ?? before?.date_collected ?? null,
    date_received: zoned(specimen.received_at) ?? before?.date_received ?? null,
    date_reported: zoned(report.reported_at),
    performing_laboratories,
    clinical_information: {
      fasting,
      notes: null,
      information: report.clinical_information,
      total_volume: report.total_volume,
    },
  };
}
