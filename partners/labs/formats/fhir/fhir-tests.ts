/** The DiagnosticReports of a message as tests, each with its observations, wherever in the message these stand. */
import type {
  FailureType,
  Observation,
  ReportedDocument,
  ReportedStatus,
  ReportedTest,
  Specimen,
} from '../../../../domain/results/lab-report.ts';
import { catalogued } from '../hl7v2/reports/hl7-codes.ts';
import type { DocumentContents } from '../hl7v2/reports/hl7-document.ts';
import { failureInNotes } from '../hl7v2/reports/hl7-observation.ts';
import type { ReportingLab } from '../hl7v2/reports/hl7-report.ts';
import type { Pace, Steps } from '../hl7v2/steps.ts';
import type { ReceivedBundle } from './fhir-bundle.ts';
import { codesOf, instantIn, instantOf, laboratoryIn, wordsOf } from './fhir-codes.ts';
import { readingDocuments } from './fhir-documents.ts';
import { type FhirElement, Remarks } from './fhir-element.ts';
import { BUNDLE_LIMITS } from './fhir-limits.ts';
import { readObservation } from './fhir-observation.ts';
import { type OrderNumbers, orderNumbersOf, requestOf } from './fhir-order-numbers.ts';
import { Reflexes } from './fhir-reflexes.ts';
import { FhirRefused } from './fhir-refused.ts';
import { readSpecimens, type SpecimenFacts } from './fhir-specimens.ts';
import { hasValue } from './fhir-values.ts';

/** A test, with what decides whose it is. */
export interface ReadTest {
  /** The DiagnosticReport; the Observation, where no report names it. */
  source: FhirElement;
  patient: FhirElement | undefined;
  numbers: OrderNumbers;
  test: Omit<ReportedTest, 'specimens'>;
  specimens: Specimen[];
  /** When what the report is about was collected or observed, as far as it says. */
  effective: string | null;
  issued: string | null;
  fasting: boolean | null;
  total_volume: string;
  /** What came with it. */
  documents: ReportedDocument[];
  /** Whether it is there for its documents only: a test it is not. */
  isForDocuments: boolean;
  /** The laboratories that made its results, by their names. */
  performers: Map<string, FhirElement>;
  remarks: Remarks;
}

export interface Reading {
  lab: ReportingLab;
  zone: string;
  /** Where the contents of documents are put. */
  contents: DocumentContents;
  /** What is to be said of the message as a whole. */
  remarks: Remarks;
  pace: Pace;
}

/** Reads every test of a message, in steps. @throws FhirRefused when there are too many observations to read */
export function* readingTests(bundle: ReceivedBundle, reading: Reading): Steps<ReadTest[]> {
  const ofType = (type: string) => bundle.resources.filter((resource) => resource.type === type);
  const reports = ofType('DiagnosticReport');
  const named = new Set<FhirElement>();
  const reportOf = new Map<FhirElement, FhirElement>();
  for (const report of reports) {
    for (const reference of report.all('result')) {
      const result = bundle.follow(reference, report, 'Observation');
      if (result && !reportOf.has(result)) reportOf.set(result, report);
    }
  }
  yield;
  const reflexes = new Reflexes(bundle, reading.lab.profile);
  yield;
  const tests: ReadTest[] = [];
  let count = 0;
  const groups = new Map<FhirElement, Group[]>();
  for (const report of reports) {
    const grouped = groupsOf(bundle, report, named, reportOf, (more) => {
      count += more;
      if (count > BUNDLE_LIMITS.observations) {
        const words = `A message can have at most ${BUNDLE_LIMITS.observations} observations; split it into several`;
        throw new FhirRefused(413, 'too-long', words);
      }
    });
    groups.set(report, grouped);
    if (reading.pace.isTurnOver(grouped.length)) yield;
  }
  const alone = ofType('Observation').filter((resource) => !named.has(resource));
  const own = aloneAmong(bundle, alone, reports, groups, reading);
  for (const [source, grouped] of [...groups, ...own]) {
    for (const group of grouped) {
      yield;
      tests.push(yield* readingTest(bundle, source, group, { ...reading, reflexes }));
    }
  }
  return tests;
}

