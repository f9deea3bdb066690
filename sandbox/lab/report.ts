/** Composing result messages (`ORU^R01`). */
import { createHash } from 'node:crypto';
import type { Analyte, Laboratory, Test } from './catalogue.ts';
import { addSegment, hl7Time, type Message, messageFrom, serialize } from './hl7.ts';
import { newControlId } from './order-message.ts';
import type { LabOrder, Report, TestStatus } from './orders.ts';
import { printedRange, type Value } from './values.ts';

/** Why a result cannot be had, by its code in docs/hl7.md. */
export const REASONS: Record<string, string> = {
  QS: 'Quantity not sufficient',
  IV: 'Insufficient volume',
  RC: 'Clotting',
  RH: 'Hemolysis',
  RM: 'Labeling',
  RB: 'Broken container',
  RR: 'Improper storage',
  EX: 'Expired',
  DO: 'Lost or late in transport',
  RN: 'Contamination',
  LE: 'Laboratory error',
  OE: 'Order entry error',
  RI: 'Identification problem',
  RS: 'Name misspelling',
  PC: 'Patient condition interferes',
  NP: 'Not performed',
  CM: 'A calculated result lacks an input result',
  CD: 'A calculated result lacks patient data',
  RD: 'Missing collection date',
  RE: 'Missing patient ID number',
};

/** HL7 table 0490 has those of the codes that begin with R, and EX and QS; the others are the laboratory's own. */
export function reasonTable(code: string): string {
  return /^(R.|EX|QS)$/.test(code) ? 'HL70490' : 'L';
}

/** When a specimen was collected and received, and when what was found is to be sent. */
export interface ReportTimes {
  collectedAt: Date;
  receivedAt: Date;
  dueAt: Date;
}

/** One ordered test in a report. */
export interface TestFindings {
  test: Test;
  clinicalInformation: string;
  status: TestStatus;
  /** A value, or the code of the reason why there is none. */
  results: { analyte: Analyte; found: Value | { missing: string } }[];
}

/** The laboratory's own number for an order; also names its specimen. */
export function fillerNumber(lab: Laboratory, placer: string): string {
  const digits = createHash('sha256').update(`${lab.slug}/${placer}`).digest().readUInt32BE();
  return `${lab.slug.slice(0, 2).toUpperCase()}${String(digits).padStart(10, '0')}`;
}

/** A report on an order, to be sent at `dueAt`. `rejected` is the reason the whole specimen was of no use. */
export function composeReport(
  lab: Laboratory,
  order: LabOrder,
  findings: TestFindings[],
  times: ReportTimes,
  rejected?: string,
): Report {
  if (!order.accepted) throw new Error(`order ${order.placer} was never accepted`);
  const { requisition } = order.accepted;
  const controlId = newControlId();
  const to = requisition.sender;
  const header = { type: 'ORU^R01^ORU_R01', to, controlId, time: times.dueAt };
  const message = messageFrom(lab, header, [requisition.patient]);
  findings.forEach((finding, index) => {
    addTest(message, lab, order.placer, finding, index + 1, times, rejected);
  });
  return {
    controlId,
    dueAt: times.dueAt.toISOString(),
    tests: findings.map(({ test, status }) => ({ code: test.provider_id, status })),
    text: serialize(message),
  };
}

function addTest(
  message: Message,
  lab: Laboratory,
  placer: string,
  finding: TestFindings,
  sequence: number,
  times: ReportTimes,
  rejected: string | undefined,
): void {
  const filler = fillerNumber(lab, placer);
  const { test } = finding;
  addSegment(message, 'ORC', { '1': 'RE', '2': placer, '3': filler });
  addSegment(message, 'OBR', {
    '1': String(sequence),
    '2': placer,
    '3': filler,
    '4.1': test.provider_id,
    '4.2': test.name,
    '4.3': 'L',
    '7': hl7Time(times.collectedAt),
    '13': finding.clinicalInformation,
    '14': hl7Time(times.receivedAt),
    '22': hl7Time(times.dueAt),
    '25': finding.status,
  });
  finding.results.forEach(({ analyte, found }, index) => {
    addSegment(message, 'OBX', {
      '1': String(index + 1),
      '3.1': analyte.loinc.code,
      '3.2': analyte.loinc.name,
      '3.3': 'LN',
      '3.4': analyte.provider_id,
      '3.5': analyte.name,
      '3.6': 'L',
      '6': analyte.loinc.unit,
      '7': printedRange(analyte),
      '14': hl7Time(times.dueAt),
      '23.1': lab.name,
      '23.6': 'CLIA',
      '23.10': lab.clia_number,
      '24.1': lab.first_line_address,
      '24.3': lab.city,
      '24.4': lab.state,
      '24.5': lab.zipcode,
      '24.6': 'USA',
      ...director(lab),
      ...('missing' in found ? cancelled(found.missing) : valued(found, finding.status)),
    });
  });
  const [type = '', typeName = ''] = specimenType(test);
  addSegment(message, 'SPM', {
    '1': String(sequence),
    '2': `S${filler}`,
    '4.1': type,
    '4.2': typeName,
    '4.3': 'HL70487',
    '17': hl7Time(times.collectedAt),
    '18': hl7Time(times.receivedAt),
    ...(rejected && { '21.1': rejected, '21.2': REASONS[rejected] ?? '', '21.3': reasonTable(rejected) }),
  });
}

/** HL7 table 0487, by the tube that the catalogue asks for. */
function specimenType(test: Test): [code: string, name: string] {
  if (test.specimen.includes('urine')) return ['UR', 'Urine'];
  return /SST|no additive/.test(test.specimen) ? ['SER', 'Serum'] : ['BLD', 'Whole blood'];
}

function cancelled(reason: string): Record<string, string> {
  return { '2': 'CWE', '5.1': reason, '5.2': REASONS[reason] ?? '', '5.3': reasonTable(reason), '11': 'X' };
}

function valued(value: Value, status: TestStatus): Record<string, string> {
  const components = value.components.map((text, index) => [`5.${index + 1}`, text]);
  return { '2': value.type, ...Object.fromEntries(components), '8': value.flag, '11': status };
}

/** `Ada Byron, MD` → OBX-25 with family name, given name and degree. */
function director(lab: Laboratory): Record<string, string> {
  const [name = '', degree = ''] = lab.medical_director.split(', ');
  const words = name.split(' ');
  return { '25.2': words.at(-1) ?? '', '25.3': words.slice(0, -1).join(' '), '25.7': degree };
}
