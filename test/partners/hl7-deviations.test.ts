/** Messages that are not as they should be: each line of the table in docs/hl7.md, "Deviations", and what Venule makes of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabProfile } from '../../domain/catalogue/lab-profile.ts';
import { heldTests } from '../../domain/results/held-tests.ts';
import type { LabReport, Observation } from '../../domain/results/lab-report.ts';
import { readReports } from '../../partners/labs/formats/hl7v2/reports/hl7-report.ts';
import { reportingLab } from '../../partners/labs/registry.ts';

const MSH = 'MSH|^~\\&|RIVERLAB|RIVER LABORATORY|VENULE|77120|20261118093000-0600||ORU^R01^ORU_R01|RL-5|P|2.5.1';
const PID = 'PID|1||p7^^^VENULE^PI||Okafor^Ngozi||19790922|F';
const ORC = 'ORC|RE|VN0000055501|F-301';
const OBR = 'OBR|1|VN0000055501|F-301|2200^Ferritin^L|||202611171010-0600|||||||||||||||202611180900-0600|||F';
const SPM = 'SPM|1|^F-301||SER';
/** An OBX of ferritin with these fields instead. */
const obx = (fields: Readonly<Record<number, string>> = {}) => {
  const usual: Record<number, string> = {
    1: '1',
    2: 'NM',
    3: '2276-4^Ferritin^LN',
    5: '48',
    6: 'ng/mL',
    7: '15-150',
    11: 'F',
  };
  const all = { ...usual, ...fields };
  return ['OBX', ...Array.from({ length: 14 }, (_, n) => all[n + 1] ?? '')].join('|');
};
const A_PDF = Buffer.from('%PDF-1.7 one page of a report');
const message = (...segments: string[]) => segments.join('\r');
const withObx = (fields: Readonly<Record<number, string>>, ...below: string[]) =>
  message(MSH, PID, ORC, OBR, obx(fields), ...below);
const withObr = (change: (obr: string) => string, ...below: string[]) => message(MSH, PID, ORC, change(OBR), ...below);

const RECEIVED = '2026-11-18T16:00:00.000Z';
const read = (text: string, profile: LabProfile = {}) =>
  readReports(text, reportingLab('riverlab', profile, 'production', RECEIVED));

interface Case {
  /** The line of the table, word for word. */
  line: string;
  text: string;
  /** What the laboratory's profile says. */
  profile?: LabProfile;
  /** What stands in the observation, when there is to be exactly one. */
  observation?: Partial<Observation>;
  /** What holds of the only report. */
  report?: (report: LabReport) => void;
  /** Where the report's remarks are; none when nothing is odd enough to be told. */
  remarks?: string[];
}

const sameAsUsual = { type: 'numeric', value: '48', status: 'final' } as const;
const only = (report: LabReport) => report.tests[0] as LabReport['tests'][number];
const none = (report: LabReport) => expect(only(report).observations).toEqual([]);

