/** A FHIR Observation as results: one for its value, one for each component. */
import type { LabProfile } from '../../../../domain/catalogue/lab-profile.ts';
import type { Observation, ReportedStatus } from '../../../../domain/results/lab-report.ts';
import { cataloguedResult } from '../hl7v2/reports/hl7-codes.ts';
import { failureInNotes, interpretationOf, reasonAround } from '../hl7v2/reports/hl7-observation.ts';
import { type AbsentReason, absentReason, codesOf, instantOf, wordsOf } from './fhir-codes.ts';
import type { FhirElement, Remarks } from './fhir-element.ts';
import { hasValue, rangesOf, valueIn } from './fhir-values.ts';

/** `none`: the result is still to come. What was entered in error is taken back. */
const STATUSES: Readonly<Record<string, ReportedStatus | 'none'>> = {
  registered: 'none',
  preliminary: 'preliminary',
  final: 'final',
  amended: 'corrected',
  corrected: 'corrected',
  cancelled: 'cancelled',
  'entered-in-error': 'withdrawn',
};

/** What an Observation takes over from around it. */
export interface ObservationContext {
  /** The test's, for an Observation without a status that means anything. */
  testStatus: ReportedStatus | undefined;
  /** Whether the whole report was entered in error, and so everything in it. */
  takenBack: boolean;
  /** Why the specimen was of no use. */
  rejection: AbsentReason | undefined;
  collectedAt: string | null;
  /** Who made it. */
  performing_laboratory: string | null;
  /** The code of what brought it about. */
  reflex_of: string | undefined;
  profile: LabProfile;
  zone: string;
  remarks: Remarks;
}

/** The results in an Observation, and what it says without a code to say it under. */
export interface ReadObservation {
  observations: Observation[];
  note: string | null;
}

export function readObservation(resource: FhirElement, context: ObservationContext): ReadObservation {
  const { remarks, zone } = context;
  const status = context.takenBack ? 'withdrawn' : statusOf(resource, context);
  if (status === 'none') return { observations: [], note: null };
  const around: Around = {
    ...context,
    status,
    observed_at: instantOf(resource, 'effective', zone, remarks) ?? context.collectedAt,
    notes: notesOf(resource),
    sub_id: subIdOf(resource),
  };
  const components = resource.all('component');
  const own = ownResult(resource, around, components.length > 0 || resource.all('hasMember').length > 0);
  const ofComponents = components.map((component) => ownResult(component, { ...around, notes: '' }, false));
  const all = [own, ...ofComponents];
  return {
    observations: all.flatMap((one) => (one && typeof one !== 'string' ? [one] : [])),
    note: all.filter((one) => typeof one === 'string').join('\n') || null,
  };
}

interface Around extends ObservationContext {
  status: ReportedStatus;
  observed_at: string | null;
  notes: string;
  sub_id: string;
}

