/** A report as an ORU^R01, segment by segment, by a hand that has read HL7 and not Venule. */
import type { LabReport, Observation, ReportedTest } from '../../../domain/results/lab-report.ts';
import { REASON_CODES } from './any-report.ts';

const STATUSES = { preliminary: 'P', final: 'F', corrected: 'C', cancelled: 'X', withdrawn: 'W' } as const;
const SEXES: Readonly<Record<string, string>> = { female: 'F', male: 'M', other: 'O', unknown: 'U' };

export function hl7Message(report: LabReport): string {
  const { patient, control_id, reported_at, account_number } = report;
  const who = joined('^', [patient.last_name, patient.first_name].map(escaped));
  return [
    `MSH|^~\\&|LAB|LAB|VENULE|1|${time(reported_at)}||ORU^R01^ORU_R01|${control_id}|P|2.5.1`,
    segment('PID', {
      5: who,
      7: patient.dob?.replaceAll('-', '') ?? '',
      8: SEXES[patient.gender ?? ''] ?? '',
      18: account_number ?? '',
    }),
    ...report.tests.flatMap((test, index) => testSegments(report, test, index)),
  ].join('\r');
}

function testSegments(report: LabReport, test: ReportedTest, index: number): string[] {
  const { placer_order_number: placer, filler_order_number: filler, ordering_provider } = report;
  const [given = '', family = ''] = splitName(ordering_provider);
  const obr = segment('OBR', {
    1: String(index + 1),
    2: placer ?? '',
    3: filler ?? '',
    4: joined('^', [escaped(test.provider_id), escaped(test.name), 'L']),
    9: report.total_volume?.replace(' ', '^') ?? '',
    13: escaped(report.clinical_information ?? ''),
    16: ordering_provider ? joined('^', ['', escaped(family), escaped(given)]) : '',
    22: time(report.reported_at),
    25: STATUSES[test.status],
  });
  const specimens = test.specimens.map(({ number, collected_at, received_at }) =>
    segment('SPM', { 2: `^${number}`, 17: time(collected_at), 18: time(received_at) }),
  );
  return [
    `ORC|RE|${placer}|${filler}`,
    obr,
    ...notes(test.notes),
    ...test.observations.flatMap((one) => observationSegments(report, one)),
    ...specimens,
  ];
}

function observationSegments(report: LabReport, one: Observation): string[] {
  const { loinc, provider_id, name, failure_type } = one;
  const [reason = '', ...rest] = failure_type === null ? [] : (one.notes ?? '').split('\n');
  const codes = loinc
    ? [loinc, escaped(name), 'LN', ...(provider_id ? [provider_id, escaped(name), 'L'] : [])]
    : [provider_id ?? '', escaped(name), 'L'];
  const [type, value] =
    failure_type === null ? written(one) : ['CWE', joined('^', [REASON_CODES[failure_type], escaped(reason), 'L'])];
  const site =
    one.performing_laboratory === null ? undefined : report.performing_laboratories[one.performing_laboratory];
  const [given = '', family = ''] = splitName(site?.medical_director ?? null);
  const address = site?.address;
  const obx = segment('OBX', {
    2: type as string,
    3: joined('^', codes),
    4: one.sub_id ?? '',
    5: value as string,
    6: escaped(one.unit ?? ''),
    7: escaped(one.reference_range ?? ''),
    8: one.source_interpretation,
    11: STATUSES[one.status],
    14: time(one.observed_at),
    23: site ? joined('^', [escaped(site.name), '', '', '', '', 'CLIA', '', '', '', site.clia_number ?? '']) : '',
    24: address
      ? joined(
          '^',
          [
            address.first_line,
            address.second_line ?? '',
            address.city,
            address.state,
            address.zip,
            address.country,
          ].map(escaped),
        )
      : '',
    25: site?.medical_director ? joined('^', ['', escaped(family), escaped(given)]) : '',
  });
  return [obx, ...notes(failure_type === null ? one.notes : rest.join('\n') || null)];
}

function written({ type, value }: Observation): [type: string, value: string] {
  const text = value ?? '';
  switch (type) {
    case 'numeric':
      return ['NM', text];
    case 'range': {
      const [, comparator, bound] = /^([<>]=?)(.*)$/.exec(text) ?? [];
      if (comparator) return ['SN', `${comparator}^${bound}`];
      const [low, high] = text.split('-');
      return ['SN', `^${low}^-^${high}`];
    }
    case 'coded_value':
      return ['CWE', `X^${escaped(text)}^L`];
    default:
      return ['TX', text.split('\n').map(escaped).join('\\.br\\')];
  }
}

const notes = (text: string | null) =>
  text === null ? [] : [segment('NTE', { 3: text.split('\n').map(escaped).join('\\.br\\') })];

function splitName(name: string | null): string[] {
  if (name === null) return [];
  const words = name.split(' ');
  return [words.slice(0, -1).join(' '), words.at(-1) ?? ''];
}

function segment(name: string, fields: Readonly<Record<number, string>>): string {
  const last = Math.max(...Object.keys(fields).map(Number));
  return [name, ...Array.from({ length: last }, (_, index) => fields[index + 1] ?? '')].join('|');
}

const joined = (mark: string, parts: readonly string[]) => parts.join(mark);
const MARKS: Readonly<Record<string, string>> = { '|': 'F', '^': 'S', '&': 'T', '~': 'R', '\\': 'E' };
const escaped = (text: string) => text.replace(/[|^&~\\]/g, (mark) => `\\${MARKS[mark]}\\`);
const time = (iso: string | null) => (iso === null ? '' : `${iso.replace(/[-:TZ]/g, '')}+0000`);