const cases: Case[] = [
  {
    line: 'OBX-11 blank, or not in table 0085',
    text: withObx({ 11: '' }),
    observation: sameAsUsual,
    remarks: ['OBX^1^11'],
  },
  {
    line: 'OBX-11 blank, or not in table 0085',
    text: withObr((obr) => obr.replace(/F$/, 'X'), obx({ 11: 'Q' })),
    observation: { ...sameAsUsual, status: 'preliminary' },
    remarks: ['OBX^1^11'],
  },
  { line: 'OBX-11 `N` or `O`', text: withObx({ 11: 'O' }), report: none },
  { line: 'OBX-11 `N` or `O`', text: withObx({ 11: 'N', 5: '' }), report: none },
  {
    line: 'OBX-11 with the words of its code',
    text: withObx({ 11: 'C^Corrected result^HL70085' }),
    observation: { ...sameAsUsual, status: 'corrected' },
  },
  {
    line: 'OBR-25 blank, or not in table 0123',
    text: withObr((obr) => obr.replace(/\|F$/, ''), obx()),
    observation: sameAsUsual,
    report: (report) => expect(only(report).status).toBe('preliminary'),
    remarks: ['OBR^1^25'],
  },
  {
    line: 'OBR-25 `X` although its results have values',
    text: withObr((obr) => obr.replace(/F$/, 'X'), obx()),
    observation: sameAsUsual,
    report: (report) => {
      expect(only(report).status).toBe('cancelled');
      expect(heldTests(report, [])).toEqual([{ test: '2200', because: 'canceled_with_values' }]);
    },
  },
  ...(['W', 'D'] as const).flatMap((status): Case[] => [
    {
      line: 'OBX-11 `W` or `D`',
      text: withObx({ 11: status }),
      observation: { status: 'withdrawn', value: null, failure_type: 'unknown_failure' },
      report: (report) => expect(JSON.stringify(report)).not.toContain('"48"'),
    },
    {
      line: 'OBX-11 `W` or `D`',
      text: withObx({ 11: status }, 'NTE|1|L|RI wrong patient'),
      observation: { failure_type: 'order_entry_failure', notes: 'Withdrawn by the laboratory.\nRI wrong patient' },
    },
    { line: 'OBX-11 `W` or `D`', text: withObx({ 3: '^Ferritin', 11: status }), report: none },
  ]),
  {
    line: 'A document (`ED`)',
    text: withObx({}, obx({ 2: 'ED', 3: 'RPT^Report^L', 5: `^application^pdf^Base64^${A_PDF.toString('base64')}` })),
    observation: sameAsUsual,
    report: (report) =>
      expect(report.documents).toMatchObject([{ name: 'Report', media_type: 'application/pdf', bytes: A_PDF.length }]),
  },
  {
    line: 'An OBR with nothing but documents',
    text: message(
      MSH,
      PID,
      ORC,
      OBR,
      obx(),
      OBR.replace('2200^Ferritin^L', 'RPT^Report^L'),
      obx({ 2: 'ED', 5: `PDF^Base64^${A_PDF.toString('base64')}` }),
    ),
    report: (report) => expect([report.tests.length, report.documents?.length]).toEqual([1, 1]),
  },
  {
    line: 'A document that is not base64',
    text: withObx({ 2: 'ED', 5: '^application^pdf^Base64^%%%%' }),
    observation: { type: 'comment' },
    remarks: ['OBX^1^5'],
  },
  ...(
    [
      ['DT', '20261102', '2026-11-02'],
      ['TM', '0815', '08:15'],
      ['TS', '202611020815-0600', '2026-11-02 08:15'],
      ['DTM', '2026', '2026'],
      ['XTN', '^PRN^PH^^1^602^5550100', 'PRN PH 1 602 5550100'],
      ['XAD', '12 Oak St^^Tempe^AZ^85281', '12 Oak St Tempe AZ 85281'],
      ['XCN', '441^Lee^Grace', '441 Lee Grace'],
      ['CX', 'A-77^^^CLINIC', 'A-77 CLINIC'],
      ['CP', '12.50&USD', '12.50&USD'],
      ['NR', '10^20', '10 - 20'],
      ['RP', 'images/7^RADIOLOGY', 'images/7 RADIOLOGY'],
      ['TXT', 'No growth', 'No growth'],
      ['ID', 'Y', 'Y'],
    ] as const
  ).map(([type, sent, value]) => ({
    line: 'OBX-2 of any type in HL7 2.2 to 2.8, `TXT`, `NUM`',
    text: withObx({ 2: type, 5: sent }),
    observation: { type: 'comment' as const, value },
  })),
  { line: 'OBX-2 of any type in HL7 2.2 to 2.8, `TXT`, `NUM`', text: withObx({ 2: 'NUM' }), observation: sameAsUsual },
  { line: 'OBX-2 blank or unknown', text: withObx({ 2: '' }), observation: sameAsUsual, remarks: ['OBX^1^2'] },
  {
    line: 'OBX-2 blank or unknown',
    text: withObx({ 2: 'ZZ', 5: 'Seen' }),
    observation: { type: 'comment', value: 'Seen' },
    remarks: ['OBX^1^2'],
  },
  {
    line: 'Words where a number belongs',
    text: withObx({ 5: 'See note' }),
    observation: { type: 'comment', value: 'See note', failure_type: null },
    remarks: ['OBX^1^5'],
  },
  {
    line: 'Words where a number belongs',
    text: withObx({ 2: 'SN', 5: '<^trace' }),
    observation: { type: 'comment', value: '< trace' },
    remarks: ['OBX^1^5'],
  },
  {
    line: 'Words where a number belongs',
    text: withObx({ 5: '12,5' }),
    observation: { type: 'comment', value: '12,5' },
    remarks: ['OBX^1^5'],
  },
  ...(['NM', 'ST'] as const).flatMap((type): Case[] => [
    {
      line: '`QNS`, `DUPLICATE` as the whole value',
      text: withObx({ 2: type, 5: 'QNS' }),
      observation: { status: 'cancelled', value: null, failure_type: 'quantity_not_sufficient_failure', notes: 'QNS' },
    },
    {
      line: '`QNS`, `DUPLICATE` as the whole value',
      text: withObx({ 2: type, 5: ' duplicate ' }),
      observation: { status: 'cancelled', failure_type: 'non_failure' },
    },
    {
      line: '`TNP`, `CANCELLED` as the whole value',
      text: withObx({ 2: type, 5: 'TNP' }, 'NTE|1|L|QNS'),
      observation: { status: 'cancelled', failure_type: 'quantity_not_sufficient_failure', notes: 'TNP\nQNS' },
    },
    {
      line: '`TNP`, `CANCELLED` as the whole value',
      text: withObx({ 2: type, 5: 'CANCELLED' }, 'NTE|1|L|RB tube arrived broken'),
      observation: { status: 'cancelled', failure_type: 'collection_process_failure' },
    },
    {
      line: '`TNP`, `CANCELLED` as the whole value',
      text: withObx({ 2: type, 5: 'TNP' }),
      observation: { status: 'preliminary', type: 'comment', value: 'TNP', is_unexplained: true },
      report: (report) => expect(heldTests(report, [])).toEqual([{ test: '2200', because: 'not_performed' }]),
      remarks: ['OBX^1^5'],
    },
  ]),
  {
    line: '`TNP`, `CANCELLED` as the whole value',
    text: withObx({ 2: 'ST', 5: 'TNP', 11: 'P' }),
    observation: { status: 'preliminary', type: 'comment', value: 'TNP', failure_type: null },
  },
  {
    line: 'A number with its flag (`12.5 H`)',
    text: withObx({ 2: 'ST', 5: '12.5 H' }),
    observation: { type: 'numeric', value: '12.5', interpretation: 'abnormal', source_interpretation: 'H' },
  },
  {
    line: 'A number with its flag (`12.5 H`)',
    text: withObx({ 5: '<2 L', 8: 'LL' }),
    observation: { type: 'range', value: '<2', interpretation: 'critical', source_interpretation: 'LL~L' },
  },
  { line: 'OBX-5 blank in a final result without notes', text: withObx({ 5: '' }), report: none, remarks: ['OBX^1^5'] },
  {
    line: 'A blank `TX` or `ST` between the lines of a text',
    text: withObx(
      { 2: 'TX', 5: 'Light growth' },
      obx({ 2: 'TX', 5: '' }),
      obx({ 2: 'TX', 5: 'Final' }),
      obx({ 2: 'TX', 5: '' }),
    ),
    observation: { type: 'comment', value: 'Light growth\n\nFinal' },
  },
  { line: 'A blank `TX` or `ST` between the lines of a text', text: withObx({ 2: 'TX', 5: '' }), report: none },
  {
    line: 'Several `OBX` of one code',
    text: withObx({ 4: '1', 5: '48' }, obx({ 4: '2', 5: '51' })),
    report: (report) =>
      expect(only(report).observations).toMatchObject([
        { sub_id: '1', value: '48' },
        { sub_id: '2', value: '51' },
      ]),
  },
  {
    line: 'OBX-4 with a blank first component',
    text: withObx({ 4: '^3^1' }, obx({ 4: '^3^10^' }), obx({ 4: '1^3^10' }), obx({ 4: '^' })),
    report: (report) =>
      expect(only(report).observations.map(({ sub_id }) => sub_id)).toEqual(['3.1', '3.10', '1', undefined]),
  },
  {
    line: 'A document of which there is only what it would be (`^application^pdf^Base64^`)',
    text: withObx({ 2: 'ED', 5: '^application^pdf^Base64^', 6: '', 7: '' }),
    observation: { type: 'comment', value: 'application pdf base64' },
    remarks: ['OBX^1^5'],
  },
  {
    line: 'A document of which there is only what it would be (`^application^pdf^Base64^`)',
    text: withObx({ 2: 'ED', 3: '', 5: 'App5^NS^Octet-stream^Base64', 6: '', 7: '' }),
    report: (report) => expect(only(report).notes).toBe('App5^NS^Octet-stream^Base64'),
    remarks: ['OBX^1^5', 'OBX^1^3'],
  },
  {
    line: 'OBX-3 without a code',
    text: withObx({ 3: '^Ferritin', 5: '48' }, 'NTE|1|L|Repeated'),
    report: (report) => {
      none(report);
      expect(only(report).notes).toBe('Ferritin\n48\nRepeated');
    },
    remarks: ['OBX^1^3'],
  },
  ...['HP', 'LU', 'hh'].map((flag) => ({
    line: 'OBX-8 beyond `H` and `L`',
    text: withObx({ 8: flag }),
    observation: { interpretation: 'critical' as const, source_interpretation: flag },
  })),
  ...['R', 'H*', 'h'].map((flag) => ({
    line: 'OBX-8 beyond `H` and `L`',
    text: withObx({ 8: flag }),
    observation: { interpretation: 'abnormal' as const },
  })),
  ...['POS', 'S', '*'].map((flag) => ({
    line: 'OBX-8 beyond `H` and `L`',
    text: withObx({ 8: flag }),
    observation: { interpretation: 'unknown' as const },
  })),
  ...[
    ['10^3/uL', '10^3/uL'],
    ['10*3/uL^thousand per microliter^UCUM', '10*3/uL'],
    ['CD:289^mg/dL', 'mg/dL'],
    ['%^percent^UCUM', '%'],
  ].map(([sent, unit]) => ({
    line: 'OBX-6 with a caret in it, or a local code first',
    text: withObx({ 6: sent as string }),
    observation: { unit: unit as string },
  })),
  ...(['CE', 'CWE', 'CNE', 'CF'] as const).flatMap((type) =>
    [
      ['260385009^Negative^SCT', 'Negative'],
      ['260385009^^SCT^NEG^Not detected^L', 'Not detected'],
      ['^^^NEG^Not detected^L', 'Not detected'],
      ['^^^NEG^^L', 'NEG'],
      ['^^^^^^^^none seen', 'none seen'],
      ['^^^NEG^^L~^^^^Repeated', 'NEG, Repeated'],
    ].map(
      ([sent, value]): Case => ({
        line: 'A coded element with only an alternate code, an alternate text, or the original text',
        text: withObx({ 2: type, 5: sent as string }),
        observation: { type: 'coded_value', value: value as string },
      }),
    ),
  ),
  ...[
    ['^^^2276-4^Ferritin^LN', { loinc: '2276-4', provider_id: null, name: 'Ferritin' }],
    ['2276-4^^LN^FER^^L^^^Ferritin, serum', { loinc: '2276-4', provider_id: 'FER', name: 'Ferritin, serum' }],
    ['FER^^L^^^^^^^2276-4^Ferritin^LN', { loinc: '2276-4', provider_id: 'FER', name: 'Ferritin' }],
  ].map(([sent, observation]) => ({
    line: 'A coded element with only an alternate code, an alternate text, or the original text',
    text: withObx({ 3: sent as string }),
    observation: observation as Partial<Observation>,
  })),
  ...[
    ['^^^ng/mL^nanogram per milliliter^UCUM', 'ng/mL'],
    ['^^^^nanogram per milliliter', 'nanogram per milliliter'],
    ['^^^^^^^^ng/ml', 'ng/ml'],
  ].map(([sent, unit]) => ({
    line: 'A coded element with only an alternate code, an alternate text, or the original text',
    text: withObx({ 6: sent as string }),
    observation: { unit: unit as string },
  })),
  {
    line: 'A coded element with only an alternate code, an alternate text, or the original text',
    text: withObx({ 8: '^^^HH^Critically high^L' }),
    observation: { interpretation: 'critical', source_interpretation: 'HH' },
  },
  {
    line: 'A coded element with only an alternate code, an alternate text, or the original text',
    text: withObx({ 8: '^Out of range' }),
    observation: { interpretation: 'unknown', source_interpretation: 'Out of range' },
  },
  {
    line: 'A coded element with only an alternate code, an alternate text, or the original text',
    text: withObx({ 2: 'CWE', 5: 'X9^^L^QS^Too little^HL70490', 11: 'X' }),
    observation: { status: 'cancelled', failure_type: 'quantity_not_sufficient_failure', notes: 'Too little' },
  },
  {
    line: 'A coded element with only an alternate code, an alternate text, or the original text',
    text: message(MSH, PID, ORC, OBR, `${SPM}${'|'.repeat(17)}^^^RC^Clotted^HL70490`),
    report: (report) => expect(only(report).failure_type).toBe('collection_process_failure'),
  },
  {
    line: 'A coded element with only an alternate code, an alternate text, or the original text',
    text: message(MSH, PID, ORC, OBR, `${obx()}|^^^S7^South site^L`),
    observation: { performing_laboratory: 'South site' },
  },
  {
    line: 'A coded element with only an alternate code, an alternate text, or the original text',
    text: message(MSH, PID, ORC, OBR, `${obx()}|^^^S7^South site^L`, 'ZPS|1|S7|South Laboratory|1 Pier Rd'),
    observation: { performing_laboratory: 'South Laboratory' },
    report: (report) => expect(Object.keys(report.performing_laboratories)).toEqual(['South Laboratory']),
  },
  {
    line: 'A test that nobody ordered, with its parent in OBR-26',
    text: withObr((obr) => `${obr}|&&&FER&Ferritin&L`, obx()),
    report: (report) => expect(only(report).reflex_of).toBe('FER'),
  },
  ...['> OR = 60', '0 to 17', '70_105', 'Recommended: <200; borderline 200-239', 'Not Estab.', '(0.5-1.2)'].map(
    (range) => ({
      line: 'OBX-7 in words',
      text: withObx({ 7: range }),
      observation: { reference_range: range },
    }),
  ),
  {
    line: 'A time that is none, or has no day',
    text: withObx({ 14: '202613' }),
    observation: { observed_at: '2026-11-17T16:10:00.000Z' },
    remarks: ['OBX^1^14'],
  },
  ...[
    ['202611172400', '2026-11-18T05:00:00.000Z'],
    ['202611170815-500', '2026-11-17T13:15:00.000Z'],
    ['20261117081530.123456-0600', '2026-11-17T14:15:30.123Z'],
  ].map(([sent, observed_at]) => ({
    line: 'A time of `2400`, with six digits of a second, with an offset of three digits',
    text: withObx({ 14: sent as string }),
    observation: { observed_at: observed_at as string },
  })),
  {
    line: 'No time of the report: OBR-22 and MSH-7 blank',
    text: message(MSH.replace('20261118093000-0600', ''), PID, ORC, OBR.replace('202611180900-0600', ''), obx()),
    report: (report) => expect(report.reported_at).toBe(RECEIVED),
  },
  {
    line: 'PID-7 that is no date',
    text: message(MSH, PID.replace('19790922', '19790231'), ORC, OBR, obx()),
    report: (report) => expect(report.patient).toMatchObject({ last_name: 'Okafor', dob: null }),
    remarks: ['PID^1^7'],
  },
  {
    line: 'No PID',
    text: message(MSH, ORC, OBR, obx()),
    observation: sameAsUsual,
    report: (report) => expect(report.patient).toEqual({ first_name: '', last_name: '', dob: null, gender: null }),
    remarks: ['OBR^1'],
  },
  {
    line: 'An OBX before any OBR',
    text: message(MSH, PID, obx(), ORC, OBR),
    observation: sameAsUsual,
    remarks: ['OBX^1'],
  },
  {
    line: 'OBR-4 without a code',
    text: withObr((obr) => obr.replace('2200^Ferritin^L', '^Ferritin'), obx()),
    observation: sameAsUsual,
    report: (report) => expect(only(report)).toMatchObject({ provider_id: '', name: 'Ferritin' }),
    remarks: ['OBR^1^4'],
  },
  {
    line: 'An OBR without OBX',
    text: withObr((obr) => obr.replace(/F$/, 'X'), 'NTE|1|L|RH hemolyzed'),
    report: (report) => expect(only(report).failure_type).toBe('collection_process_failure'),
  },
  {
    line: 'An OBR without OBX',
    text: withObr((obr) => obr.replace(/F$/, 'X'), `${SPM}${'|'.repeat(18)}QS^Short`),
    report: (report) => expect(only(report).failure_type).toBe('quantity_not_sufficient_failure'),
  },
  {
    line: 'An OBR without OBX',
    text: withObr((obr) => obr.replace(/F$/, 'X'), `${SPM}${'|'.repeat(18)}ZZ^Odd~QS^Short`),
    report: (report) => expect(only(report).failure_type).toBe('quantity_not_sufficient_failure'),
  },
  {
    line: 'A test that nobody ordered, with its parent in OBR-26',
    text: withObr((obr) => `${obr}|2276-4&Ferritin&LN^1^48`, obx()),
    report: (report) => expect(only(report).reflex_of).toBe('2276-4'),
  },
  {
    line: 'An OBR without OBX',
    text: withObr((obr) => obr.replace(/F$/, 'X'), 'NTE|1|L|Call the laboratory'),
    report: (report) => expect(only(report).failure_type).toBeNull(),
  },
  {
    line: 'The performing laboratory as a code in OBX-15, with its ZPS',
    text:
      withObx({}, '')
        .replace(/\r$/, '')
        .replace(/(OBX[^\r]*)$/, '$1|RL2') +
      '\rZPS|1|RL2|River Laboratory Two|9 Mill Rd^^Yuma^AZ^85364|9285550100||^Ito^Kei',
    observation: { performing_laboratory: 'River Laboratory Two' },
    report: (report) =>
      expect(report.performing_laboratories['River Laboratory Two']).toMatchObject({
        phone_number: '9285550100',
        medical_director: 'Kei Ito',
        address: { first_line: '9 Mill Rd', city: 'Yuma', state: 'AZ', zip: '85364' },
      }),
  },
  ...[
    ['in lower case', OBR.replace('VN0000055501', 'vn0000055501')],
    ['with a namespace', OBR.replace('VN0000055501', 'VN0000055501^VENULE')],
    ['in OBR-18', `${OBR.replace('VN0000055501', 'OTHER-7').replace(/^((?:[^|]*\|){18})[^|]*/, '$1VN0000055501')}`],
  ].map(([, obr]) => ({
    line: 'The placer order number in lower case, with a namespace, in OBR-18, OBR-19, or PID-18',
    text: message(MSH, PID, obr as string, obx()),
    report: (report: LabReport) => expect(report.placer_order_number).toBe('VN0000055501'),
  })),
  {
    line: 'The placer order number on only the first of several OBR',
    text: message(MSH, PID, OBR, obx(), OBR.replace('VN0000055501', ''), obx()),
    report: (report) => expect(report).toMatchObject({ placer_order_number: 'VN0000055501', tests: [{}, {}] }),
  },
  {
    line: 'Notes below PID and ORC',
    text: message(MSH, PID, 'NTE|1|L|Patient is pregnant', ORC, 'NTE|1|L|Call the clinic', OBR, 'NTE|1|L|Serum', obx()),
    report: (report) => expect(only(report).notes).toBe('Patient is pregnant\nCall the clinic\nSerum'),
  },
  {
    line: '`FASTING: NO` in OBR-13',
    text: withObr((obr) => obr.replace('1010-0600|||||||', '1010-0600||||||FASTING: NO|'), obx()),
    report: (report) => expect(report).toMatchObject({ clinical_information: 'FASTING: NO', fasting: false }),
  },
  ...(
    [
      ['ORU^R32^ORU_R30', []],
      ['ORU', []],
    ] as const
  ).map(([type, remarks]) => ({
    line: '`ORU` with another event; `OUL^R21` to `R24`, its specimens before their tests, and each ORC above or below its OBR',
    text: message(MSH.replace('ORU^R01^ORU_R01', type), PID, ORC, OBR, obx()),
    observation: sameAsUsual,
    remarks: [...remarks],
  })),
  {
    line: '`ORU` with another event; `OUL^R21` to `R24`, its specimens before their tests, and each ORC above or below its OBR',
    text: message(
      MSH.replace('ORU^R01^ORU_R01', 'OUL^R22^OUL_R22'),
      PID,
      SPM,
      OBR.replace('F-301|', '|'),
      obx(),
      SPM.replace('F-301', 'F-302'),
      OBR.replace('F-301|', '|'),
    ),
    report: ({ tests }) =>
      expect(tests.map(({ specimens }) => specimens.map(({ number }) => number))).toEqual([['F-301'], ['F-302']]),
  },
  {
    line: 'MSH-10 blank',
    text: message(MSH.replace('RL-5', ''), PID, ORC, OBR, obx()),
    report: (report) => expect(report.control_id).toMatch(/^[0-9A-F]{20}$/),
    remarks: ['MSH^1^10'],
  },
  {
    line: 'MSH-11 blank or unknown',
    text: message(MSH.replace('|P|2.5.1', '||2.5.1'), PID, ORC, OBR, obx()),
    observation: sameAsUsual,
    remarks: ['MSH^1^11'],
  },
  {
    line: 'MSH-12 blank, `2.3.z`, or no version 2',
    text: message(MSH.replace('2.5.1', '2.3.z'), PID, ORC, OBR, obx()),
    observation: sameAsUsual,
  },
  {
    line: 'MSH-12 blank, `2.3.z`, or no version 2',
    text: message(MSH.replace('2.5.1', '3.0'), PID, ORC, OBR, obx()),
    observation: sameAsUsual,
    remarks: ['MSH^1^12'],
  },
  ...['^~&', '^~\\\\&', '^~\\&#'].map((marks) => ({
    line: 'MSH-2 without the escape character, with two of them, with `#`',
    text: message(MSH.replace('^~\\&', marks), PID, ORC, OBR, obx({ 3: '2276-4^Ferritin^LN' })),
    observation: sameAsUsual,
  })),
  {
    line: 'Something before MSH: a byte order mark, comments, FHS and BHS, a frame of MLLP',
    text: `\uFEFF-- nightly run\r\nFHS|^~\\&|RIVERLAB\r\nBHS|^~\\&|RIVERLAB\r\n\v${message(MSH, PID, ORC, OBR, obx())}\u001c\r`,
    observation: sameAsUsual,
  },
  {
    line: 'A comma within a number or a range',
    text: withObx({ 5: '1.048,5', 7: '37,0 - 47,0' }),
    profile: { comma: 'decimal' },
    observation: { ...sameAsUsual, value: '1048.5', reference_range: '37.0 - 47.0' },
  },
  {
    line: 'A comma within a number or a range',
    text: withObx({ 2: 'ST', 5: '<1,048.5 H', 7: '1,000-2,000' }),
    profile: { comma: 'thousands' },
    observation: { type: 'range', value: '<1048.5', reference_range: '1000-2000', interpretation: 'abnormal' },
  },
  {
    line: 'A comma within a number or a range',
    text: withObx({ 5: '12,5', 7: '37,0 - 47,0' }),
    profile: { comma: 'thousands' },
    observation: { type: 'comment', value: '12,5', reference_range: '37,0 - 47,0' },
    remarks: ['OBX^1^5'],
  },
  {
    line: 'A comma within a number or a range',
    text: withObx({ 2: 'SN', 5: '<^0,5' }),
    profile: { comma: 'decimal' },
    observation: { type: 'range', value: '<0.5' },
  },
  {
    line: 'A comma within a number or a range',
    text: withObx({ 5: '12,5', 7: '37,0 - 47,0' }),
    observation: { type: 'comment', value: '12,5', reference_range: '37,0 - 47,0' },
    remarks: ['OBX^1^5'],
  },
  {
    line: 'Words of its own in place of a value',
    text: withObx({ 5: 'No Specimen' }),
    profile: { words: { 'NO SPECIMEN': 'drop_off_failure' } },
    observation: { status: 'cancelled', value: null, failure_type: 'drop_off_failure' },
  },
  {
    line: 'Words of its own in place of a value',
    text: withObx({ 2: 'ST', 5: 'DUPLICATE' }),
    profile: { words: { DUPLICATE: 'text' } },
    observation: { type: 'comment', value: 'DUPLICATE', failure_type: null },
  },
  {
    line: 'Words of its own in place of a value',
    text: withObx({ 5: 'SEE BELOW' }, 'NTE|1|L|RH hemolyzed'),
    profile: { words: { 'SEE BELOW': 'in_notes' } },
    observation: { status: 'cancelled', failure_type: 'collection_process_failure' },
  },
  {
    line: 'Reason codes of its own',
    text: withObx({ 2: 'CWE', 5: 'LIP^Lipemic^L', 11: 'X' }),
    profile: { reasons: { LIP: 'collection_process_failure' } },
    observation: { failure_type: 'collection_process_failure' },
  },
  {
    line: 'Reason codes of its own',
    text: message(MSH, PID, ORC, OBR, 'NTE|1|L|LIP lipemic'),
    profile: { reasons: { LIP: 'collection_process_failure' } },
    report: (report) => expect(only(report).failure_type).toBe('collection_process_failure'),
  },
  {
    line: 'Abnormal flags of its own',
    text: withObx({ 8: 'crit' }),
    profile: { flags: { CRIT: 'critical' } },
    observation: { interpretation: 'critical', source_interpretation: 'crit' },
  },
  {
    line: 'Abnormal flags of its own',
    text: withObx({ 8: 'R' }),
    profile: { flags: { R: 'normal' } },
    observation: { interpretation: 'normal' },
  },
  {
    line: 'Times without an offset',
    text: withObx({ 14: '202611171010' }),
    profile: { time_zone: 'America/Phoenix' },
    observation: { observed_at: '2026-11-17T17:10:00.000Z' },
  },
  {
    line: 'Times without an offset',
    text: withObx({ 14: '202611171010' }),
    observation: { observed_at: '2026-11-17T15:10:00.000Z' },
  },
  {
    line: "OBX-3 without coding systems, with the lab's own code in one of its components",
    text: withObx({ 3: 'FERR^Ferritin^^2276-4^Ferritin' }),
    profile: { result_code_component: 1 },
    observation: { ...sameAsUsual, provider_id: 'FERR', loinc: '2276-4' },
  },
  {
    line: "OBX-3 without coding systems, with the lab's own code in one of its components",
    text: withObx({ 3: '2276-4^Ferritin^^FERR^Ferritin' }),
    profile: { result_code_component: 4 },
    observation: { ...sameAsUsual, provider_id: 'FERR', loinc: '2276-4' },
  },
  {
    line: "OBX-3 without coding systems, with the lab's own code in one of its components",
    text: withObx({ 3: 'FERR^Ferritin^L' }),
    profile: { result_code_component: 4 },
    observation: { ...sameAsUsual, provider_id: 'FERR', loinc: null },
  },
  {
    line: 'Codes of its own for tests and results of the catalog',
    text: withObx({ 3: 'FE-1^Ferritin^L' }),
    profile: { results: { 'FE-1': '2276-4' }, tests: { '2200': '004598' } },
    observation: { ...sameAsUsual, provider_id: 'FE-1', loinc: '2276-4' },
    report: (report) => expect(only(report).provider_id).toBe('004598'),
  },
  {
    line: 'Codes of its own for tests and results of the catalog',
    text: withObx({ 3: '9999-9^Ferritin^LN' }),
    profile: { results: { '9999-9': 'FERRITIN' } },
    observation: { ...sameAsUsual, provider_id: 'FERRITIN', loinc: null },
  },
  {
    line: 'The placer order number in another field',
    text: message(
      MSH,
      PID.replace('PID|1||', 'PID|1|VN0000055501|'),
      ORC.replace('VN0000055501', ''),
      OBR.replace('VN0000055501', ''),
      obx(),
    ),
    profile: { placer_order_number: 'PID-2' },
    report: (report) => expect(report.placer_order_number).toBe('VN0000055501'),
  },
  {
    line: 'The placer order number in another field',
    text: message(MSH, PID, ORC, OBR.replace('F-301', 'F-301^REF-77'), obx()),
    profile: { placer_order_number: 'OBR-3.2' },
    // What has the form of our numbers is one, wherever it stands.
    report: (report) => expect(report.placer_order_number).toBe('VN0000055501'),
  },
  {
    line: 'The placer order number in another field',
    text: message(
      MSH,
      PID,
      ORC.replace('VN0000055501', 'THEIRS'),
      OBR.replace('VN0000055501', 'THEIRS').replace('F-301', 'F-301^REF-77'),
      obx(),
    ),
    profile: { placer_order_number: 'OBR-3.2' },
    report: (report) => expect(report.placer_order_number).toBe('REF-77'),
  },
  ...(
    [
      ['F-301', 'F-301', true],
      ['', 'F-301', true],
      ['F-302', 'F-301', undefined],
    ] as const
  ).map(([second, filler, isKnown]) => ({
    line: 'No placer order number of ours, and one filler order number (OBR-3, else ORC-3) in all OBR',
    text: message(
      MSH,
      PID,
      ORC.replace('VN0000055501', ''),
      OBR.replace('VN0000055501', ''),
      obx(),
      OBR.replace('VN0000055501|F-301', `|${second}`),
    ),
    report: ({ filler_order_number, is_known_by_filler }: LabReport) =>
      expect([filler_order_number, is_known_by_filler]).toEqual([filler, isKnown]),
  })),
  {
    line: 'Lines that are no segments',
    text: message(MSH, 'PID|1||p7||Okafor^Ngozi||19790922|', 'F|||^^Tempe', ORC, OBR, obx()),
    observation: sameAsUsual,
    report: (report) => expect(report.patient).toMatchObject({ dob: '1979-09-22', gender: 'female' }),
    remarks: ['PID^1'],
  },
];