/** Observations of one test: a report's own, or the members of a panel in it. */
interface Group {
  /** The panel; undefined for the report's own test. */
  panel: FhirElement | undefined;
  members: FhirElement[];
  /** What of the report could not be found. */
  lost: FhirElement[];
}

/** The report's own test first, then each panel in it. */
function groupsOf(
  bundle: ReceivedBundle,
  report: FhirElement,
  named: Set<FhirElement>,
  reportOf: ReadonlyMap<FhirElement, FhirElement>,
  count: (more: number) => void,
): Group[] {
  const own: Group = { panel: undefined, members: [], lost: [] };
  const groups = [own];
  const seen = new Set<FhirElement>();
  const waiting: { from: FhirElement; references: FhirElement[]; group: Group }[] = [
    { from: report, references: report.all('result'), group: own },
  ];
  for (const { from, references, group } of waiting) {
    count(references.length);
    for (const reference of references) {
      const member = bundle.follow(reference, from.type === 'Observation' ? from : report, 'Observation');
      if (!member) group.lost.push(reference);
      if (!member || seen.has(member)) continue;
      // What a result has brought about may have a report of its own.
      if (from.type === 'Observation' && hasValue(from) && (reportOf.get(member) ?? report) !== report) continue;
      seen.add(member);
      named.add(member);
      const members = member.all('hasMember');
      const isPanel = members.length > 0 && !hasValue(member);
      const into = isPanel ? { panel: member, members: [], lost: [] } : group;
      if (isPanel) groups.push(into);
      else group.members.push(member);
      if (members.length > 0) waiting.push({ from: member, references: members, group: into });
    }
  }
  return groups;
}

/** Observations that no report names belong to the only one there is, or to that of their order; else each is a test of its own. */
function aloneAmong(
  bundle: ReceivedBundle,
  alone: readonly FhirElement[],
  reports: readonly FhirElement[],
  groups: ReadonlyMap<FhirElement, Group[]>,
  { remarks }: Reading,
): [FhirElement, Group[]][] {
  const byOrder = new Map(reports.map((report) => [requestOf(bundle, report), report]));
  const members = new Set(
    alone.flatMap((one) => one.all('hasMember').map((each) => bundle.follow(each, one, 'Observation'))),
  );
  return alone.flatMap((observation): [FhirElement, Group[]][] => {
    const request = requestOf(bundle, observation);
    const report = reports.length === 1 ? reports[0] : request && byOrder.get(request);
    const [own] = report ? (groups.get(report) ?? []) : [];
    if (own) {
      remarks.add(observation, '', 'no report names this: it is taken for a part of the one on its order');
      own.members.push(observation);
      return [];
    }
    if (members.has(observation)) return [];
    remarks.add(observation, '', 'no report names this: it is a test of its own');
    const inside = observation
      .all('hasMember')
      .flatMap((each) => bundle.follow(each, observation, 'Observation') ?? []);
    return [
      [
        observation,
        [
          {
            panel: undefined,
            members: hasValue(observation) ? [observation, ...inside] : inside.length > 0 ? inside : [observation],
            lost: [],
          },
        ],
      ],
    ];
  });
}

/** Statuses of a DiagnosticReport. What was entered in error corrects what was said, by taking it back. */
const STATUSES: Readonly<Record<string, ReportedStatus>> = {
  registered: 'preliminary',
  partial: 'preliminary',
  preliminary: 'preliminary',
  final: 'final',
  appended: 'final',
  amended: 'corrected',
  corrected: 'corrected',
  cancelled: 'cancelled',
  'entered-in-error': 'corrected',
};

