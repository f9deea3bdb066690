/** Good messages of many kinds, from which the campaign makes bad ones. */
import fc from 'fast-check';
import { anyReport } from '../support/reports/any-report.ts';
import { fhirBundle } from '../support/reports/fhir-bundle.ts';
import { hl7Message } from '../support/reports/hl7-message.ts';

/** What messages are made from, as text. */
export interface Sources {
  hl7: string[];
  fhir: string[];
}

/** How many reports at random there are of each format. */
const REPORTS = 40;

const MSH = 'MSH|^~\\&|FERNLAB|FERN LABORATORY|VENULE|1|20261118093000-0600||ORU^R01^ORU_R01|FL-1|P|2.5.1';
const PID = 'PID|1||p9^^^VENULE^PI||Haddad^Lina||19881204|F|||12 Oak St^^Tempe^AZ^85281||^PRN^PH^^1^602^5550100';
const OBR = 'OBR|1|VN0000077001|F-9|2200^Ferritin^L|||202611171010-0600||||FASTING|||||||||202611180900-0600|||F';
const OBX = 'OBX|1|NM|2276-4^Ferritin^LN||48|ng/mL|15-150|N|||F|||202611171010-0600||FL^Fern Laboratory';
const PDF = Buffer.from('%PDF-1.7 one page').toString('base64');

const WRITTEN = [
  [MSH, PID, 'ORC|RE|VN0000077001|F-9', OBR, OBX, 'NTE|1|L|Repeated\\.br\\and confirmed', 'SPM|1|^F-9||SER'],
  [
    MSH,
    PID,
    OBR,
    'OBX|1|SN|1-8^Titer^LN||>=^1^:^80|||A|||F',
    'OBX|2|CWE|6463-4^Organism^LN|a|A1^E. coli^L~A2^K. oxytoca^L',
  ],
  [
    MSH,
    PID,
    OBR,
    'OBX|1|FT|11502-2^Report^LN||First\\.br\\\\H\\second\\N\\\\X0D\\\\F\\',
    'OBX|2|TX|1-1^Text^LN||going',
    'on below',
  ],
  [
    MSH,
    PID,
    OBR,
    `OBX|1|ED|RPT^Report^L||^application^pdf^Base64^${PDF}||||||F`,
    'ZPS|1|FL|Fern Laboratory|1 Hill Rd^^Tempe^AZ',
  ],
  [MSH, PID, OBR, OBX, PID.replace('|1|', '|2|'), OBR.replace('77001', '77002'), OBX.replace('|48|', '|QNS|')],
  [
    MSH.replace('ORU^R01^ORU_R01', 'OUL^R22'),
    PID,
    'SPM|1|^F-9||SER|||||||||||||202611171010',
    OBR,
    OBX.replace('|F|', '|C|'),
  ],
  [MSH.replace('ORU^R01^ORU_R01', 'ACK'), 'MSA|AA|VN-ORDER-1'],
  [MSH.replace('ORU^R01^ORU_R01', 'ORR^O02'), 'MSA|AE|VN-ORDER-2|No such test', 'ERR|||101^Missing^HL70357|E'],
  [
    'FHS|^~\\&|FERNLAB',
    'BHS|^~\\&|FERNLAB',
    MSH,
    PID,
    OBR,
    OBX,
    MSH.replace('FL-1', 'FL-2'),
    PID,
    OBR,
    OBX,
    'BTS|2',
    'FTS|1',
  ],
  [
    MSH.replaceAll('^', '#').replaceAll('|', '!'),
    PID.replaceAll('^', '#').replaceAll('|', '!'),
    OBR.replaceAll('^', '#').replaceAll('|', '!'),
  ],
].map((segments) => segments.join('\r'));

/** @param seed Of the reports at random. */
export function sourcesOf(seed: number): Sources {
  const hl7 = fc.sample(anyReport('hl7'), { seed, numRuns: REPORTS }).map(hl7Message);
  const fhir = fc
    .sample(anyReport('fhir'), { seed, numRuns: REPORTS })
    .map((report) => JSON.stringify(fhirBundle(report)));
  return { hl7: [...WRITTEN, ...hl7], fhir };
}