test.each(cases.map((one, index) => ({ ...one, index })))(
  '$line ($index)',
  ({ text, profile, observation, report, remarks }) => {
    const { reports } = read(text, profile);
    expect(reports).toHaveLength(1);
    const [first] = reports as [LabReport];
    if (observation) {
      expect(only(first).observations).toHaveLength(1);
      expect(only(first).observations[0]).toMatchObject(observation);
    }
    report?.(first);
    expect((first.remarks ?? []).map((remark) => remark.split(':', 1)[0])).toEqual(remarks ?? []);
  },
);

test.each(['T', 'D'])('a message that only tests the line (MSH-11 %s) is one on a production connection', (id) => {
  const text = message(MSH.replace('|P|2.5.1', `|${id}|2.5.1`), PID, ORC, OBR, obx());
  const on = (environment: 'sandbox' | 'production') =>
    readReports(text, reportingLab('riverlab', {}, environment)).message;
  expect([on('production').is_test, on('sandbox').is_test]).toEqual([true, false]);
});

test('the table in docs/hl7.md has a test for each of its lines, and no test is without one', () => {
  const docs = readFileSync(join(import.meta.dirname, '../../docs/hl7.md'), 'utf8');
  const [, section = ''] = docs.split('### Deviations');
  const [table = ''] = section.split('\n###');
  const rows = [...table.matchAll(/^\| (.+?) \| .+ \|$/gm)]
    .map(([, line]) => line)
    .filter((line) => line !== 'what comes');
  expect(new Set(rows)).toEqual(new Set(cases.map(({ line }) => line)));
});

test('remarks never repeat what the message said, and are not endless', () => {
  const report = read(withObx({ 5: 'secret' }, ...Array.from({ length: 60 }, () => obx({ 2: 'Q', 5: 'secret' }))));
  const remarks = report.reports[0]?.remarks ?? [];
  expect(remarks).toHaveLength(21);
  expect(remarks.at(-1)).toBe('and 41 more');
  expect(remarks.join()).not.toMatch(/secret|Okafor/);
});

test('a megabyte of digits is read in no time', () => {
  const { reports } = read(withObx({ 5: `${'1'.repeat(1_000_000)}x` }));
  expect(reports[0]?.tests[0]?.observations[0]?.type).toBe('comment');
});