/** The result of an Observation or a component; a text for one without a code; undefined where there is none to report. */
function ownResult(element: FhirElement, around: Around, hasParts: boolean): Observation | string | undefined {
  const { status, notes, profile, remarks, sub_id } = around;
  const isEmpty = !hasValue(element);
  const absent = absentReason(element.one('dataAbsentReason'), profile);
  // A panel is its members; a result that is not settled may still come.
  if (isEmpty && !absent && (hasParts || status === 'preliminary')) return undefined;
  if (isEmpty && absent && status === 'preliminary') return undefined;

  const { loinc, local, name } = cataloguedResult(codesOf(element.one('code')), profile.results);
  const value = valueIn(element, profile);
  if (!isEmpty && !value) remarks.add(element, 'value[x]', 'this says nothing, or is of no type in R4: it is left out');
  if (!loinc && !local) {
    if (status === 'withdrawn') return undefined;
    remarks.add(element, 'code', 'there is no code of the result: it is shown as a note of its test');
    return [name, value?.value, notes].filter(Boolean).join('\n') || undefined;
  }
  const flags = flagsOf(element);
  const facts = {
    loinc,
    provider_id: local,
    ...(around.reflex_of !== undefined && { reflex_of: around.reflex_of }),
    ...(sub_id && { sub_id }),
    name,
    unit: value?.unit ?? null,
    reference_range: rangesOf(element),
    source_interpretation: flags.join('~'),
    observed_at: around.observed_at,
    performing_laboratory: around.performing_laboratory,
  };
  const missing = ({ failure_type, text }: AbsentReason): Observation => ({
    ...facts,
    status: status === 'withdrawn' ? status : 'cancelled',
    type: 'comment',
    value: null,
    unit: null,
    failure_type,
    interpretation: 'unknown',
    notes: [text, notes].filter(Boolean).join('\n') || null,
  });
  if (status === 'withdrawn') {
    const failure_type = absent?.failure_type ?? failureInNotes(notes, profile);
    return missing({ failure_type, text: 'Withdrawn by the laboratory.' });
  }
  if (status === 'cancelled') {
    return missing(absent ?? around.rejection ?? { failure_type: 'unknown_failure', text: '' });
  }
  if (!value) {
    if (absent) return missing(absent);
    if (notes)
      return {
        ...facts,
        status,
        type: 'comment',
        value: notes,
        failure_type: null,
        notes: null,
        interpretation: interpretationOf(flags, profile),
      };
    remarks.add(element, '', 'there is no value, although the status says that it is final: it is left out');
    return undefined;
  }
  const { flag, none_because, ...read } = value;
  const isNone = none_because !== undefined && status !== 'preliminary';
  if (isNone) {
    const failure_type = none_because === 'in_notes' ? reasonAround(notes, around) : none_because;
    if (failure_type !== 'unknown_failure') return missing({ failure_type, text: read.value ?? '' });
    remarks.add(element, 'value[x]', 'this says that there is no value, and no note says why: it is held for a person');
  }
  return {
    ...facts,
    ...(flag && { source_interpretation: [...new Set([...flags, flag])].join('~') }),
    ...read,
    ...(isNone && { is_unexplained: true as const }),
    status: isNone ? 'preliminary' : status,
    failure_type: null,
    interpretation: interpretationOf(flag ? [...flags, flag] : flags, profile),
    notes: notes || null,
  };
}

function statusOf(resource: FhirElement, { testStatus, remarks }: ObservationContext): ReportedStatus | 'none' {
  const text = resource.text('status').toLowerCase();
  const status = Object.hasOwn(STATUSES, text) ? STATUSES[text] : undefined;
  if (status) return status;
  remarks.add(resource, 'status', 'this is no status of an Observation: the result has that of its test');
  // A test that was given up says nothing about a value that is there.
  if (testStatus === 'cancelled' && hasValue(resource)) return 'preliminary';
  return testStatus ?? 'preliminary';
}

/** Codes as they are; what has only words, in its words. */
const flagsOf = (element: FhirElement): string[] =>
  element.all('interpretation').flatMap((concept) => {
    const codes = concept.all('coding').map((one) => one.text('code'));
    return (codes.some(Boolean) ? codes : [wordsOf(concept)]).filter(Boolean);
  });

/** Notes, line by line. */
const notesOf = (resource: FhirElement): string =>
  resource
    .all('note')
    .map((note) => note.text('text'))
    .filter(Boolean)
    .join('\n');

const SUB_ID = /\/observation-v2-subid$|\/extension-Observation\.subId$/;
/** The parts of one that is written in parts; the first, where it is there, says it all. */
const SUB_ID_PARTS = ['original-sub-identifier', 'group', 'sequence', 'identifier'];

/** What tells it from others of the same code: OBX-4, where the message was made from HL7 v2. */
function subIdOf(resource: FhirElement): string {
  const extension = resource.all('extension').find((one) => SUB_ID.test(one.text('url')));
  if (!extension) return '';
  const parts = extension.all('extension');
  const [whole, ...others] = SUB_ID_PARTS.map((name) => {
    const part = parts.find((one) => one.text('url') === name);
    return part ? part.text('valueString') || part.text('valueDecimal') : '';
  });
  return extension.text('valueString') || whole || others.filter(Boolean).join('.');
}