function* readingTest(
  bundle: ReceivedBundle,
  source: FhirElement,
  { panel, members, lost }: Group,
  { lab, zone, contents, pace, reflexes }: Reading & { reflexes: Reflexes },
): Steps<ReadTest> {
  const remarks = new Remarks();
  for (const reference of lost)
    remarks.add(reference, '', 'this leads to no Observation in the message: it is left out');
  const isReport = source.type === 'DiagnosticReport';
  const text = (panel ?? source).text('status').toLowerCase();
  const status = Object.hasOwn(STATUSES, text) ? STATUSES[text] : undefined;
  if (!status && text !== 'unknown') {
    remarks.add(
      panel ?? source,
      'status',
      'this is no status: the test is final when all results that it must have are',
    );
  }
  const { loinc, local, name } = codesOf((panel ?? source).one('code'));
  const code = catalogued(local ?? loinc, lab.profile.tests);
  if (!code) remarks.add(panel ?? source, 'code', "there is no code of the lab's test: it has only its name");
  const documents = panel ? [] : yield* readingDocuments(bundle, source, contents, remarks, pace);

  const effective = instantOf(source, 'effective', zone, remarks);
  const drawn = readSpecimens(bundle, [source, ...members], { zone, remarks, profile: lab.profile });
  const performers = new Map<string, FhirElement>();
  const observations: Observation[] = [];
  const uncoded: string[] = [];
  for (const member of members) {
    const performer = performerOf(bundle, member) ?? (isReport ? performerOf(bundle, source) : undefined);
    const performing_laboratory = performer ? laboratoryIn(performer).name : null;
    if (performer && performing_laboratory) performers.set(performing_laboratory, performer);
    const read = readObservation(member, {
      testStatus: status,
      takenBack: text === 'entered-in-error',
      rejection: drawn.rejection,
      collectedAt: drawn.specimens[0]?.collected_at ?? effective,
      performing_laboratory,
      reflex_of: reflexes.of(member) ?? (isReport ? reflexes.of(source) : undefined),
      profile: lab.profile,
      zone,
      remarks,
    });
    observations.push(...read.observations);
    if (read.note) uncoded.push(read.note);
    if (pace.isTurnOver(0)) yield;
  }
  const notes = [...(panel ? [] : conclusionOf(source)), ...uncoded].join('\n');
  return {
    source,
    patient: bundle.follow(source.one('subject'), source, 'Patient'),
    numbers: orderNumbersOf(bundle, source, members),
    test: {
      provider_id: code ?? '',
      name,
      status: status ?? 'preliminary',
      ...(!status && { is_status_unclear: true as const }),
      observations,
      failure_type: failureOf(drawn, observations, notes, lab),
      notes: notes || null,
    },
    specimens: drawn.specimens,
    effective,
    issued: instantIn(source, 'issued', zone, remarks),
    fasting: drawn.fasting,
    total_volume: drawn.total_volume,
    documents,
    isForDocuments: documents.length > 0 && members.length === 0 && notes === '',
    performers,
    remarks,
  };
}

/** Why results are missing, as far as the specimen, or the conclusion of a test without results, says. */
function failureOf(
  { rejection }: SpecimenFacts,
  observations: readonly Observation[],
  notes: string,
  { profile }: ReportingLab,
): FailureType | null {
  if (rejection) return rejection.failure_type;
  const reason = observations.length === 0 ? failureInNotes(notes, profile) : 'unknown_failure';
  return reason === 'unknown_failure' ? null : reason;
}

const conclusionOf = (report: FhirElement): string[] =>
  [report.text('conclusion'), ...report.all('conclusionCode').map(wordsOf)].filter(Boolean);

/** The laboratory that made it: an Organization, that of a role, or as a reference names one that is not in the message. */
function performerOf(bundle: ReceivedBundle, resource: FhirElement): FhirElement | undefined {
  for (const reference of resource.all('performer')) {
    const found = bundle.follow(reference, resource, 'Organization');
    if (found?.type === 'Organization') return found;
    const organization = found?.type === 'PractitionerRole' ? found.one('organization') : undefined;
    const ofRole = found && organization && bundle.follow(organization, found, 'Organization');
    if (ofRole) return ofRole;
    const isPerson = found !== undefined || /^Practitioner/.test(reference.text('reference') || reference.text('type'));
    if (!isPerson && reference.text('display')) return reference;
  }
  return undefined;
}
