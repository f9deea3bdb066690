/** Results, and those that are missing, as FHIR Observations. */
import type { Observation, ObservationReferenceRange } from '@medplum/fhirtypes';
import type { FailureType, Interpretation, ReportedStatus } from '../../domain/results/lab-report.ts';
import type { BiomarkerResult, MissingBiomarkerResult, OrderResult } from '../../domain/results/results.ts';
import { laboratoryOf, performingLaboratory } from './parties.ts';
import { quantity, quantityOf } from './quantities.ts';
import type { OrderFacts } from './service-request.ts';
import { specimenId } from './specimen.ts';
import {
  ABSENT_REASON,
  coding,
  concept,
  FAILURE_TYPE,
  INTERPRETATION,
  LOINC,
  metaOf,
  OBSERVATION_CATEGORY,
  ofLab,
  partId,
  RESULT,
} from './systems.ts';

/** Every observation of a result, in its order; what is missing comes last. */
export function observations(facts: OrderFacts, result: OrderResult): Observation[] {
  const ids = observationIds(facts.held.order.id, result);
  const all = [...result.results, ...result.missing_results];
  return all.map((one, index) => {
    const about = common(facts, result, one, ids[index] as string);
    return { ...about, ...('inferred_failure_type' in one ? absence(one) : finding(one)) };
  });
}

/** The ids of a result's observations. A result that was missing keeps its id when it comes. */
export function observationIds(orderId: string, { results, missing_results }: OrderResult): string[] {
  const seen = new Map<string, number>();
  return [...results, ...missing_results].map(({ slug, provider_id, loinc, name }) => {
    const key = slug || `${provider_id ?? loinc ?? ''}\n${name}`;
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return partId(orderId, `observation\n${key}\n${count}`);
  });
}

function common(
  { held, laboratory }: OrderFacts,
  { metadata, sample_information }: OrderResult,
  one: BiomarkerResult | MissingBiomarkerResult,
  id: string,
): Observation {
  const { order } = held;
  const isMissing = 'inferred_failure_type' in one;
  const place = isMissing ? null : one.performing_laboratory;
  const sample = isMissing ? null : one.source_sample_id;
  const sites = (sample && sample_information[sample]?.performing_laboratories) || {};
  const performer = place === null ? laboratoryOf(laboratory) : performingLaboratory(sites[place] ?? unknown(place));
  const untold = metadata.status === 'final' ? 'final' : 'preliminary';
  return {
    resourceType: 'Observation',
    id,
    meta: metaOf(held.updated_at, order.options.sandbox),
    contained: [performer],
    basedOn: [{ reference: `ServiceRequest/${order.id}` }],
    status: isMissing ? 'cancelled' : statusIn(one.reported_status ?? untold),
    category: [concept([coding(OBSERVATION_CATEGORY, 'laboratory', 'Laboratory')])],
    code: concept(
      [
        one.loinc ? coding(LOINC, one.loinc) : null,
        one.provider_id ? coding(ofLab(laboratory.slug, 'result'), one.provider_id) : null,
        one.slug ? coding(RESULT, one.slug) : null,
      ],
      one.name || one.loinc || one.provider_id || 'Result',
    ),
    subject: { reference: `Patient/${order.user_id}` },
    ...effective(isMissing ? metadata.date_collected : one.timestamp),
    issued: metadata.date_reported,
    performer: [{ reference: `#${performer.id}`, ...(performer.name && { display: performer.name }) }],
    ...(sample && { specimen: { reference: `Specimen/${specimenId(order.id, sample)}` } }),
  };
}

const effective = (instant: string | null) => (instant === null ? {} : { effectiveDateTime: instant });

const unknown = (name: string) => ({ name, phone_number: null, medical_director: null, address: null });

function finding(one: BiomarkerResult): Partial<Observation> {
  const interpretation = interpretationOf(one);
  const range = rangeOf(one);
  const note = notesOf(one);
  return {
    ...valueIn(one),
    ...(interpretation && { interpretation: [interpretation] }),
    ...(note && { note: [{ text: note }] }),
    ...(range && { referenceRange: [range] }),
  };
}

const COMPARED = /^([<>]=?)(.+)$/;
const BETWEEN = /^(-?[\d.]+)-(-?[\d.]+)$/;

/** A number is a Quantity, `<5` one with a comparator, `10-20` a Range; what is neither is text. */
function valueIn({ type, result, unit }: BiomarkerResult): Partial<Observation> {
  if (type === 'coded_value') return { valueCodeableConcept: { text: result } };
  const number = type === 'numeric' ? quantity(result, unit) : undefined;
  if (number) return { valueQuantity: number };
  if (type === 'range') {
    const [, comparator, bound = ''] = COMPARED.exec(result) ?? [];
    const compared = comparator === undefined ? undefined : quantity(bound, unit);
    if (compared) return { valueQuantity: { ...compared, comparator: comparator as '<' } };
    const [, first = '', second = ''] = BETWEEN.exec(result) ?? [];
    const [low, high] = [quantity(first, unit), quantity(second, unit)];
    if (low && high && Number(first) <= Number(second)) return { valueRange: { low, high } };
  }
  return result.trim() === ''
    ? { dataAbsentReason: concept([coding(ABSENT_REASON, 'unknown', 'Unknown')]) }
    : { valueString: result };
}

/** Of HL7 table 0078, what the code system of FHIR has under the same code. */
const FLAGS = [
  '<',
  '>',
  'A',
  'AA',
  'H',
  'HH',
  'HU',
  'I',
  'IND',
  'L',
  'LL',
  'LU',
  'MS',
  'N',
  'ND',
  'NEG',
  'NR',
  'POS',
  'R',
  'RR',
  'S',
  'VS',
  'WR',
  'DET',
  'E',
  'EXP',
  'U',
  'D',
  'B',
  'W',
];
const OF_MEANING: Readonly<Record<Interpretation, string | null>> = {
  normal: 'N',
  abnormal: 'A',
  critical: 'AA',
  unknown: null,
};

/** The laboratory's own flags where they are codes; else what they mean. Its flags are the text. */
function interpretationOf({ interpretation, source_interpretation }: BiomarkerResult) {
  const flags = source_interpretation.split('~').filter(Boolean);
  const known = [...new Set(flags.map((flag) => flag.toUpperCase()).filter((flag) => FLAGS.includes(flag)))];
  const meaning = OF_MEANING[interpretation];
  const codes = known.length > 0 ? known : meaning === null ? [] : [meaning];
  if (codes.length + flags.length === 0) return undefined;
  return concept(
    codes.map((code) => coding(INTERPRETATION, code)),
    flags.join(', '),
  );
}

function rangeOf(one: BiomarkerResult): ObservationReferenceRange | undefined {
  const { reference_range, min_range_value, max_range_value, unit } = one;
  if (reference_range === null || reference_range.trim() === '') return undefined;
  const low = min_range_value === null ? undefined : quantityOf(min_range_value, unit);
  const high = max_range_value === null ? undefined : quantityOf(max_range_value, unit);
  return { ...(low && { low }), ...(high && { high }), text: reference_range };
}

/** The notes of a text or range begin with it: that is the value here. */
function notesOf({ type, result, notes }: BiomarkerResult): string | null {
  if (notes === null) return null;
  const isAmong = type === 'comment' || type === 'range';
  const rest = isAmong && notes.startsWith(result) ? notes.slice(result.length) : notes;
  return rest.trim() === '' ? null : rest.replace(/^\n/, '');
}

/** Why a result is missing, in FHIR's words; our own stand beside them. */
const ABSENT: Readonly<Record<FailureType, readonly [code: string, display: string]>> = {
  quantity_not_sufficient_failure: ['not-performed', 'Not Performed'],
  insufficient_volume: ['not-performed', 'Not Performed'],
  collection_process_failure: ['not-performed', 'Not Performed'],
  drop_off_failure: ['not-performed', 'Not Performed'],
  internal_lab_failure: ['error', 'Error'],
  order_entry_failure: ['not-performed', 'Not Performed'],
  patient_condition_failure: ['not-performed', 'Not Performed'],
  non_failure: ['not-performed', 'Not Performed'],
  missing_result_calc_failure: ['not-performed', 'Not Performed'],
  missing_demo_aoe_calc_failure: ['not-performed', 'Not Performed'],
  unknown_failure: ['unknown', 'Unknown'],
};

function absence({ inferred_failure_type, note }: MissingBiomarkerResult): Partial<Observation> {
  const [code, display] = ABSENT[inferred_failure_type];
  return {
    dataAbsentReason: concept([coding(ABSENT_REASON, code, display), coding(FAILURE_TYPE, inferred_failure_type)]),
    ...(note?.trim() && { note: [{ text: note }] }),
  };
}

const statusIn = (status: ReportedStatus) => (status === 'withdrawn' ? 'entered-in-error' : status);
